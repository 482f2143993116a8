//! Redis, with a password, and a user who may only read.

use std::fs;
use std::sync::OnceLock;

use crate::running::{Place, Ready};
use crate::server::{Server, Variables};

const PASSWORD: &str = "secret";
const READER: &str = "only-read";

/// The variables of a user who may only read.
pub fn redis_reader() -> Variables {
    vec![
        ("CACHEWARDEN_REDIS_USERNAME", "reader".into()),
        ("CACHEWARDEN_REDIS_PASSWORD", READER.into()),
    ]
}

/// The server of this process.
pub fn redis() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("redis-server");
    let socket = place.socket(6379);
    let ip = place.ip();
    // Nothing is saved to the disk.
    let text = format!(
        "bind {ip}\nrequirepass {PASSWORD}\nsave \"\"\n\
         user reader on >{READER} ~* -@all +@read\n"
    );
    let config = place.folder().join("redis.conf");
    fs::write(&config, text).unwrap();
    let arguments = [config.to_str().unwrap()];
    Server {
        _running: place.start(socket, &arguments, &[], Ready::Connects),
        socket,
        credentials: vec![("CACHEWARDEN_REDIS_PASSWORD", PASSWORD.into())],
        wrong: vec![("CACHEWARDEN_REDIS_PASSWORD", "wrong".into())],
        address: |prefix, socket| format!("redis://{socket}/0/{prefix}"),
    }
}
