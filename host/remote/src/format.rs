//! The form of what is stored in a tier. docs/remote-format.md describes it; it does not depend on
//! the layout of the local store.
//!
//! What always holds: a value says itself which form it has, and a reader refuses a form that it
//! does not know. The form of a value does not depend on the service.

mod body;
mod entry;
mod key;

pub use body::{Body, BodyError, Encoding, MAX_LEVEL, decode, read};
pub use entry::{EntryError, MAX_INLINE, MAX_INLINE_OBJECT, MAX_VALUE, RemoteEntry, Stored};
pub use key::{
    FORMAT, FORMAT_KEY, entry_key, format_marker, object_key, read_format_marker, scope_prefix,
};
