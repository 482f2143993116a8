//! cachewarden: a GOCACHEPROG helper that asks a sandboxed policy.

pub mod content;
pub mod digest;
pub mod protocol;
pub mod store;
