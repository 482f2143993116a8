//! The line of an entry: which object an action has produced, in one scope.
//!
//! The fields are `v2 output size put-time kind role facts expires reach producer user boot`,
//! separated by single spaces and ended by a newline. Kind, role and facts are the numbers of
//! words.toml, so those of a later version are kept. `v1` was never released. Further fields come
//! from later versions: they are ignored, and kept, since a line is only replaced as a whole by a
//! put, or changed in place in its boot.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_content::Content;
use cachewarden_types::{Digest, Facts, Kind, Role, since_1970};

use super::boot::BootId;
use super::files;

/// The version of the line. Other versions are not read.
const VERSION: &str = "v2";

/// The most bytes of a line. A line has some 190 bytes; this leaves room for fields of later
/// versions.
pub(super) const MAX_LINE: usize = 4096;

/// Enough for a usual line and one byte more, to see its end.
const TYPICAL_LINE: usize = 256;

/// The user of an entry that another machine has sent. No user has this number: the system means
/// "unchanged" by it.
pub(super) const NO_USER: u32 = u32::MAX;

/// How far an entry may travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It stays on this machine.
    Local,
    /// It may be sent to tiers beyond this machine.
    Shared,
}

/// A session's random ID, written as 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub u64);

/// The text is not 16 hex digits.
#[derive(Debug)]
pub struct InvalidSessionId;

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.len() {
            16 => u64::from_str_radix(text, 16).map(Self),
            _ => return Err(InvalidSessionId),
        }
        .map_err(|_| InvalidSessionId)
    }
}

/// An entry: the object that an action has produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The object.
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// When the entry was put.
    pub time: SystemTime,
    /// What the object is, what the entry is for, and what the host established.
    pub content: Content,
    /// When the entry expires; `None` for never.
    pub expires: Option<SystemTime>,
    /// How far it may travel.
    pub reach: Reach,
    /// The session that put it.
    pub producer: SessionId,
    /// The user that put it; the largest number where another machine has sent it.
    pub user: u32,
    /// The boot under which the object was last hashed.
    pub boot: BootId,
}

/// A new entry, as a session gives it; the store adds the rest.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry {
    /// The object.
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// What the object is, what the entry is for, and what the host established.
    pub content: Content,
    /// How long the entry is valid; `None` for ever.
    pub lifetime: Option<Duration>,
    /// How far it may travel.
    pub reach: Reach,
    /// The session that puts it.
    pub producer: SessionId,
    /// The user that puts it.
    pub user: u32,
}

/// An entry read from a line, and the offset of its boot in the line.
pub(super) struct Line {
    pub(super) entry: Entry,
    pub(super) boot_offset: u64,
}

impl Entry {
    /// Whether the entry has expired at `now`.
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The line, with its newline.
    pub(super) fn to_line(self) -> String {
        let reach = match self.reach {
            Reach::Local => "local",
            Reach::Shared => "shared",
        };
        format!(
            "{VERSION} {} {} {} {} {} {} {} {reach} {} {} {}\n",
            self.output,
            self.size,
            since_1970(self.time).as_nanos(),
            self.content.kind.number(),
            self.content.role.number(),
            self.content.facts.bits(),
            self.expires
                .map_or(0, |expires| since_1970(expires).as_secs()),
            self.producer,
            self.user,
            self.boot,
        )
    }

    /// Reads a line; `None` where it is damaged or cut short.
    pub(super) fn from_line(line: &[u8]) -> Option<Line> {
        let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let mut fields = text.split(' ');
        if fields.next()? != VERSION {
            return None;
        }
        let entry = Self {
            output: Digest::from_hex(fields.next()?)?,
            size: fields.next()?.parse().ok()?,
            time: UNIX_EPOCH.checked_add(Duration::from_nanos(fields.next()?.parse().ok()?))?,
            content: Content {
                kind: Kind::from_number(fields.next()?.parse().ok()?),
                role: Role::from_number(fields.next()?.parse().ok()?),
                facts: Facts::from_bits(fields.next()?.parse().ok()?),
            },
            expires: match fields.next()?.parse().ok()? {
                0 => None,
                seconds => Some(UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?),
            },
            reach: match fields.next()? {
                "local" => Reach::Local,
                "shared" => Reach::Shared,
                _ => return None,
            },
            producer: fields.next()?.parse().ok()?,
            user: fields.next()?.parse().ok()?,
            boot: BootId::UNKNOWN,
        };
        let boot = fields.next()?;
        Some(Line {
            // Both point into the same text.
            boot_offset: (boot.as_ptr().addr() - text.as_ptr().addr()) as u64,
            entry: Self {
                boot: boot.parse().ok()?,
                ..entry
            },
        })
    }
}

/// Reads an entry's file, and when it was last marked as used. The entry is `None` where its line
/// is damaged.
///
/// # Errors
/// When it cannot be read, or is no regular file.
pub(super) fn read_entry(path: &Path) -> io::Result<(Option<Entry>, SystemTime)> {
    let (file, status) = files::open_regular(path, false)?;
    let mut line = Vec::with_capacity(TYPICAL_LINE);
    file.take(MAX_LINE as u64 + 1).read_to_end(&mut line)?;
    let entry = match line.len() <= MAX_LINE {
        true => Entry::from_line(&line).map(|line| line.entry),
        false => None,
    };
    Ok((entry, status.modified))
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests {
    use super::fuzzing::entry_line;
    use super::*;

    fn entry() -> Entry {
        Entry {
            output: Digest::of(b"output"),
            size: 1 << 60,
            time: UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789),
            content: Content {
                kind: Kind::PackageArchive,
                role: Role::Output,
                facts: Facts::BUILD_ID_MATCHES,
            },
            expires: Some(UNIX_EPOCH + Duration::from_secs(1_900_000_000)),
            reach: Reach::Shared,
            producer: SessionId(0x00ff_00ff_00ff_00ff),
            user: 1000,
            boot: BootId::of("a boot"),
        }
    }

    #[test]
    fn a_line_leads_back_to_its_entry_and_later_fields_are_ignored() {
        let line = entry().to_line();
        let read = Entry::from_line(line.as_bytes()).unwrap();
        assert_eq!(read.entry, entry());
        let boot = &line[read.boot_offset as usize..];
        assert_eq!(boot, format!("{}\n", entry().boot));
        let later = line.replace('\n', " later fields\n");
        assert_eq!(Entry::from_line(later.as_bytes()).unwrap().entry, entry());
    }

    /// A line of this version, as it stands in stores. It is read for as long as there is this
    /// version.
    #[test]
    fn a_kept_line_is_read() {
        let text = include_str!("fixtures/entry-v2");
        let read = Entry::from_line(text.as_bytes()).unwrap();
        let later = Content {
            kind: Kind::Numbered(4242),
            role: Role::Numbered(77),
            facts: Facts::from_bits(1 << 9 | 1),
        };
        assert_eq!(
            read.entry,
            Entry {
                content: later,
                ..entry()
            }
        );
        // Windows counts in units of 100 nanoseconds, and what is below them is lost.
        let written = match cfg!(windows) {
            true => text.replace("123456789", "123456700"),
            false => text.to_owned(),
        };
        assert_eq!(read.entry.to_line(), written);
    }

    #[test]
    fn fuzz_entry_line() {
        cachewarden_fuzz::fuzz("entry-line", entry_line);
    }

    #[test]
    fn a_line_cut_anywhere_is_no_entry() {
        let line = entry().to_line();
        for length in 0..line.len() {
            assert!(
                Entry::from_line(&line.as_bytes()[..length]).is_none(),
                "{length} bytes"
            );
        }
    }
}
