//! `cachewarden serve` and `connect`: a daemon as root, and jobs of other users.

mod claims;
mod corpus;
mod disk;
mod folders;
mod greedy;
mod hostile;
mod issuer;
mod kills;
mod operation;
mod place;
mod resources;
mod tenants;
mod world;

pub(crate) use place::{Place, Way, each_way, through_a_daemon};
pub(crate) use world::is_root;
