//! The slots of a table: where an action's slot is, and how an entry is packed into it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_content::Content;
use cachewarden_types::{Digest, Facts, Kind, Role, since_1970};

use super::DirVersion;
use crate::boot::BootId;
use crate::entry::{Entry, Reach, SessionId};

/// Each action has one slot, which other actions may share. A build uses some thousand actions; for
/// a few per cent of them, another action has the slot, and the entry's file is read. For a hundred
/// thousand actions it is half. The file has up to 8 MiB, with holes where nothing was written.
const SLOTS: u64 = 65_536;

/// Bytes of a slot: a power of two, so that no slot lies in two pages.
pub(super) const SLOT: usize = 128;

/// Bytes that the checksum covers; the checksum is behind them.
const CHECKSUMMED: usize = 120;

pub(super) fn offset(action: &Digest) -> u64 {
    // Another word of the digest than the one that chooses the shard.
    action.words()[1] % SLOTS * SLOT as u64
}

/// Packs a slot: action and output; size, put time, expiry, last use and producer as little-endian
/// words of eight bytes; kind with role, facts, user and reach as numbers of four; and the checksum
/// in the last eight bytes.
pub(super) fn pack(
    action: &Digest,
    entry: &Entry,
    used: SystemTime,
    version: DirVersion,
) -> [u8; SLOT] {
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
    // Roles of later versions may need more bits; the checksum includes this program's version.
    let numbers = [
        entry.content.kind.number() << 8 | entry.content.role.number() & 0xff,
        entry.content.facts.bits(),
        entry.user,
        u32::from(entry.reach == Reach::Shared),
    ];
    for (place, number) in slot[104..120].chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    let checksum = checksum(&slot, version);
    slot[SLOT - 8..].copy_from_slice(&checksum);
    slot
}

/// Unpacks a slot, if it holds `action` and its checksum is right: the entry, and when it and its
/// object were last marked as used.
pub(super) fn unpack(
    slot: &[u8; SLOT],
    action: &Digest,
    version: DirVersion,
    boot: BootId,
) -> Option<(Entry, SystemTime)> {
    if slot[..32] != *action.as_bytes() || slot[SLOT - 8..] != checksum(slot, version) {
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

fn checksum(slot: &[u8; SLOT], version: DirVersion) -> [u8; 8] {
    // This fits in two blocks of the hash.
    let mut checksummed = [0; 8 + CHECKSUMMED];
    checksummed[..8].copy_from_slice(&version.0.to_le_bytes());
    checksummed[8..].copy_from_slice(&slot[..CHECKSUMMED]);
    Digest::of(&checksummed).words()[0].to_le_bytes()
}

pub(super) fn nanoseconds(time: SystemTime) -> u64 {
    u64::try_from(since_1970(time).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: DirVersion = DirVersion(7);

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
                boot: BootId::of("a boot"),
            }
        })
    }

    #[test]
    fn a_slot_gives_its_entry_back_under_its_own_version_alone() {
        let action = Digest::of(b"action");
        let used = UNIX_EPOCH + Duration::from_nanos(1_800_000_001_000_000_001);
        for entry in entries() {
            let slot = pack(&action, &entry, used, VERSION);
            let unpacked = unpack(&slot, &action, VERSION, entry.boot);
            assert_eq!(unpacked, Some((entry, used)));
            assert_eq!(unpack(&slot, &action, DirVersion(8), entry.boot), None);
            let other = Digest::of(b"other");
            assert_eq!(unpack(&slot, &other, VERSION, entry.boot), None);
        }
    }

    #[test]
    fn a_slot_that_two_processes_wrote_at_once_is_invalid() {
        let action = Digest::of(b"action");
        let slots: Vec<_> = entries()
            .map(|entry| pack(&action, &entry, entry.time, VERSION))
            .collect();
        for length in 33..SLOT {
            let mut torn = slots[0];
            torn[..length].copy_from_slice(&slots.last().unwrap()[..length]);
            assert_eq!(unpack(&torn, &action, VERSION, BootId::of("a boot")), None);
        }
    }
}
