//! Finds the program that a go command has just linked, in the work folders of this user's go
//! commands.
//!
//! `go run` and `go tool` link into `go-build<number>/b001/exe/<name>`, in the folder for temporary
//! files. Which of the work folders belongs to the go command of this session is not known. But
//! that go command waits, so its program names the link action and is unfinished: two go commands
//! that link the same program at once have the same bytes in the end.
//!
//! Other users may be able to make files in the folder for temporary files, so a work folder
//! counts only if it belongs to this user and no other has any right in it, and no link is
//! followed.

use std::fs::{self, DirEntry, File};
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, Dir, Mode, OFlags};

use cachewarden_content::ProgramId;
use cachewarden_store::hash_file;
use cachewarden_system::user;
use cachewarden_types::Digest;

use super::parent;

/// How the names of work folders begin (cmd/go/internal/work, NewBuilder).
const PREFIX: &str = "go-build";

/// Where the program is in a work folder: go numbers its actions, and the main package of a go
/// command with one program is the first.
const PROGRAMS: [&str; 2] = ["b001", "exe"];

/// Names in the folder for temporary files that are read at each link, some 0.2 microseconds each.
/// Where there are more, linking again is cheaper than looking each time.
const MAX_NAMES: usize = 10_000;

/// Work folders that are looked into, which takes some 10 microseconds each. Killed go commands
/// leave theirs.
const MAX_WORK_FOLDERS: usize = 256;

/// Go commands that link the same program at once. Each holds a file open, and each file is read
/// at the end.
const MAX_AT_ONCE: usize = 16;

/// Bytes of a program that is taken: the go command waits while it is copied, some 0.2 seconds for
/// this size.
const MAX_SIZE: u64 = 256 * 1024 * 1024;

/// How much older than it is a file may look: file systems count time in steps of up to two seconds.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// All permissions of the group and of everybody. go makes its work folder with none of them
/// (os.MkdirTemp), so what is below it is this user's.
const RIGHTS_OF_OTHERS: u32 = 0o077;

/// A program that go has not finished: the files that may be it.
pub(super) struct Unfinished {
    pub(super) name: String,
    files: Vec<File>,
}

/// Finds the program of a link action that a go command has linked since then, if that command is
/// one of which cmd/go keeps the programs. Where one of several may be the right one, and where the
/// right one may be too large, there is none.
pub(super) fn find(temporary: &Path, action: &Digest, since: SystemTime) -> Option<Unfinished> {
    if !parent::keeps_programs() {
        return None;
    }
    let oldest = since.checked_sub(CLOCK_STEP)?;
    let mut found: Option<Unfinished> = None;
    for folder in work_folders(temporary)? {
        // Another go command may be about to remove it.
        let Ok(Some((name, file))) = program_in(&folder.path(), action) else {
            continue;
        };
        let metadata = file.metadata().ok()?;
        if metadata.modified().ok()? < oldest {
            // A go command that was killed has left it, and nobody will finish it.
            continue;
        }
        if metadata.len() > MAX_SIZE {
            return None;
        }
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

/// The work folders in the folder for temporary files, unless there are too many.
fn work_folders(temporary: &Path) -> Option<Vec<DirEntry>> {
    let mut folders = Vec::new();
    for (count, entry) in fs::read_dir(temporary).ok()?.flatten().enumerate() {
        if count == MAX_NAMES {
            return None;
        }
        let name = entry.file_name();
        let is_work_folder = name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
        // Those of other users count nothing, however many there are.
        if is_work_folder
            && entry
                .metadata()
                .is_ok_and(|found| found.uid() == user::id())
        {
            folders.push(entry);
        }
    }
    (folders.len() <= MAX_WORK_FOLDERS).then_some(folders)
}

/// The unfinished program of a link action in one work folder, and its name.
fn program_in(work_folder: &Path, action: &Digest) -> io::Result<Option<(String, File)>> {
    let mut folder = open_folder(CWD, work_folder)?;
    let metadata = folder.metadata()?;
    let user = user::id();
    if metadata.uid() != user || metadata.mode() & RIGHTS_OF_OTHERS != 0 {
        return Ok(None);
    }
    for name in PROGRAMS {
        folder = open_folder(&folder, Path::new(name))?;
    }
    let Some(name) = only_name_in(&folder)? else {
        return Ok(None);
    };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(&folder, &name, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    let is_own = metadata.is_file() && metadata.uid() == user && metadata.nlink() == 1;
    let is_unfinished = is_own && id_in(&file, action)? == Some(ProgramId::Unfinished);
    Ok(is_unfinished.then_some((name, file)))
}

/// Opens a folder; a link is none.
fn open_folder(parent: impl AsFd, name: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?.into())
}

/// The name of the only file in a folder.
fn only_name_in(folder: impl AsFd) -> io::Result<Option<String>> {
    let mut only = None;
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else {
            return Ok(None);
        };
        if matches!(name, "." | "..") {
            continue;
        }
        if only.is_some() {
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
