//! A way to the server of a tier.

use std::net::SocketAddr;
use std::process::Command;

use cachewarden_servers::{Proxy, Server, before};
use serde_json::json;

/// A way to the server.
pub(super) struct Network {
    pub(super) latency: u32,
    bytes_per_second: f64,
    /// The address of the tier.
    pub(super) url: String,
    credentials: cachewarden_servers::Variables,
    /// The way ends with it.
    proxy: Option<Proxy>,
}

impl Network {
    /// Without a delay.
    pub(super) fn direct(server: &Server, prefix: &str) -> Self {
        Self {
            latency: 0,
            bytes_per_second: f64::INFINITY,
            url: server.tier(prefix),
            credentials: server.credentials.clone(),
            proxy: None,
        }
    }

    /// With a latency in milliseconds and a bandwidth, to read from the tier.
    pub(super) fn before(
        server: &Server,
        prefix: &str,
        latency: u32,
        bytes_per_second: f64,
    ) -> Self {
        let proxy = before(server.socket);
        let network = Self {
            latency,
            bytes_per_second,
            // What a fresh machine has built itself would be sent while the next one is measured.
            url: server.tier_at(prefix, proxy.socket) + "&mode=read",
            credentials: server.credentials.clone(),
            proxy: None,
        };
        network.slow(&proxy);
        Self {
            proxy: Some(proxy),
            ..network
        }
    }

    /// The same where the tier is found at another socket.
    pub(super) fn through(self, server: &Server, prefix: &str, socket: SocketAddr) -> Self {
        Self {
            url: server.tier_at(prefix, socket) + "&mode=read",
            ..self
        }
    }

    /// A way to whatever is at this socket, as to the server.
    pub(super) fn to(server: &Server, prefix: &str, socket: SocketAddr) -> Self {
        Self::direct(server, prefix).through(server, prefix, socket)
    }

    /// To write to the tier with a bandwidth; nothing is answered before `open`.
    pub(super) fn closed(server: &Server, prefix: &str, bytes_per_second: f64) -> Self {
        let proxy = before(server.socket);
        proxy.send_with("bandwidth", json!({ "rate": rate(bytes_per_second) }));
        proxy.set_open(false);
        Self {
            bytes_per_second,
            // Gets would find that nobody answers, which is not measured here.
            url: server.tier_at(prefix, proxy.socket) + "&mode=write",
            proxy: Some(proxy),
            ..Self::direct(server, prefix)
        }
    }

    /// Lets through what was closed.
    pub(super) fn open(&self) {
        if let Some(proxy) = &self.proxy {
            proxy.set_open(true);
        }
    }

    /// Where the server is found with this network's delay.
    pub(super) fn socket(&self) -> Option<SocketAddr> {
        self.proxy.as_ref().map(|proxy| proxy.socket)
    }

    /// Makes another way as slow as this one.
    pub(super) fn slow(&self, proxy: &Proxy) {
        proxy.answer_with("latency", json!({"latency": self.latency, "jitter": 0}));
        proxy.answer_with("bandwidth", json!({ "rate": rate(self.bytes_per_second) }));
    }

    /// Tells a command where the tier is, and how to open it.
    pub(super) fn give_to(&self, command: &mut Command) {
        command
            .env("CACHEWARDEN_REMOTE", &self.url)
            .envs(self.credentials.iter().map(|(name, value)| (name, value)));
    }
}

/// A bandwidth in the unit of toxiproxy, which is kilobytes a second.
fn rate(bytes_per_second: f64) -> u64 {
    (bytes_per_second / 1000.0) as u64
}
