//! The DiskPaths that a client gets.
//!
//! The store itself names objects by their digests; these paths belong to the session of one
//! client. A client that runs as the store's own user gets paths into the store, written relative
//! to its $GOCACHE. A job of a daemon gets paths into its view, and knows no other path.
//!
//! On Windows there is no daemon, and cmd/go never moves an object out of its cache, so nothing has
//! to begin with $GOCACHE: there a client gets the path of the object.

#[cfg(unix)]
mod gocache;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::DiskPaths;
#[cfg(windows)]
pub use windows::DiskPaths;
