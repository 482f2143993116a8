//! Sets the times, from the folder down.
//!
//! Every file is opened by its name in a folder that is open, and no name is followed that is a link.
//! A path that has other names than those of files, such as `..`, is not taken in. So no time is set
//! outside of the folder, whatever its index says and whatever is put in a folder's place meanwhile.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT,
};
use rustix::io::Errno;

use cachewarden_types::Code;

use crate::cli::failure::{Failure, OrFail};

use super::Counts;
use super::time::{Kind, Time, TimeOf};

/// Bytes that are read at a time: few system calls a file, and no more than the cache nearest to the
/// processor holds beside the hash.
const PIECE: usize = 64 << 10;

/// git's own folder, or the file that names it: no part of what is checked out.
const OF_GIT: &str = ".git";

/// Names in a path that is taken in. A folder stays open for each, and a process may have 1,024 open
/// files, or 256 on some systems. No Go module comes near.
const MOST_NAMES: usize = 128;

/// What git tracks in a folder.
#[derive(Default)]
pub(super) struct Tree {
    /// Whether the file gets a time.
    files: BTreeMap<OsString, bool>,
    folders: BTreeMap<OsString, Tree>,
}

impl Tree {
    /// Adds a file by its path, as git has it. `false` for a path that is not taken in: it has too
    /// many names, or one that git writes into no index.
    pub(super) fn add(&mut self, path: &[u8], gets_a_time: bool) -> bool {
        let names = || path.split(|byte| *byte == b'/');
        if names().count() > MOST_NAMES || !names().all(is_name) {
            return false;
        }
        let mut names = names().map(OsStr::from_bytes);
        let Some(name) = names.next_back() else {
            return false;
        };
        let mut tree = self;
        for folder in names {
            tree = tree.folders.entry(folder.to_owned()).or_default();
        }
        tree.files.insert(name.to_owned(), gets_a_time);
        true
    }

    /// How many files get a time.
    fn count(&self) -> u64 {
        let own = self.files.values().filter(|gets_a_time| **gets_a_time);
        own.count() as u64 + self.folders.values().map(Self::count).sum::<u64>()
    }
}

/// Whether a part of a path names a file or a folder in the one before it, and nothing of git's own.
fn is_name(part: &[u8]) -> bool {
    !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(OF_GIT.as_bytes())
}

/// Sets the times of what a folder holds, and of the folder itself.
pub(super) fn set_times(folder: &Path, tree: &Tree, counts: &mut Counts) -> Result<(), Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(CWD, folder, flags, Mode::empty());
    let opened = opened
        .map_err(io::Error::from)
        .or_fail(Code::CheckoutUnusable, || {
            format!("cannot open {}; look at its mode", folder.display())
        })?;
    walk(&opened, folder, tree, counts)
}

fn walk(folder: &OwnedFd, path: &Path, tree: &Tree, counts: &mut Counts) -> Result<(), Failure> {
    for (name, _) in tree.files.iter().filter(|(_, gets_a_time)| **gets_a_time) {
        let set = set_time_of_file(folder, name);
        match told(set, &path.join(name))? {
            Some(was_other) => {
                counts.files += 1;
                counts.changed += u64::from(was_other);
            }
            None => counts.skipped += 1,
        }
    }
    for (name, inner) in &tree.folders {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(folder, name, flags, Mode::empty()) {
            Ok(opened) => walk(&opened, &path.join(name), inner, counts)?,
            // git may look through a link that is in a folder's place.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => counts.skipped += inner.count(),
            Err(error) => told(Err(error.into()), &path.join(name))?,
        }
    }
    if let Some(was_other) = told(set_time_of_folder(folder), path)? {
        counts.folders += 1;
        counts.changed += u64::from(was_other);
    }
    Ok(())
}

fn told<Value>(done: io::Result<Value>, path: &Path) -> Result<Value, Failure> {
    done.or_fail(Code::CheckoutUnusable, || {
        format!(
            "cannot set the time of {} by its content; run mtimes as the owner of the checkout, where nothing else writes to it",
            path.display()
        )
    })
}

