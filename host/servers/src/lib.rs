//! Real servers on which the tests and the bench keep remote tiers, one file a server.
//! `cargo xtask services` installs them in target/services/.
//!
//! What always holds: a server has a loopback address of its own, so that no two want one port, and
//! a temporary folder of its own. A function that returns a server returns it when it answers. A
//! server ends with the process that started it, in whatever way that ends; none is left behind.

mod http;
mod memcached;

mod redis;
mod running;

mod seaweedfs;
mod server;
mod toxiproxy;

pub use memcached::{memcached, memcached_with_users};

pub use redis::{redis, redis_reader};

pub use seaweedfs::seaweedfs;
pub use server::{Server, Variables};
pub use toxiproxy::{Proxy, before};
