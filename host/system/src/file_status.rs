//! The metadata of a file, and which file it is.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::SystemTime;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Which file it is: the numbers of its device and of the file on it. Another file can get them
/// once this one is gone and nobody has it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// The device, or the volume.
    pub device: u64,
    /// The file on it.
    pub file: u64,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; on Windows also a junction.
    Link,
    /// A device, a pipe, a socket; on Windows also what another program stands in for, such as a
    /// file that is still in the cloud.
    Other,
}

/// The metadata of a file.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// The last change of its content.
    pub modified: SystemTime,
    /// The last change of the file or of the folder's content, which programs cannot set.
    pub changed: SystemTime,
    /// How many bytes it has.
    pub size: u64,
    /// Which file it is.
    pub id: FileId,
    /// How many names it has. On Unix a folder that was removed has none.
    pub links: u64,
    /// What it is.
    pub kind: Kind,
    /// The user whose file it is.
    #[cfg(unix)]
    pub owner: u32,
    /// The permission bits, and the type of the file.
    #[cfg(unix)]
    pub mode: u32,
}

/// The metadata of an open file or folder.
///
/// # Errors
/// When the system does not tell.
pub fn of(file: &File) -> io::Result<Status> {
    system::of(file)
}

/// The metadata of what a path leads to; a link in the last place is not followed.
///
/// # Errors
/// When there is none, or the system does not tell.
pub fn at(path: &Path) -> io::Result<Status> {
    system::at(path)
}

/// As [`at`], and links are followed.
///
/// # Errors
/// As [`at`].
pub fn behind(path: &Path) -> io::Result<Status> {
    system::behind(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    #[test]
    fn an_open_file_and_its_path_have_the_same_status() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        fs::write(&path, "four").unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_000_000_000_123_456_700);
        file.set_modified(time).unwrap();
        let status = of(&file).unwrap();
        assert_eq!((status.size, status.kind, status.links), (4, Kind::File, 1));
        assert_eq!(status.modified, time);
        assert!(status.changed > time, "nobody sets it");
        for there in [at(&path).unwrap(), behind(&path).unwrap()] {
            assert_eq!(there.id, status.id);
            assert_eq!(
                (there.modified, there.changed, there.size),
                (status.modified, status.changed, status.size)
            );
        }

        let second = place.path().join("second");
        fs::hard_link(&path, &second).unwrap();
        let second = at(&second).unwrap();
        assert_eq!((second.id, second.links), (status.id, 2));
        fs::write(place.path().join("other"), "").unwrap();
        assert_ne!(at(&place.path().join("other")).unwrap().id, status.id);
    }

    #[test]
    fn a_folder_is_told_from_a_file_and_from_nothing() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(at(place.path()).unwrap().kind, Kind::Folder);
        let missing = at(&place.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    /// wine reports success for a link and makes none.
    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed_unless_asked() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        assert_eq!(at(&link).unwrap().kind, Kind::Link);
        assert_eq!(behind(&link).unwrap().kind, Kind::Folder);
    }
}
