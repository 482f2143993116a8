//! SeaweedFS: S3.

use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::running::{Place, Ready};
use crate::server::{Server, Variables};

pub(crate) const BUCKET: &str = "cache";
pub(crate) const ID: &str = "keyid";
pub(crate) const SECRET: &str = "secret";

/// The server of this process.
pub fn seaweedfs() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("weed");
    let socket = place.socket(8333);
    let (ip, folder) = (place.ip(), place.folder().display().to_string());
    let arguments = [
        "mini".into(),
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
    vec![
        ("CACHEWARDEN_S3_ACCESS_KEY_ID", ID.into()),
        ("CACHEWARDEN_S3_SECRET_ACCESS_KEY", secret.into()),
    ]
}
