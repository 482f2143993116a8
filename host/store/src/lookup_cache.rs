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

mod slot;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use cachewarden_types::{Digest, ScopeName};

use super::boot::BootId;
use super::entry::Entry;
use super::files::{self, Cached};
use super::layout;
use super::shard_dir::{ShardDir, Status};
use super::shards::SHARDS;

use slot::{SLOT, nanoseconds, offset, pack, unpack};

/// Readable by the user alone, as the folders are.
const MODE: u32 = 0o600;

/// Timestamps of file systems are coarse, up to a second or two. A shard that changed within this
/// time may change again with the same ctime, so its version is not trusted (git calls such an
/// index entry racily clean).
const RACY_WINDOW: Duration = Duration::from_secs(2);

/// The format of a slot, which the checksum includes. Another version of the program may know other
/// kinds.
const SLOT_FORMAT: &str = concat!("recent entries, form 3, ", env!("CARGO_PKG_VERSION"));

/// The table of one scope, and the versions of the scope's shards.
#[derive(Debug)]
pub(super) struct LookupCache {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    table: Table,
    versions: Vec<Option<Cached<Option<DirVersion>>>>,
}

#[derive(Debug, Default)]
enum Table {
    #[default]
    Unopened,
    /// There is no file yet.
    Missing,
    /// It cannot be opened: the store is read-only, something else has its name, or there is no
    /// store that it could be in.
    Unusable,
    Open(File),
}

/// A hash of a shard's identity, the time of its last change, and the boot on which these were
/// read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirVersion(u64);

/// The result of looking an action up in the table.
pub(super) enum CachedLookup {
    /// The entry, and when it and its object were last marked as used.
    Entry(Entry, SystemTime),
    /// The action is not in the table. The entry's file may be read and then inserted under this
    /// version.
    NotCached(Option<DirVersion>),
}

/// Removes the tables of the scopes that `goes` selects, including scopes that no longer exist, and
/// scopes of bases.
pub(super) fn remove_tables(store: &Path, goes: impl Fn(&ScopeName) -> bool) {
    let folder = store.join(layout::RECENT);
    // A link would lead out of the store.
    if !std::fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
        return;
    }
    for name in files::names_in(&folder) {
        if layout::scope_of_table(&name).is_some_and(|scope| goes(&scope)) {
            // If a table cannot be removed, its slots still say themselves whether they are valid.
            let _ = std::fs::remove_file(folder.join(name));
        }
    }
}

impl LookupCache {
    /// The table at this path; it is opened or created when it is first needed.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// No table: nothing is in it, and nothing is kept.
    pub(super) fn none() -> Self {
        let state = State {
            table: Table::Unusable,
            ..State::default()
        };
        Self {
            path: PathBuf::new(),
            state: Mutex::new(state),
        }
    }

    /// Looks up an action's entry.
    pub(super) fn find(
        &self,
        shards: &ShardDir,
        action: &Digest,
        boot: BootId,
        now: SystemTime,
    ) -> CachedLookup {
        let mut state = self.state();
        let Some(version) = state.version(shards, action, boot, now) else {
            return CachedLookup::NotCached(None);
        };
        let remembered = state.open(&self.path).and_then(|table| {
            let mut slot = [0; SLOT];
            table.read_exact_at(&mut slot, offset(action)).ok()?;
            let (entry, used) = unpack(&slot, action, version, boot)?;
            (!files::is_touch_due(used, now)).then_some(CachedLookup::Entry(entry, used))
        });
        remembered.unwrap_or(CachedLookup::NotCached(Some(version)))
    }

    /// Inserts an entry that was read when its shard had this version. It and its object were last
    /// marked as used at `used`.
    pub(super) fn insert(
        &self,
        shards: &ShardDir,
        action: &Digest,
        entry: &Entry,
        used: SystemTime,
        version: DirVersion,
    ) {
        let mut state = self.state();
        // If the shard had changed since the entry was read, sessions that have cached the shard's
        // version would use this slot.
        let status = shards.shard_status(action).ok();
        if status.and_then(|status| DirVersion::of(&status, entry.boot, SystemTime::now()))
            == Some(version)
            && let Some(table) = state.open_or_create(&self.path)
        {
            // If the disk is full, the entry's file is read the next time too.
            let _ = table.write_all_at(&pack(action, entry, used, version), offset(action));
        }
    }