/// Whether the file had another time before; `None` where it keeps that.
fn set_time_of_file(folder: &OwnedFd, name: &OsStr) -> io::Result<Option<bool>> {
    // A pipe is not waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(folder, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP) => return set_time_of_link(folder, name),
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let before = rustix::fs::fstat(&file)?;
    let is_file = FileType::from_raw_mode(before.st_mode) == FileType::RegularFile;
    // The time of a file with further names is that of those, too, wherever they are.
    if !is_file || before.st_nlink > 1 {
        return Ok(None);
    }
    let kind = match Mode::from_raw_mode(before.st_mode).contains(Mode::XUSR) {
        true => Kind::Program,
        false => Kind::File,
    };
    let mut time = TimeOf::new(kind);
    let mut piece = vec![0; PIECE];
    loop {
        match (&file).read(&mut piece)? {
            0 => break,
            count => time.add(&piece[..count]),
        }
    }
    let time = time.time();
    if !is_same(&before, &rustix::fs::fstat(&file)?) {
        return Ok(None);
    }
    set_time(&file, &before, time).map(Some)
}

/// The same for a link, whose content is where it leads. Its target is not looked at.
fn set_time_of_link(folder: &OwnedFd, name: &OsStr) -> io::Result<Option<bool>> {
    let before = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_link = FileType::from_raw_mode(before.st_mode) == FileType::Symlink;
    if !is_link || before.st_nlink > 1 {
        return Ok(None);
    }
    let mut time = TimeOf::new(Kind::Link);
    time.add(rustix::fs::readlinkat(folder, name, Vec::new())?.as_bytes());
    let time = time.time();
    if time == time_of(&before) {
        return Ok(Some(false));
    }
    rustix::fs::utimensat(folder, name, &modified_at(time), AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(Some(true))
}

/// A folder's time follows from the names and the kinds of its entries, tracked or not: that is
/// what lists it.
fn set_time_of_folder(folder: &OwnedFd) -> io::Result<Option<bool>> {
    let before = rustix::fs::fstat(folder)?;
    let mut entries = BTreeMap::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if [".", "..", OF_GIT].map(str::as_bytes).contains(&name) {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let status =
                    rustix::fs::statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(status.st_mode)
            }
            kind => kind,
        };
        let kind = match kind {
            FileType::RegularFile => b'f',
            FileType::Directory => b'd',
            FileType::Symlink => b'l',
            _ => b'o',
        };
        entries.insert(name.to_vec(), kind);
    }
    let mut time = TimeOf::new(Kind::Folder);
    for (name, kind) in entries {
        time.add(&[kind]);
        time.add(&name);
        time.add(&[0]);
    }
    if !is_same(&before, &rustix::fs::fstat(folder)?) {
        return Ok(None);
    }
    set_time(folder, &before, time.time()).map(Some)
}

/// Sets a time, and sees that it was kept whole: without its nanoseconds, too many contents would
/// have the same.
fn set_time(file: impl AsFd, before: &Stat, time: Time) -> io::Result<bool> {
    if time == time_of(before) {
        return Ok(false);
    }
    rustix::fs::futimens(&file, &modified_at(time))?;
    if time != time_of(&rustix::fs::fstat(&file)?) {
        let now = Time {
            seconds: 0,
            nanoseconds: UTIME_NOW,
        };
        rustix::fs::futimens(&file, &modified_at(now))?;
        return Err(io::Error::other(
            "its file system keeps no nanoseconds, or something else has set another time",
        ));
    }
    Ok(true)
}

fn modified_at(time: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: time.seconds,
            tv_nsec: time.nanoseconds as _,
        },
    }
}

fn time_of(status: &Stat) -> Time {
    Time {
        seconds: status.st_mtime,
        nanoseconds: status.st_mtime_nsec as i64,
    }
}

/// Whether nothing was written between two looks.
fn is_same(before: &Stat, after: &Stat) -> bool {
    let change = |status: &Stat| (status.st_ctime, status.st_ctime_nsec);
    before.st_size == after.st_size
        && time_of(before) == time_of(after)
        && change(before) == change(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_elsewhere_or_is_too_deep_is_not_taken_in() {
        let mut tree = Tree::default();
        for path in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "./a",
            "..",
            "../a",
            "a/../../b",
            ".git/config",
            "a/.git",
            "a/.Git/b",
        ] {
            assert!(!tree.add(path.as_bytes(), true), "{path}");
        }
        assert!(tree.files.is_empty() && tree.folders.is_empty());
        for path in ["a", "b/.c", "b/...", ".gitattributes", "b/.github/d"] {
            assert!(tree.add(path.as_bytes(), true), "{path}");
        }
        let deepest = ["d"; MOST_NAMES].join("/");
        assert!(tree.add(deepest.as_bytes(), true));
        assert!(!tree.add(format!("d/{deepest}").as_bytes(), true));
        assert_eq!(tree.count(), 6);
    }
}
