//! memcached.

use std::fs;
use std::sync::OnceLock;

use crate::running::{Place, Ready};
use crate::server::Server;

/// The server of this process, which asks nobody who he is.
pub fn memcached() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(&[]))
}

/// A server that serves its users alone, and has none.
pub fn memcached_with_users() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server {
        wrong: vec![
            ("CACHEWARDEN_MEMCACHED_USERNAME", "somebody".into()),
            ("CACHEWARDEN_MEMCACHED_PASSWORD", "wrong".into()),
        ],
        ..start(&["-S"])
    })
}

fn start(options: &[&str]) -> Server {
    let place = Place::new("memcached");
    let socket = place.socket(11211);
    let (listen, user) = (place.ip(), "nobody");
    // Needed with `-S`: who may come in how.
    let sasl = place.folder().join("sasl.conf");
    fs::write(&sasl, "mech_list: plain\n").unwrap();
    let variables = [("SASL_CONF_PATH", sasl.to_str().unwrap())];
    // Which user it becomes where root starts it.
    let arguments = [&["-l", &listen, "-u", user][..], options].concat();
    Server {
        _running: place.start(socket, &arguments, &variables, Ready::Connects),
        socket,
        credentials: Vec::new(),
        wrong: Vec::new(),
        address: |prefix, socket| format!("memcached://{socket}/{prefix}"),
    }
}