    /// Invalidates the slot of an entry that was replaced: other sessions may have cached the
    /// shard's version, which is checked only now and then.
    pub(super) fn invalidate(&self, action: &Digest) {
        // Opens the table by its path: a trim may have removed the one that is open, and another
        // session may have made a new one.
        match files::open_regular(&self.path, true) {
            Ok((table, _)) => {
                let _ = table.write_all_at(&[0; SLOT], offset(action));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It belongs to another user, or is no file: remove it if possible.
            Err(_) => drop(std::fs::remove_file(&self.path)),
        }
    }

    /// Invalidates the slot of an entry that was removed, so that no session of this process uses
    /// it: while the lock is held, none inserts what it has read before.
    pub(super) fn forget(&self, action: &Digest) {
        let mut state = self.state();
        state.versions.clear();
        self.invalidate(action);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The version of the shard of `action`; `None` where the version cannot be trusted.
    fn version(
        &mut self,
        shards: &ShardDir,
        action: &Digest,
        boot: BootId,
        now: SystemTime,
    ) -> Option<DirVersion> {
        self.versions.resize(SHARDS, None);
        let cached = &mut self.versions[usize::from(action.as_bytes()[0])];
        if let Some(seen) = cached.and_then(|cached| cached.get_if_fresh(now)) {
            return seen;
        }
        let seen = shards
            .shard_status(action)
            .ok()
            .and_then(|status| DirVersion::of(&status, boot, now));
        *cached = Some(Cached::new(now, seen));
        seen
    }

    /// The table's file, if there is one.
    fn open(&mut self, path: &Path) -> Option<&File> {
        if let Table::Unopened = self.table {
            let opened = files::open_regular(path, true);
            self.table = Table::of(opened.map(|(file, _)| file));
        }
        self.table.file()
    }

    /// The table's file, which is created where it is missing.
    fn open_or_create(&mut self, path: &Path) -> Option<&File> {
        if let Table::Unopened | Table::Missing = self.table {
            self.table = Table::of(files::open_or_create(path, MODE));
        }
        self.table.file()
    }
}

impl Table {
    fn of(opened: io::Result<File>) -> Self {
        match opened {
            Ok(file) => Self::Open(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::Missing,
            Err(_) => Self::Unusable,
        }
    }

    fn file(&self) -> Option<&File> {
        match self {
            Self::Open(file) => Some(file),
            Self::Unopened | Self::Missing | Self::Unusable => None,
        }
    }
}

impl DirVersion {
    /// `None` where the boot is not known, or the shard changed within [`RACY_WINDOW`].
    fn of(status: &Status, boot: BootId, now: SystemTime) -> Option<Self> {
        let settled = now.duration_since(status.changed).ok()? >= RACY_WINDOW;
        if !settled || !boot.matches(boot) {
            return None;
        }
        let (device, file) = status.identity;
        let changed = nanoseconds(status.changed);
        let text = format!("{SLOT_FORMAT}\0{boot}\0{device:x} {file:x} {changed:x}");
        Some(Self(Digest::of(text.as_bytes()).words()[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_changed_lately_or_an_unknown_boot_has_no_version() {
        let now = SystemTime::now();
        let status = |changed| Status {
            modified: now,
            changed,
            size: 4096,
            identity: (1, 2),
            owner: 0,
            mode: 0o40755,
        };
        let boot = BootId::of("a boot");
        let (settled, other) = (status(now - RACY_WINDOW), status(now - 2 * RACY_WINDOW));
        let version = DirVersion::of(&settled, boot, now);
        assert!(version.is_some());
        assert_eq!(DirVersion::of(&settled, boot, now), version);
        assert_ne!(DirVersion::of(&other, boot, now), version);
        assert_ne!(
            DirVersion::of(&settled, BootId::of("another"), now),
            version
        );
        for changed in [now, now - RACY_WINDOW / 2, now + RACY_WINDOW] {
            assert_eq!(DirVersion::of(&status(changed), boot, now), None);
        }
        assert_eq!(DirVersion::of(&settled, BootId::UNKNOWN, now), None);
    }
}
