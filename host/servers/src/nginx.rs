//! nginx: WebDAV with PUT and GET, and without PROPFIND.

use std::fs;
use std::sync::OnceLock;

use crate::running::{Place, Ready};
use crate::server::Server;
use crate::wsgidav::{PASSWORD, USER, credentials, webdav_address};

/// The server of this process.
pub fn nginx() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("nginx");
    let socket = place.socket(8080);
    let folder = place.folder().display().to_string();
    fs::create_dir_all(place.folder().join("files")).unwrap();
    fs::write(
        place.folder().join("users"),
        format!("{USER}:{{PLAIN}}{PASSWORD}\n"),
    )
    .unwrap();
    let text = include_str!("nginx.conf")
        .replace("FOLDER", &folder)
        .replace("SOCKET", &socket.to_string());
    let config = place.folder().join("nginx.conf");
    fs::write(&config, text).unwrap();
    let arguments = [
        "-p",
        &folder,
        "-e",
        "stderr",
        "-c",
        config.to_str().unwrap(),
    ];
    Server {
        _running: place.start(socket, &arguments, &[], Ready::Connects),
        socket,
        credentials: credentials(PASSWORD),
        wrong: credentials("wrong"),
        address: webdav_address,
    }
}
