//! SeaweedFS: S3.

use std::fs;
use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::running::{Place, Ready};
use crate::server::{Server, Variables};

pub(crate) const BUCKET: &str = "cache";
pub(crate) const ID: &str = "keyid";
pub(crate) const SECRET: &str = "secret";

/// A key that reads and lists, and writes nothing.
const READER: &str = "reader";

/// A key that reads and writes, and does not list.
const UNLISTING: &str = "unlisting";

/// What each key may do.
const ACTIONS: [(&str, &str); 3] = [
    (ID, r#""Admin""#),
    (READER, r#""Read", "List""#),
    (UNLISTING, r#""Read", "Write""#),
];

/// The variables of a key that may read the buckets of [`seaweedfs`], and list them.
pub fn seaweedfs_reader() -> Variables {
    variables(READER, SECRET)
}

/// The variables of a key that may read and write the buckets of [`seaweedfs`], and not list them.
pub fn seaweedfs_unlisting() -> Variables {
    variables(UNLISTING, SECRET)
}

/// The server of this process.
pub fn seaweedfs() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("weed");
    let socket = place.socket(8333);
    let (ip, folder) = (place.ip(), place.folder().display().to_string());
    let config = place.folder().join("identities.json");
    fs::write(&config, identities()).unwrap();
    let arguments = [
        "mini".into(),
        format!("-s3.config={}", config.display()),
        format!("-dir={folder}"),
        format!("-ip={ip}"),
        format!("-ip.bind={ip}"),
        format!("-bucket={BUCKET}"),
        "-s3.autoCreateBucket=false".into(),
        format!("-s3.localSocket={folder}/s3.sock"),
        format!("-filer.localSocket={folder}/filer.sock"),
        // A test says nothing to anybody.
        "-master.telemetry=false".into(),
        // What a tier does not need.
        "-webdav=false".into(),
        "-admin.ui=false".into(),
        "-s3.port.iceberg=0".into(),
        "-s3.port.lance=0".into(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let variables = [("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let ready = Ready::Says("running and ready to use");
    Server {
        _running: place.start(socket, &arguments, &variables, ready),
        socket,
        credentials: credentials(SECRET),
        wrong: credentials("wrong"),
        address: s3_address,
    }
}

/// The address of a tier in a bucket of an S3 server here.
pub(crate) fn s3_address(prefix: &str, socket: SocketAddr) -> String {
    format!("s3://{BUCKET}/{prefix}?endpoint=http://{socket}")
}

pub(crate) fn credentials(secret: &str) -> Variables {
    variables(ID, secret)
}

/// Its configuration of keys.
fn identities() -> String {
    let identities = ACTIONS.map(|(id, actions)| {
        format!(
            r#"{{"name": "{id}", "credentials": [{{"accessKey": "{id}", "secretKey": "{SECRET}"}}], "actions": [{actions}]}}"#
        )
    });
    format!(r#"{{"identities": [{}]}}"#, identities.join(", "))
}

fn variables(id: &str, secret: &str) -> Variables {
    vec![
        ("CACHEWARDEN_S3_ACCESS_KEY_ID", id.into()),
        ("CACHEWARDEN_S3_SECRET_ACCESS_KEY", secret.into()),
    ]
}
