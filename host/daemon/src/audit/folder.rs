//! The files of the audit log: `TENANT.jsonl`, and `TENANT.NANOSECONDS.jsonl` once it was put
//! aside, with the time when that was. So a name says for how long a file may have been written to,
//! and whoever looks for something later can leave it out unread.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_types::since_1970;

/// The end of a file's name.
const SUFFIX: &str = ".jsonl";

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) tenant: String,
    /// When it was put aside, in nanoseconds since 1970. The one that is written to has none, and
    /// is the last.
    until: Until,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    PutAside(u64),
    Now,
}

impl Name {
    /// The file that is written to.
    pub(super) fn current(tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            until: Until::Now,
        }
    }

    /// A file that is put aside now, after everything that was written until `latest`.
    pub(super) fn put_aside(tenant: &str, latest: SystemTime) -> Self {
        // A clock that was set back must not make it older than what it has.
        let nanos = since_1970(SystemTime::now().max(latest)).as_nanos();
        Self {
            tenant: tenant.to_owned(),
            until: Until::PutAside(u64::try_from(nanos).unwrap_or(u64::MAX)),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.strip_suffix(SUFFIX)?;
        let Some((tenant, nanos)) = name.rsplit_once('.') else {
            return Some(Self::current(name));
        };
        Some(Self {
            tenant: tenant.to_owned(),
            until: Until::PutAside(nanos.parse().ok()?),
        })
    }

    pub(super) fn file_name(&self) -> String {
        match self.until {
            Until::PutAside(nanos) => format!("{}.{nanos}{SUFFIX}", self.tenant),
            Until::Now => format!("{}{SUFFIX}", self.tenant),
        }
    }

    /// When the last line was written, at the latest; `None` where more may be written.
    pub(super) fn until(&self) -> Option<SystemTime> {
        match self.until {
            Until::PutAside(nanos) => Some(UNIX_EPOCH + Duration::from_nanos(nanos)),
            Until::Now => None,
        }
    }
}

/// All files of the log, by tenant and time.
pub(super) fn names(folder: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for item in fs::read_dir(folder)? {
        names.extend(item?.file_name().to_str().and_then(Name::parse));
    }
    names.sort();
    Ok(names)
}

/// What of a tenant's files that were put aside, oldest first, goes: those that are older than
/// `keep`, and the oldest until the rest has at most `most` bytes.
pub(super) fn surplus(files: &[(Name, u64)], keep: Duration, most: u64) -> usize {
    let now = SystemTime::now();
    let is_old = |name: &Name| {
        let age = name
            .until()
            .and_then(|until| now.duration_since(until).ok());
        age.is_some_and(|age| age > keep)
    };
    let mut left: u64 = files.iter().map(|(_, size)| size).sum();
    let mut surplus = 0;
    for (name, size) in files {
        if left <= most && !is_old(name) {
            break;
        }
        left -= size;
        surplus += 1;
    }
    surplus
}

/// The path of a file.
pub(super) fn path(folder: &Path, name: &Name) -> PathBuf {
    folder.join(name.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_and_until_when() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b.jsonl",
            "a.jsonl",
            "a.9.jsonl",
            "a.10.jsonl",
            "a.x.jsonl",
            "a.9.txt",
            "notes",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names = names(folder.path()).unwrap();
        let shown: Vec<_> = names.iter().map(Name::file_name).collect();
        assert_eq!(shown, ["a.9.jsonl", "a.10.jsonl", "a.jsonl", "b.jsonl"]);
        assert_eq!(names[0].until(), Some(UNIX_EPOCH + Duration::from_nanos(9)));
        assert_eq!(names[2].until(), None);
        let later = SystemTime::now() + Duration::from_secs(60);
        assert_eq!(Name::put_aside("a", later).until(), Some(later));
    }

    #[test]
    fn the_oldest_go_until_the_rest_is_within_its_bounds() {
        let aged = |seconds: u64, size: u64| {
            let time = SystemTime::now() - Duration::from_secs(seconds);
            let nanos = time.duration_since(UNIX_EPOCH).unwrap().as_nanos();
            let name = Name::parse(&format!("a.{nanos}.jsonl")).unwrap();
            (name, size)
        };
        let files = [aged(900, 10), aged(600, 10), aged(300, 10)];
        for (keep, most, expected) in [
            (1_000, 30, 0),
            (700, 30, 1),
            (1_000, 29, 1),
            (1_000, 9, 3),
            (100, 30, 3),
        ] {
            let keep = Duration::from_secs(keep);
            assert_eq!(surplus(&files, keep, most), expected, "{keep:?}, {most}");
        }
    }
}
