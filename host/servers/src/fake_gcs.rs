//! fake-gcs-server: Google Cloud Storage, which lets everybody in.

use std::sync::OnceLock;

use serde_json::json;

use crate::http;
use crate::running::{Place, Ready};
use crate::server::Server;

/// The server of this process.
pub fn fake_gcs() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("fake-gcs-server");
    let socket = place.socket(4443);
    let (host, url) = (place.ip(), format!("http://{socket}"));
    let arguments = [
        "-scheme",
        "http",
        "-host",
        &host,
        "-port",
        "4443",
        "-backend",
        "memory",
        "-external-url",
        &url,
    ];
    let server = Server {
        _running: place.start(socket, &arguments, &[], Ready::Connects),
        socket,
        credentials: Vec::new(),
        wrong: Vec::new(),
        address: |prefix, socket| {
            format!("gs://cache/{prefix}?endpoint=http://{socket}&skip-signature=true")
        },
    };
    let bucket = json!({"name": "cache"});
    http::send(socket, "POST", "/storage/v1/b", Some(&bucket));
    server
}
