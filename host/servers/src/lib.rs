//! Real servers on which the tests and the bench keep remote tiers, one file a server.
//! `cargo xtask services` installs them in target/services/.
//!
//! What always holds: a server has a loopback address of its own, so that no two want one port, and
//! a temporary folder of its own. A function that returns a server returns it when it answers. A
//! server ends with the process that started it, in whatever way that ends; none is left behind.

mod azurite;
mod fake_gcs;
mod github;
mod http;
mod memcached;
mod nginx;
mod redis;
mod running;
mod s3proxy;
mod seaweedfs;
mod server;
mod toxiproxy;
mod wsgidav;

pub use azurite::azurite;
pub use fake_gcs::fake_gcs;
pub use github::{GitHub, READER, WRITER};
pub use memcached::{memcached, memcached_with_users};
pub use nginx::nginx;
pub use redis::{redis, redis_reader};
pub use s3proxy::s3proxy;
pub use seaweedfs::{seaweedfs, seaweedfs_reader, seaweedfs_unlisting};
pub use server::{Server, Variables};
pub use toxiproxy::{Proxy, before};
pub use wsgidav::wsgidav;

/// Node with the packages of `cargo xtask services`: `$NODE_MODULES` is their folder.
pub fn node() -> std::process::Command {
    std::process::Command::new(running::launcher("actions-cache"))
}
