//! The daemon: `serve` and its clients, each job under a user of its own.

mod claims;
mod corpus;
mod disk;
mod documentation;
mod floods;
mod folders;
mod greedy;
mod hostile;
mod hung;
mod issuer;
mod kills;
mod operation;
mod packaging;
mod place;
mod remote;
mod resources;
mod shares;
mod systemd;
mod tenants;
mod world;

use crate::support::say;

pub(crate) use place::{Place, Way, each_way, through_a_daemon};
pub(crate) use world::is_root;

/// Says that a test cannot run on this machine. In CI that is a failure, so that no sentence of the
/// documentation is shown by a test that did nothing.
fn cannot_be_tested(reason: &str) {
    let text = format!("NOT TESTED: {reason}");
    assert!(std::env::var_os("CI").is_none(), "{text}");
    say(&text);
}
