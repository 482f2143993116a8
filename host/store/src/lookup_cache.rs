//! The lookup cache: entries of a scope that were read lately, in a table in one file. A warm get
//! costs one system call, instead of four for its entry and one for its object.
//!
//! The table is not in the folder of its scope, because every session that reads the scope writes
//! the table, even one that may not write the scope.
//!
//! The entries' own files are authoritative, and losing the table loses nothing. What always holds:
//! a slot is used only on the boot it was written on, and only while the shard of its entry is the
//! same folder with nothing added, replaced or removed since. In doubt, the entry's file is read.
//! The slot has a checksum over all of that, so a slot that two processes wrote at once, or that a
//! crash has torn, is invalid. No lock is taken.
//!
//! A change in place does not change the shard, and so does not invalidate a slot. This program
//! makes two such changes. It updates the mtime, to mark a use; a slot is ignored once the next
//! update is due. And a session that may write the scope updates the boot in an entry's line; a
//! slot is valid for the present boot only, on which its object was hashed, whatever the entry's
//! file says. If somebody else changes an entry's file in place, that is seen within an hour.

//!
//! On Windows there is none. Whether the time of a folder's last change, on which all of this rests,
//! is kept there as on Unix has not been measured, and a wrong guess would be a wrong hit. A warm get
//! costs some opens more.

#[cfg(unix)]
mod slot;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::time::SystemTime;

use super::entry::Entry;

#[cfg(unix)]
pub(super) use unix::{LookupCache, remove_tables};
#[cfg(windows)]
pub(super) use windows::{LookupCache, remove_tables};

/// A hash of a shard's identity, the time of its last change, and the boot on which these were
/// read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirVersion(u64);

/// The result of looking an action up in the table.
pub(super) enum CachedLookup {
    /// The entry, and when it and its object were last marked as used.
    #[cfg_attr(windows, expect(dead_code, reason = "there is no table"))]
    Entry(Entry, SystemTime),
    /// The action is not in the table. The entry's file may be read and then inserted under this
    /// version.
    NotCached(Option<DirVersion>),
}
