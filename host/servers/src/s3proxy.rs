//! s3proxy: S3 without conditional writes.

use std::fs;
use std::sync::OnceLock;

use crate::running::{Place, Ready};
use crate::seaweedfs::{BUCKET, ID, SECRET, credentials, s3_address};
use crate::server::Server;

/// The server of this process.
pub fn s3proxy() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let place = Place::new("s3proxy");
    let socket = place.socket(8080);
    let files = place.folder().join("files");
    // A folder is a bucket.
    fs::create_dir_all(files.join(BUCKET)).unwrap();
    let properties = place.folder().join("s3proxy.conf");
    let text = format!(
        "s3proxy.endpoint=http://{socket}\n\
         s3proxy.authorization=aws-v2-or-v4\n\
         s3proxy.identity={ID}\n\
         s3proxy.credential={SECRET}\n\
         jclouds.provider=filesystem-nio2\n\
         jclouds.filesystem.basedir={}\n",
        files.display()
    );
    fs::write(&properties, text).unwrap();
    let arguments = ["--properties", properties.to_str().unwrap()];
    Server {
        _running: place.start(socket, &arguments, &[], Ready::Connects),
        socket,
        credentials: credentials(SECRET),
        wrong: credentials("wrong"),
        address: s3_address,
    }
}
