//! What was lately read of a scope's entries: a table in one file, so that a warm get costs one call, instead of four for its
//! entry and one for its object.
//!
//! The table lies beside the scopes and not in one, because every session that reads a scope writes its table, also one
//! that may not write the scope.
//!
//! The entries' own files are what counts, and nothing is lost with the table. What always holds: a slot is believed only
//! while the bucket that its entry was read from is the folder that it was then, with nothing put there, replaced or
//! removed since, and on the same boot; where anything is in doubt, the file is read. A slot is sealed with all of that, so
//! that one which two processes wrote at once, or which a crash has torn, is none. Nobody takes a lock for it.
//!
//! A change in place shows only in the file itself. This program makes two: a use is marked there, and a slot is not
//! believed once that is due again; and a boot is brought up to date there by a session that may write the scope. Slots know
//! the present boot only: under it the object was hashed, whatever the entry's file says. What somebody else writes into a file in place is seen when its hour is over.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_content::Content;
use cachewarden_types::{Digest, Facts, Kind, Role, ScopeName};

use super::boot::Boot;
use super::buckets::BUCKETS;
use super::entry::{Entry, Reach, SessionId, since_epoch};
use super::files::{self, Look};
use super::layout;
use super::shard_dir::{ShardDir, Status};

/// For the user alone, as the folders are.
const MODE: u32 = 0o600;

/// Each action has one slot, and shares it. A build asks for some thousand actions, of which a few in a hundred find their
/// slot taken by another and are read from their files; of a hundred thousand it is half. The file has up to 8 MiB, with
/// holes where nothing was written.
const SLOTS: u64 = 65_536;

/// Bytes of a slot: a power of two, so that none lies in two pages.
const SLOT: usize = 128;

/// What of it is used; the seal is at its end.
const CONTENT: usize = 120;

/// A change may carry the same time as the look before it, as finely as a file system tells times: seconds, on the coarsest.
const SETTLED: Duration = Duration::from_secs(2);

/// The form of a slot, for its seal. Another version may know other kinds.
const FORM: &str = concat!("recent entries, form 3, ", env!("CARGO_PKG_VERSION"));

/// The table of one scope, and what is known of the scope's buckets.
#[derive(Debug)]
pub(super) struct LookupCache {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    table: Table,
    looks: Vec<Option<Look<Option<DirVersion>>>>,
}

#[derive(Debug, Default)]
enum Table {
    #[default]
    Unopened,
    /// There is none yet.
    Missing,
    /// It cannot be used: the store is read-only, or something else has its name.
    Unusable,
    Open(File),
}

/// Which folder a bucket was, when something last changed in it, and on which boot that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirVersion(u64);

/// What is known of an action before its entry is read.
pub(super) enum CachedLookup {
    /// All of it, and when it and its object were last marked as used.
    Entry(Entry, SystemTime),
    /// Nothing. What is read now may be remembered under this stamp.
    Nothing(Option<DirVersion>),
}

/// Removes what a store remembers of a scope, or of all scopes, also of those that it has no longer.
pub(super) fn remove_tables(store: &Path, scope: Option<&ScopeName>) {
    let folder = store.join(layout::RECENT);
    // A link would lead to somebody else's files.
    if !std::fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
        return;
    }
    let tables = match scope {
        Some(scope) => vec![scope.folder().into()],
        None => files::names_in(&folder),
    };
    for name in tables {
        if name.to_str().and_then(ScopeName::from_folder).is_some() {
            // One that stays is believed no more than before: a slot says itself whether it counts.
            let _ = std::fs::remove_file(folder.join(name));
        }
    }
}

impl LookupCache {
    /// The table that this path is for; nothing is opened, or made, before it is needed.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// Looks an action up.
    pub(super) fn find(
        &self,
        buckets: &ShardDir,
        action: &Digest,
        boot: Boot,
        now: SystemTime,
    ) -> CachedLookup {
        let mut state = self.state();
        let Some(stamp) = state.stamp(buckets, action, boot, now) else {
            return CachedLookup::Nothing(None);
        };
        let remembered = state.open(&self.path).and_then(|table| {
            let mut slot = [0; SLOT];
            table.read_exact_at(&mut slot, offset(action)).ok()?;
            let (entry, used) = unpack(&slot, action, stamp, boot)?;
            (!files::is_touch_due(used, now)).then_some(CachedLookup::Entry(entry, used))
        });
        remembered.unwrap_or(CachedLookup::Nothing(Some(stamp)))
    }

