//! A table for each scope.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use cachewarden_system::file_at::{read_exact_at, write_all_at};
use cachewarden_system::file_status::{FileId, Status};
use cachewarden_types::{Digest, ScopeName};

use super::slot::{SLOT, nanoseconds, offset, pack, unpack};
use super::{CachedLookup, DirVersion};
use crate::boot::BootId;
use crate::cached::Cached;
use crate::entry::Entry;
use crate::files;
use crate::layout;
use crate::shard_dir::ShardDir;
use crate::shards::SHARDS;

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
pub(crate) struct LookupCache {
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

/// Removes the tables of the scopes that `goes` selects, including scopes that no longer exist, and
/// scopes of bases.
pub(crate) fn remove_tables(store: &Path, goes: impl Fn(&ScopeName) -> bool) {
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
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// No table: nothing is in it, and nothing is kept.
    pub(crate) fn none() -> Self {
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
    pub(crate) fn find(
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
            read_exact_at(table, &mut slot, offset(action)).ok()?;
            let (entry, used) = unpack(&slot, action, version, boot)?;
            (!files::is_touch_due(used, now)).then_some(CachedLookup::Entry(entry, used))
        });
        remembered.unwrap_or(CachedLookup::NotCached(Some(version)))
    }

    /// Inserts an entry that was read when its shard had this version. It and its object were last
    /// marked as used at `used`.
    pub(crate) fn insert(
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
            let _ = write_all_at(table, &pack(action, entry, used, version), offset(action));
        }
    }

    /// Invalidates the slot of an entry that was replaced: other sessions may have cached the
    /// shard's version, which is checked only now and then.
    pub(crate) fn invalidate(&self, action: &Digest) {
        // Opens the table by its path: a trim may have removed the one that is open, and another
        // session may have made a new one.
        match files::open_regular(&self.path, true) {
            Ok((table, _)) => {
                let _ = write_all_at(&table, &[0; SLOT], offset(action));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It belongs to another user, or is no file: remove it if possible.
            Err(_) => drop(std::fs::remove_file(&self.path)),
        }
    }

    /// Invalidates the slot of an entry that was removed, so that no session of this process uses
    /// it: while the lock is held, none inserts what it has read before.
    pub(crate) fn forget(&self, action: &Digest) {
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
        let FileId { device, file } = status.id;
        let changed = nanoseconds(status.changed);
        let text = format!("{SLOT_FORMAT}\0{boot}\0{device:x} {file:x} {changed:x}");
        Some(Self(Digest::of(text.as_bytes()).words()[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachewarden_system::file_status::Kind;

    #[test]
    fn a_shard_that_changed_lately_or_an_unknown_boot_has_no_version() {
        let now = SystemTime::now();
        let status = |changed| Status {
            modified: now,
            changed,
            size: 4096,
            id: FileId { device: 1, file: 2 },
            links: 2,
            kind: Kind::Folder,
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
