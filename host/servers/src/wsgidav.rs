//! WsgiDAV: WebDAV with all of its verbs.

use std::fs;
use std::net::SocketAddr;
use std::sync::OnceLock;

use serde_json::json;

use crate::running::{Place, Ready};
use crate::server::{Server, Variables};

pub(crate) const USER: &str = "builder";
pub(crate) const PASSWORD: &str = "secret";

/// The server of this process.
pub fn wsgidav() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("wsgidav");
    let socket = place.socket(8080);
    let files = place.folder().join("files");
    fs::create_dir_all(&files).unwrap();
    let text = json!({
        "host": place.ip(),
        "port": socket.port(),
        "provider_mapping": {"/": files.to_str().unwrap()},
        "http_authenticator": {
            "accept_basic": true, "accept_digest": false, "default_to_digest": false
        },
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
        "verbose": 1
    });
    let config = place.folder().join("wsgidav.json");
    fs::write(&config, text.to_string()).unwrap();
    let arguments = ["--config", config.to_str().unwrap()];
    Server {
        _running: place.start(socket, &arguments, &[], Ready::Connects),
        socket,
        credentials: credentials(PASSWORD),
        wrong: credentials("wrong"),
        address: webdav_address,
    }
}

pub(crate) fn webdav_address(prefix: &str, socket: SocketAddr) -> String {
    format!("webdav+http://{socket}/{prefix}")
}

pub(crate) fn credentials(password: &str) -> Variables {
    vec![
        ("CACHEWARDEN_WEBDAV_USERNAME", USER.into()),
        ("CACHEWARDEN_WEBDAV_PASSWORD", password.into()),
    ]
}
