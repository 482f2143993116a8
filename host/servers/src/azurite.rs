//! Azurite: Azure Blob Storage.

use std::process::Command;
use std::sync::OnceLock;

use crate::running::{Place, Ready, launcher};
use crate::server::{Server, Variables};

const ACCOUNT: &str = "team";

/// Keys are base64.
const KEY: &str = "c2VjcmV0c2VjcmV0";
const WRONG: &str = "d3Jvbmd3cm9uZw==";

/// Makes the container, with the client of Azure.
const MAKE_CONTAINER: &str = include_str!("container.js");

/// The server of this process.
pub fn azurite() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("azurite");
    let socket = place.socket(10000);
    let host = place.ip();
    let arguments = [
        "--inMemoryPersistence",
        "--skipApiVersionCheck",
        "--disableTelemetry",
        "--blobHost",
        &host,
        "--blobPort",
        "10000",
    ];
    let accounts = format!("{ACCOUNT}:{KEY}");
    let variables = [("AZURITE_ACCOUNTS", &*accounts)];
    let running = place.start(socket, &arguments, &variables, Ready::Connects);
    let mut client = Command::new(launcher("actions-cache"));
    client
        .args(["-e", MAKE_CONTAINER])
        .args([&format!("http://{socket}/{ACCOUNT}"), ACCOUNT, KEY]);
    assert!(client.status().unwrap().success(), "there is no container");
    Server {
        _running: running,
        socket,
        credentials: credentials(KEY),
        wrong: credentials(WRONG),
        address: |prefix, socket| {
            format!(
                "azblob://cache/{prefix}?account-name={ACCOUNT}&endpoint=http://{socket}/{ACCOUNT}"
            )
        },
    }
}

fn credentials(key: &str) -> Variables {
    vec![("CACHEWARDEN_AZBLOB_ACCOUNT_KEY", key.into())]
}
