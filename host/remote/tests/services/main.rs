//! `Service` on real servers, which `cargo xtask services` installs: one file a theme.
//!
//! What the name of a test begins and ends with says what it needs: `on_redis` a server,
//! `through_toxiproxy` a broken network.

mod credentials;
mod github;
mod network;
mod support;
mod values;