    /// Notes an entry that was read, after its bucket was seen to be as `stamp` says. It and its object were last marked as
    /// used at `used`.
    pub(super) fn remember(
        &self,
        buckets: &ShardDir,
        action: &Digest,
        entry: &Entry,
        used: SystemTime,
        stamp: DirVersion,
    ) {
        let mut state = self.state();
        // Had something changed since it was read, sessions that have looked at its bucket before would believe this slot.
        let status = buckets.bucket_status(action).ok();
        if status.and_then(|status| DirVersion::of(&status, entry.boot, SystemTime::now()))
            == Some(stamp)
            && let Some(table) = state.open_or_create(&self.path)
        {
            // Where there is no room, the file is read the next time too.
            let _ = table.write_all_at(&pack(action, entry, used, stamp), offset(action));
        }
    }

    /// An entry was replaced: whoever has looked at its bucket just before must not believe its slot.
    pub(super) fn forget(&self, action: &Digest) {
        // The table that has the name now: a trim may have removed the one that is open, and others made one since.
        match files::open_regular(&self.path, true) {
            Ok((table, _)) => {
                let _ = table.write_all_at(&[0; SLOT], offset(action));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Another user's, or something else: it goes, where it can.
            Err(_) => drop(std::fs::remove_file(&self.path)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What the bucket of `action` looks like; `None` where that says nothing.
    fn stamp(
        &mut self,
        buckets: &ShardDir,
        action: &Digest,
        boot: Boot,
        now: SystemTime,
    ) -> Option<DirVersion> {
        self.looks.resize(BUCKETS, None);
        let look = &mut self.looks[usize::from(action.as_bytes()[0])];
        if let Some(seen) = look.and_then(|look| look.still(now)) {
            return seen;
        }
        let seen = buckets
            .bucket_status(action)
            .ok()
            .and_then(|status| DirVersion::of(&status, boot, now));
        *look = Some(Look::new(now, seen));
        seen
    }

    /// The table, where there is one.
    fn open(&mut self, path: &Path) -> Option<&File> {
        if let Table::Unopened = self.table {
            let opened = files::open_regular(path, true);
            self.table = Table::of(opened.map(|(file, _)| file));
        }
        self.table.file()
    }

    /// The table, which is made where there is none.
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
    /// `None` where the boot is not known, or the bucket changed so lately that another change may carry the same time.
    fn of(status: &Status, boot: Boot, now: SystemTime) -> Option<Self> {
        let settled = now.duration_since(status.changed).ok()? >= SETTLED;
        if !settled || !boot.vouches_under(boot) {
            return None;
        }
        let (device, file) = status.identity;
        let changed = nanoseconds(status.changed);
        let text = format!("{FORM}\0{boot}\0{device:x} {file:x} {changed:x}");
        Some(Self(Digest::of(text.as_bytes()).words()[0]))
    }
}

fn offset(action: &Digest) -> u64 {
    // Not the word that says its bucket.
    action.words()[1] % SLOTS * SLOT as u64
}

/// A slot: action and output, size, put-time, expiry, last use and producer as little-endian words of eight
/// bytes; kind and role, facts, user and reach as numbers of four; and in its last eight bytes the seal.
fn pack(action: &Digest, entry: &Entry, used: SystemTime, stamp: DirVersion) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..32].copy_from_slice(action.as_bytes());
    slot[32..64].copy_from_slice(entry.output.as_bytes());
    let words = [
        entry.size,
        nanoseconds(entry.time),
        entry.expires.map_or(0, nanoseconds),
        nanoseconds(used),
        entry.producer.0,
    ];
    for (place, word) in slot[64..104].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    // Numbers of later versions are not remembered whole, but under a seal of this version alone.
    let numbers = [
        entry.content.kind.number() << 8 | entry.content.role.number() & 0xff,
        entry.content.facts.bits(),
        entry.user,
        u32::from(entry.reach == Reach::Shared),
    ];
    for (place, number) in slot[104..120].chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    let seal = seal(&slot, stamp);
    slot[SLOT - 8..].copy_from_slice(&seal);
    slot
}

/// What a slot says of `action`, and when the entry and its object were last marked as used.
fn unpack(
    slot: &[u8; SLOT],
    action: &Digest,
    stamp: DirVersion,
    boot: Boot,
) -> Option<(Entry, SystemTime)> {
    if slot[..32] != *action.as_bytes() || slot[SLOT - 8..] != seal(slot, stamp) {
        return None;
    }
    let word = |index: usize| {
        let bytes = &slot[64 + 8 * index..][..8];
        u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
    };
    let time = |word| UNIX_EPOCH.checked_add(Duration::from_nanos(word));
    let number = |index: usize| {
        let bytes = &slot[104 + 4 * index..][..4];
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    };
    let entry = Entry {
        output: Digest::from_bytes(slot[32..64].try_into().expect("32 bytes")),
        size: word(0),
        time: time(word(1))?,
        content: Content {
            kind: Kind::from_number(number(0) >> 8),
            role: Role::from_number(number(0) & 0xff),
            facts: Facts::from_bits(number(1)),
        },
        expires: match word(2) {
            0 => None,
            nanoseconds => Some(time(nanoseconds)?),
        },
        reach: match number(3) {
            0 => Reach::Local,
            _ => Reach::Shared,
        },
        producer: SessionId(word(4)),
        user: number(2),
        boot,
    };
    Some((entry, time(word(3))?))
}

fn seal(slot: &[u8; SLOT], stamp: DirVersion) -> [u8; 8] {
    // No more bytes than two rounds of the hash take.
    let mut sealed = [0; 8 + CONTENT];
    sealed[..8].copy_from_slice(&stamp.0.to_le_bytes());
    sealed[8..].copy_from_slice(&slot[..CONTENT]);
    Digest::of(&sealed).words()[0].to_le_bytes()
}

fn nanoseconds(time: SystemTime) -> u64 {
    u64::try_from(since_epoch(time).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: DirVersion = DirVersion(7);

    fn entries() -> impl Iterator<Item = Entry> {
        Kind::ALL.into_iter().enumerate().map(|(number, kind)| {
            let bit = |bit: usize| number & 1 << bit != 0;
            Entry {
                output: Digest::of(kind.to_string().as_bytes()),
                size: u64::MAX - number as u64,
                time: UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789),
                content: Content {
                    kind,
                    role: Role::ALL[number % Role::ALL.len()],
                    facts: Facts::from_bits(number as u32 * 0x0101_0101),
                },
                expires: bit(2).then(|| UNIX_EPOCH + Duration::from_secs(1_900_000_000)),
                reach: match bit(3) {
                    true => Reach::Shared,
                    false => Reach::Local,
                },
                producer: SessionId(0x0123_4567_89ab_cdef),
                user: u32::MAX - number as u32,
                boot: Boot::of("a boot"),
            }
        })
    }

    #[test]
    fn a_slot_leads_back_to_its_entry_under_its_own_stamp_alone() {
        let action = Digest::of(b"action");
        let used = UNIX_EPOCH + Duration::from_nanos(1_800_000_001_000_000_001);
        for entry in entries() {
            let slot = pack(&action, &entry, used, STAMP);
            let unpacked = unpack(&slot, &action, STAMP, entry.boot);
            assert_eq!(unpacked, Some((entry, used)));
            assert_eq!(unpack(&slot, &action, DirVersion(8), entry.boot), None);
            let other = Digest::of(b"other");
            assert_eq!(unpack(&slot, &other, STAMP, entry.boot), None);
        }
    }

    #[test]
    fn a_slot_that_two_wrote_at_once_is_none_of_both() {
        let action = Digest::of(b"action");
        let slots: Vec<_> = entries()
            .map(|entry| pack(&action, &entry, entry.time, STAMP))
            .collect();
        for length in 33..SLOT {
            let mut torn = slots[0];
            torn[..length].copy_from_slice(&slots.last().unwrap()[..length]);
            assert_eq!(unpack(&torn, &action, STAMP, Boot::of("a boot")), None);
        }
    }

    #[test]
    fn a_bucket_that_changed_lately_or_an_unknown_boot_has_no_stamp() {
        let now = SystemTime::now();
        let status = |changed| Status {
            modified: now,
            changed,
            size: 4096,
            identity: (1, 2),
        };
        let boot = Boot::of("a boot");
        let (settled, other) = (status(now - SETTLED), status(now - 2 * SETTLED));
        let stamp = DirVersion::of(&settled, boot, now);
        assert!(stamp.is_some());
        assert_eq!(DirVersion::of(&settled, boot, now), stamp);
        assert_ne!(DirVersion::of(&other, boot, now), stamp);
        assert_ne!(DirVersion::of(&settled, Boot::of("another"), now), stamp);
        for changed in [now, now - SETTLED / 2, now + SETTLED] {
            assert_eq!(DirVersion::of(&status(changed), boot, now), None);
        }
        assert_eq!(DirVersion::of(&settled, Boot::UNKNOWN, now), None);
    }
}
