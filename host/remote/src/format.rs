//! The form of what is stored in a tier. docs/remote-format.md describes it; it does not depend on
//! the layout of the local store.
//!
//! What always holds: a value says itself which form it has, and a reader refuses a form that it
//! does not know. The form of a value does not depend on the service.

mod body;
mod entry;
mod key;
mod list;
mod segment;
mod wanted;

pub use body::{Body, BodyError, Encoding, MAX_LEVEL, decode, most_stored, read, read_bytes};
pub use entry::{EntryError, MAX_INLINE, MAX_INLINE_OBJECT, MAX_VALUE, RemoteEntry, Stored};
pub use key::{
    ENTRIES, FORMAT, FORMAT_KEY, INDEX, LISTS, OBJECTS, PACKS, WANTED, entry_key, format_marker,
    index_prefix, list_key, names_segment, object_key, pack_key, pack_of_key, read_format_marker,
    scope_of_folder, scope_prefix, segment_key, segment_of_key, segment_time, wanted_key,
};
pub use list::{MAX_LIST, MAX_SEGMENTS, SegmentList};
pub use segment::{MAX_ROWS, MAX_SEGMENT, Place, Segment};
pub use wanted::{BUILDS, MAX_WANTED, Wanted};
