//! Finds the program that a go command has just linked, in the work folders of this user's go
//! commands.
//!
//! `go run` and `go tool` link into `go-build<number>/b001/exe/<name>`, in the folder for temporary
//! files. Which of the work folders belongs to the go command of this session is not known. But
//! that go command waits, so its program names the link action and is unfinished: two go commands
//! that link the same program at once have the same bytes in the end.
//!
//! Other users may be able to make files in the folder for temporary files, so a work folder
//! counts only if it belongs to this user and no other can write in it, and no link is followed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags};

use cachewarden_content::ProgramId;
use cachewarden_store::hash_file;
use cachewarden_system::user;
use cachewarden_types::Digest;

/// How the names of work folders begin (cmd/go/internal/work, NewBuilder).
const PREFIX: &str = "go-build";

/// Where the program is in a work folder: go numbers its actions, and the main package of a go
/// command with one program is the first.
const PROGRAMS: &str = "b001/exe";

/// What `go build` calls a program before it moves it to its place. Its own cache keeps none of
/// them either.
const UNNAMED: &str = "a.out";

/// Work folders that are looked into, which takes some 10 microseconds each. Killed go commands
/// leave theirs; where there are more, linking again is cheaper than looking each time.
const MAX_WORK_FOLDERS: usize = 256;

/// Go commands that link the same program at once. Each holds a file open, and each file is read
/// at the end.
const MAX_AT_ONCE: usize = 16;

/// Bytes of a program that is taken: the go command waits while it is copied, some 0.2 seconds for
/// this size.
const MAX_SIZE: u64 = 256 * 1024 * 1024;

/// Write permission for the group or for everybody.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A program that go has not finished: the files that may be it.
pub(super) struct Unfinished {
    pub(super) name: String,
    files: Vec<File>,
}

/// Finds the program of a link action.
pub(super) fn find(temporary: &Path, action: &Digest) -> Option<Unfinished> {
    let names = fs::read_dir(temporary).ok()?.flatten();
    let is_work_folder = |name: &OsStr| name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
    let folders = names.filter(|entry| is_work_folder(&entry.file_name()));
    let folders: Vec<_> = folders.take(MAX_WORK_FOLDERS + 1).collect();
    if folders.len() > MAX_WORK_FOLDERS {
        return None;
    }
    let mut found: Option<Unfinished> = None;
    for folder in folders {
        // Another go command may be about to remove it.
        let Ok(Some((name, file))) = program_in(&folder.path(), action) else {
            continue;
        };
        match &mut found {
            None => {
                found = Some(Unfinished {
                    name,
                    files: vec![file],
                });
            }
            Some(found) if found.name == name && found.files.len() < MAX_AT_ONCE => {
                found.files.push(file);
            }
            Some(_) => return None,
        }
    }
    found
}

/// The unfinished program of a link action in one work folder, and its name.
fn program_in(work_folder: &Path, action: &Digest) -> io::Result<Option<(String, File)>> {
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let work_folder = File::from(rustix::fs::open(work_folder, folder, Mode::empty())?);
    let metadata = work_folder.metadata()?;
    let user = user::id();
    if metadata.uid() != user || metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        return Ok(None);
    }
    let programs = rustix::fs::openat(&work_folder, PROGRAMS, folder, Mode::empty())?;
    let Some(name) = only_name_in(&programs)? else {
        return Ok(None);
    };
    let file = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(&programs, &name, file, Mode::empty())?);
    let metadata = file.metadata()?;
    let is_own = metadata.is_file() && metadata.uid() == user && metadata.nlink() == 1;
    if !is_own || metadata.len() > MAX_SIZE {
        return Ok(None);
    }
    let is_unfinished = id_in(&file, action)? == Some(ProgramId::Unfinished);
    Ok(is_unfinished.then_some((name, file)))
}

/// The name of the only file in a folder, if it is the name of a program.
fn only_name_in(folder: impl std::os::fd::AsFd) -> io::Result<Option<String>> {
    let mut only = None;
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else {
            return Ok(None);
        };
        if matches!(name, "." | "..") {
            continue;
        }
        if only.is_some() || name.starts_with(UNNAMED) {
            return Ok(None);
        }
        only = Some(name.to_owned());
    }
    Ok(only)
}

fn id_in(file: &File, action: &Digest) -> io::Result<Option<ProgramId>> {
    let mut head = vec![0; ProgramId::HEAD];
    let mut length = 0;
    while length < head.len() {
        match file.read_at(&mut head[length..], length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(ProgramId::of(&head[..length], action))
}

impl Unfinished {
    /// The program, its digest and its size, if go has finished all that may be it, and they have
    /// the same bytes. Its file is at its beginning.
    pub(super) fn finished(self, action: &Digest) -> io::Result<Option<(File, Digest, u64)>> {
        let mut finished: Option<(File, Digest, u64)> = None;
        for mut file in self.files {
            if id_in(&file, action)? != Some(ProgramId::Finished) {
                return Ok(None);
            }
            let (output, size) = hash_file(&mut file)?;
            match &finished {
                Some((_, other, _)) if *other != output => return Ok(None),
                Some(_) => {}
                None => {
                    file.seek(SeekFrom::Start(0))?;
                    finished = Some((file, output, size));
                }
            }
        }
        Ok(finished)
    }
}
