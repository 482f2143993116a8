//! Sessions that answer gets from tiers: real sessions on a real store, with tiers that are folders
//! or small servers on this machine.

mod client;
mod packs;
mod server;
mod services;
mod values;
mod world;
