//! Sessions that answer gets from tiers: real sessions on a real store, with tiers that are folders
//! or small servers on this machine.

mod bucket;
mod client;
mod faults;
mod github;
mod machine;
mod no_value;
mod packs;
mod said;
mod server;
mod services;
mod unlisted;
mod values;
mod world;
