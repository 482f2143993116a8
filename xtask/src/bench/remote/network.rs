//! A way to the server of a tier.

use std::process::Command;

use cachewarden_servers::{Proxy, Server, before};
use serde_json::json;

/// The prefix of the tier.
const PREFIX: &str = "bench";

/// A way to the server.
pub(super) struct Network {
    pub(super) latency: u32,
    bytes_per_second: f64,
    /// The address of the tier.
    pub(super) url: String,
    credentials: cachewarden_servers::Variables,
    /// The way ends with it.
    _proxy: Option<Proxy>,
}

impl Network {
    /// Without a delay.
    pub(super) fn direct(server: &Server) -> Self {
        Self {
            latency: 0,
            bytes_per_second: f64::INFINITY,
            url: server.tier(PREFIX),
            credentials: server.credentials.clone(),
            _proxy: None,
        }
    }

    /// With a latency in milliseconds, and a bandwidth.
    pub(super) fn before(server: &Server, latency: u32, bytes_per_second: f64) -> Self {
        let proxy = before(server.socket);
        let mut network = Self {
            latency,
            bytes_per_second,
            // What a fresh machine has built itself would be sent while the next one is measured.
            url: server.tier_at(PREFIX, proxy.socket) + "&mode=read",
            credentials: server.credentials.clone(),
            _proxy: None,
        };
        network.slow(&proxy);
        network._proxy = Some(proxy);
        network
    }

    /// Makes another way as slow as this one.
    pub(super) fn slow(&self, proxy: &Proxy) {
        proxy.answer_with("latency", json!({"latency": self.latency, "jitter": 0}));
        // In kilobytes a second.
        let rate = (self.bytes_per_second / 1000.0) as u64;
        proxy.answer_with("bandwidth", json!({ "rate": rate }));
    }

    /// Tells a command where the tier is, and how to open it.
    pub(super) fn give_to(&self, command: &mut Command) {
        command
            .env("CACHEWARDEN_REMOTE", &self.url)
            .envs(self.credentials.iter().map(|(name, value)| (name, value)));
    }
}
