//! toxiproxy: a network that is slow or broken, in front of any server.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::http;
use crate::running::{Place, Ready, Running};

/// The program that has all proxies.
struct Toxiproxy {
    _running: Running,
    /// Where it takes orders.
    orders: SocketAddr,
}

/// A proxy in front of a server, at first without a fault.
pub struct Proxy {
    /// Where the server is found through it.
    pub socket: SocketAddr,
    name: String,
    orders: SocketAddr,
}

/// A new proxy in front of a server.
pub fn before(server: SocketAddr) -> Proxy {
    static TOXIPROXY: OnceLock<Toxiproxy> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let orders = TOXIPROXY.get_or_init(start).orders;
    let name = format!("proxy{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let proxy = json!({
        "name": name, "listen": "127.0.0.1:0", "upstream": server.to_string(), "enabled": true
    });
    let made = http::send(orders, "POST", "/proxies", Some(&proxy));
    Proxy {
        socket: made["listen"].as_str().unwrap().parse().unwrap(),
        name,
        orders,
    }
}

impl Proxy {
    /// Adds a fault to what the server answers: a kind that toxiproxy knows, with its attributes.
    pub fn answer_with(&self, kind: &str, attributes: Value) {
        self.add(kind, "downstream", attributes);
    }

    /// Adds a fault to what the server is sent.
    pub fn send_with(&self, kind: &str, attributes: Value) {
        self.add(kind, "upstream", attributes);
    }

    fn add(&self, kind: &str, stream: &str, attributes: Value) {
        let path = format!("/proxies/{}/toxics", self.name);
        let toxic = json!({"type": kind, "stream": stream, "attributes": attributes});
        http::send(self.orders, "POST", &path, Some(&toxic));
    }

    /// Refuses connections, and ends those that there are; or takes them again.
    pub fn set_open(&self, is_open: bool) {
        let path = format!("/proxies/{}", self.name);
        let proxy = json!({ "enabled": is_open });
        http::send(self.orders, "POST", &path, Some(&proxy));
    }

    /// Takes all faults away.
    pub fn mend(&self) {
        let path = format!("/proxies/{}/toxics", self.name);
        for toxic in http::send(self.orders, "GET", &path, None)
            .as_array()
            .unwrap()
        {
            let toxic = format!("{path}/{}", toxic["name"].as_str().unwrap());
            http::send(self.orders, "DELETE", &toxic, None);
        }
    }
}

fn start() -> Toxiproxy {
    let place = Place::new("toxiproxy-server");
    let orders = place.socket(8474);
    let host = place.ip();
    let arguments = ["-host", &host, "-port", "8474"];
    Toxiproxy {
        _running: place.start(orders, &arguments, &[], Ready::Connects),
        orders,
    }
}
