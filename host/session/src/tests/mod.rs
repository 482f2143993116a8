//! Whole sessions without a process: requests come from a vector and answers go into one; between
//! them are the real store, on real files, and real policies.

mod bases;
mod chains;
mod counts;
mod gets;
mod lifecycle;
mod linked;
mod puts;
mod remote;
mod rules;
mod shelf;
mod wire;
mod witnesses;
mod world;
