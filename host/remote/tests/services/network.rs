//! A network that is slow or broken: every call ends, with an error that says so.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use cachewarden_remote::{Service, ServiceError};
use cachewarden_servers::{Proxy, Server, before};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{at, bytes, on_each_server};

/// A call that has not ended after this never ends: all tries of one together take a third of it.
const NEVER: Duration = Duration::from_secs(60);

/// Expects that each call ends and has failed.
async fn fails(service: &Service) {
    let calls = async {
        tokio::join!(
            service.read("v1/a", 10),
            service.has("v1/a"),
            service.write("v1/a", b"a".to_vec()),
        )
    };
    let (read, has, write) = timeout(NEVER, calls).await.unwrap();
    assert_failed(read.unwrap_err());
    assert_failed(has.unwrap_err());
    assert_failed(write.unwrap_err());
}

fn assert_failed(error: ServiceError) {
    assert!(matches!(error, ServiceError::Failed(_)), "{error:?}");
}

/// A proxy before a server, and the tier through it.
fn through(server: &Server, prefix: &str) -> (Proxy, Service) {
    let proxy = before(server.socket);
    let service = at(&server.tier_at(prefix, proxy.socket), &server.credentials);
    (proxy, service)
}

async fn a_server_that_is_down_has_failed(server: &Server) {
    let nobody = nobody();
    fails(&at(&server.tier_at("down", nobody), &server.credentials)).await;
}

on_each_server!(each protocol: a_server_that_is_down_has_failed);

/// A socket at which nobody listens.
fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

mod through_toxiproxy {
    use super::*;

    async fn latency_is_waited_for(server: &Server) {
        let (proxy, service) = through(server, "latency");
        proxy.answer_with("latency", json!({"latency": 100, "jitter": 50}));
        service.write("v1/a", b"a".to_vec()).await.unwrap();
        let read = service.read("v1/a", 10).await.unwrap();
        assert_eq!(read.as_deref(), Some(&b"a"[..]));
    }

    on_each_server!(each protocol: latency_is_waited_for);

    async fn a_reset_connection_has_failed_and_the_next_one_serves(server: &Server) {
        let (proxy, service) = through(server, "reset");
        service.write("v1/a", b"a".to_vec()).await.unwrap();
        proxy.send_with("reset_peer", json!({"timeout": 0}));
        fails(&service).await;
        proxy.mend();
        assert!(service.has("v1/a").await.unwrap());
    }

    on_each_server!(each protocol: a_reset_connection_has_failed_and_the_next_one_serves);

    async fn a_connection_without_answers_has_failed_and_the_next_one_serves(server: &Server) {
        let (proxy, service) = through(server, "half-open");
        service.write("v1/a", b"a".to_vec()).await.unwrap();
        // Nothing is passed on, and the connection stays open.
        proxy.answer_with("timeout", json!({"timeout": 0}));
        fails(&service).await;
        proxy.mend();
        assert!(service.has("v1/a").await.unwrap());
    }

    on_each_server!(each protocol: a_connection_without_answers_has_failed_and_the_next_one_serves);

    async fn a_body_that_ends_early_is_no_value(server: &Server) {
        let (proxy, service) = through(server, "torn");
        let value = bytes(500_000);
        service.write("v1/a", value.clone()).await.unwrap();
        // Each connection brings so much. Where one is resumed, the value comes nevertheless.
        proxy.answer_with("limit_data", json!({"bytes": 100_000}));
        let read = service.read("v1/a", 1_000_000);
        match timeout(NEVER, read).await.unwrap() {
            Ok(read) => assert!(read == Some(value)),
            Err(error) => assert_failed(error),
        }
    }

    on_each_server!(each protocol: a_body_that_ends_early_is_no_value);

    async fn a_slow_line_takes_its_time(server: &Server) {
        let (proxy, service) = through(server, "slow");
        let most = service.most().unwrap_or(u64::MAX).min(6_000_000);
        let value = bytes(usize::try_from(most).unwrap());
        // In KB/s: 6 MB take longer than a call without a body may.
        proxy.send_with("bandwidth", json!({"rate": 1000}));
        service.write("v1/a", value.clone()).await.unwrap();
        let read = service.read("v1/a", most).await.unwrap();
        assert!(read == Some(value));
    }

    on_each_server!(each protocol: a_slow_line_takes_its_time);
}
