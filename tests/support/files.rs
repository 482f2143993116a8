//! Eyes and hands for files: what a folder holds, how old a file is, and ways to spoil one.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;

use super::digest::{Digest, sha256};
use super::process::BOUND;

/// One hour, the unit of most of the store's promises.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Every file and link below a folder, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(items) = fs::read_dir(folder) else {
        return files;
    };
    for item in items {
        let item = item.expect("a folder can be read");
        if item.file_type().expect("its type").is_dir() {
            files.extend(files_below(&item.path()));
        } else {
            files.push(item.path());
        }
    }
    files.sort();
    files
}

/// A folder and every folder below it.
pub(crate) fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    for item in fs::read_dir(folder).expect("a folder can be read") {
        let path = item.expect("an item").path();
        if path.is_dir() {
            folders.extend(folders_below(&path));
        }
    }
    folders
}

/// Sets the permission bits.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode can be set");
}

/// A folder's files with their modes and what they hash to: equal before and after means untouched.
pub(crate) fn listing(folder: &Path) -> BTreeMap<PathBuf, (u32, Digest)> {
    let describe = |path: PathBuf| {
        let content = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.clone(), (mode(&path), sha256(&content)))
    };
    files_below(folder).into_iter().map(describe).collect()
}

/// The permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    metadata(path).mode() & 0o7777
}

/// When the file was last touched.
pub(crate) fn modified(path: &Path) -> SystemTime {
    metadata(path).modified().expect("a modification time")
}

/// Which file it is, whatever its path is called.
pub(crate) fn identity(path: &Path) -> (u64, u64) {
    let metadata = metadata(path);
    (metadata.dev(), metadata.ino())
}

fn metadata(path: &Path) -> fs::Metadata {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Makes a file look as if it had not been touched for so long.
pub(crate) fn make_older(file: &File, age: Duration) {
    let then = FileTimes::new().set_modified(SystemTime::now() - age);
    file.set_times(then).expect("its time can be set");
}

/// Replaces a file's content behind the store's back; its mode and its age stay.
pub(crate) fn overwrite(path: &Path, content: &[u8]) {
    let (mode, modified) = (mode(path), modified(path));
    set_mode(path, 0o644);
    fs::write(path, content).expect("it can be written");
    File::open(path)
        .and_then(|file| file.set_times(FileTimes::new().set_modified(modified)))
        .expect("its time can be set");
    set_mode(path, mode);
}

/// Replaces a file in one step, as another program does: whoever reads it meanwhile sees what was there, or all of this.
pub(crate) fn replace(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("a folder");
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o644))
        .prefix(".new-")
        .tempfile_in(folder)
        .expect("a file beside it");
    file.write_all(content).expect("it can be written");
    file.persist(path).expect("it can be replaced");
}

/// Changes one byte in the middle of a file, as a bad disk does.
pub(crate) fn damage(path: &Path) {
    let mut content = fs::read(path).expect("it can be read");
    let middle = content.len() / 2;
    content[middle] ^= 0x55;
    overwrite(path, &content);
}

/// Sees a file go, whoever removes it: watch first, then cause, then wait.
pub(crate) struct RemovalWatch {
    path: PathBuf,
    events: rustix::fd::OwnedFd,
}

impl RemovalWatch {
    /// Begins to watch a file that is still there.
    pub(crate) fn over(path: &Path) -> Self {
        assert!(path.exists(), "{} must be there first", path.display());
        let events = inotify::init(inotify::CreateFlags::CLOEXEC).expect("inotify");
        let folder = path.parent().expect("a folder");
        inotify::add_watch(
            &events,
            folder,
            inotify::WatchFlags::DELETE | inotify::WatchFlags::DELETE_SELF,
        )
        .expect("the folder can be watched");
        Self {
            path: path.to_owned(),
            events,
        }
    }

    /// Returns once the file is gone.
    #[track_caller]
    pub(crate) fn wait(self) {
        let deadline = Instant::now() + BOUND;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        while self.path.exists() {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.try_into().expect("a bound that the kernel can take");
            let ready =
                poll(&mut [PollFd::new(&self.events, PollFlags::IN)], Some(&left)).expect("poll");
            assert!(
                ready > 0,
                "{} was not removed within {BOUND:?}",
                self.path.display()
            );
            inotify::Reader::new(&self.events, &mut buffer)
                .next()
                .expect("an event");
        }
    }
}
