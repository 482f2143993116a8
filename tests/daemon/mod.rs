//! `cachewarden serve` and `connect`: a daemon as root, and jobs of other users.

mod hostile;
mod issuer;
mod operation;
mod tenants;
mod world;
