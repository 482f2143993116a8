//! Objects: files named by the SHA-256 of their bytes, in 256 folders.
//!
//! A file gets its name by a rename, after its bytes were hashed; it never changes afterwards.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::shard_dir::ShardDir;
use super::{access, files};

/// Bytes that are read at a time: enough that the cost of system calls is small, and few enough to
/// stay in a processor's cache.
pub(super) const BUFFER: usize = 128 * 1024;

/// The mode of an object: not even its owner writes to it.
pub(super) const OBJECT_MODE: u32 = 0o444;

/// The mode of an object that a policy admits as a program: cmd/go runs it.
#[cfg(unix)]
pub(super) const PROGRAM_MODE: u32 = 0o555;

/// Which folder an object is in. The path that a client gets belongs to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// In the store.
    Store,
    /// In the private folder of this user.
    Private,
    /// In the base at this position, which is only read.
    Base(usize),
}

/// A folder of objects.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) shard_dir: ShardDir,
    /// They are those of a base: nothing of them changes, also where this process could change it.
    is_base: bool,
    /// How many damaged objects were replaced.
    repairs: AtomicU64,
}

impl Objects {
    /// Objects under `folder`, which need not exist yet.
    pub(super) fn new(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            shard_dir: ShardDir::new(folder, lock_timeout),
            is_base: false,
            repairs: AtomicU64::new(0),
        }
    }

    /// The objects of a base, in the folder of these shards.
    pub(super) fn of_base(shard_dir: ShardDir) -> Self {
        Self {
            shard_dir,
            is_base: true,
            repairs: AtomicU64::new(0),
        }
    }

    /// Notes that a damaged object was replaced: views may have links to it, or copies of it.
    pub(super) fn note_repair(&self) {
        self.repairs.fetch_add(1, Ordering::Release);
    }

    /// How many damaged objects this process has replaced.
    #[cfg(unix)]
    pub(super) fn repairs(&self) -> u64 {
        self.repairs.load(Ordering::Acquire)
    }

    /// When an object of this size was last marked as used; `None` where there is none.
    pub(super) fn find(&self, output: &Digest, size: u64) -> Option<SystemTime> {
        let status = self.shard_dir.status(output).ok()?;
        (status.size == size).then_some(status.modified)
    }

    /// Marks an object as used, if that is due. Returns false if it may be removed at any moment:
    /// it is gone already, or the lock that keeps the trimmer away could not be taken. `touched` is
    /// when it was last marked. An object of a base is never marked, and nothing removes it while the
    /// base is open.
    pub(super) fn touch_if_due(
        &self,
        output: &Digest,
        touched: &mut SystemTime,
        now: SystemTime,
    ) -> bool {
        if self.is_base || !files::is_touch_due(*touched, now) {
            return true;
        }
        match files::touch(
            &self.shard_dir.path(output),
            now,
            self.shard_dir.lock_timeout(),
        ) {
            Ok(marked) => {
                if marked {
                    *touched = now;
                }
                true
            }
            Err(error) => access::is_read_only_error(&error),
        }
    }

    /// Makes an object executable. It must not be open for writing any more, or the system would
    /// not run it. One of a base must be executable already. This fails where the file system runs
    /// no programs.
    pub(super) fn make_executable(&self, output: &Digest) -> io::Result<()> {
        let path = self.shard_dir.path(output);
        if !access::is_program(&path)? {
            if self.is_base {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            access::make_program(&path)?;
        }
        access::check_program_runs(&path)
    }

    /// Whether the object's bytes hash to its name, and it has this size.
    pub(super) fn has_right_bytes(&self, output: &Digest, size: u64) -> bool {
        let Ok((mut file, _)) = self.shard_dir.open(output, false) else {
            return false;
        };
        matches!(hash(&mut file), Ok((digest, length)) if digest == *output && length == size)
    }
}

/// The digest and the length of a file, from its current position.
///
/// # Errors
/// When it cannot be read.
pub fn hash(file: &mut File) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let length = read_parts(file, |part| {
        hasher.update(part);
        Ok(())
    })?;
    Ok((Digest::finish(hasher), length))
}

/// Gives the bytes of a file from its current position to `take`, part by part; how many there are.
pub(super) fn read_parts(
    file: &mut File,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        take(&buffer[..count])?;
        length += count as u64;
    }
}

#[cfg(test)]
#[cfg_attr(windows, allow(unused_imports, reason = "some tests are for Unix"))]
mod tests {
    use super::*;
    use crate::test_store::{HOUR, TestStore, modified, overwrite, set_age};
    use std::fs;

    fn objects(test: &TestStore) -> &Objects {
        &test.store.shared.as_ref().unwrap().objects
    }

    #[test]
    #[cfg(unix)] // Links: wine makes none.
    fn an_object_is_found_by_its_name_and_its_size() {
        let test = TestStore::new();
        let output = test.put_object(b"object");
        let objects = objects(&test);
        assert_eq!(
            objects.find(&output, 6),
            Some(modified(&test.object(&output)))
        );
        assert_eq!(objects.find(&output, 5), None);
        assert_eq!(objects.find(&Digest::of(b"another"), 6), None);
        fs::remove_file(test.object(&output)).unwrap();
        assert_eq!(objects.find(&output, 6), None);
        std::os::unix::fs::symlink("/dev/null", test.object(&output)).unwrap();
        assert_eq!(objects.find(&output, 0), None, "nothing is followed");
    }

    #[test]
    #[cfg(unix)] // Links: wine makes none.
    fn an_object_is_sound_where_its_bytes_have_its_name() {
        let test = TestStore::new();
        let output = test.put_object(b"object");
        let (objects, path) = (objects(&test), test.object(&output));
        assert!(objects.has_right_bytes(&output, 6));
        assert!(!objects.has_right_bytes(&output, 5));
        for damage in [&b"Object"[..], b"objec", b"objects", b""] {
            overwrite(&path, damage);
            assert!(!objects.has_right_bytes(&output, 6), "{damage:?}");
            assert!(!objects.has_right_bytes(&output, damage.len() as u64));
        }
        // A link, even to the right bytes, and a folder are no objects.
        fs::remove_file(&path).unwrap();
        let elsewhere = test.folder().join("elsewhere");
        fs::write(&elsewhere, b"object").unwrap();
        std::os::unix::fs::symlink(elsewhere, &path).unwrap();
        assert!(!objects.has_right_bytes(&output, 6));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(!objects.has_right_bytes(&output, 6));
    }

    #[test]
    fn an_object_is_marked_as_used_at_most_once_an_hour() {
        let test = TestStore::new();
        let output = test.put_object(b"object");
        let (objects, path) = (objects(&test), test.object(&output));
        for (age, is_marked) in [(HOUR / 2, false), (2 * HOUR, true), (1000 * HOUR, true)] {
            let before = set_age(&path, age);
            let (mut used, now) = (before, SystemTime::now());
            assert!(objects.touch_if_due(&output, &mut used, now));
            assert_eq!(used, if is_marked { now } else { before }, "{age:?}");
            assert_eq!(modified(&path) > before, is_marked, "{age:?}");
        }
        // Whether it is there is looked at where the mark is due.
        fs::remove_file(&path).unwrap();
        let now = SystemTime::now();
        assert!(objects.touch_if_due(&output, &mut (now - HOUR / 2), now));
        assert!(!objects.touch_if_due(&output, &mut (now - 2 * HOUR), now));
    }

    #[test]
    #[cfg(unix)] // Windows has no modes.
    fn an_object_that_a_policy_admits_can_be_run_and_nobody_can_write_it() {
        use std::os::unix::fs::PermissionsExt;
        let test = TestStore::new();
        let output = test.put_object(b"object");
        let (objects, path) = (objects(&test), test.object(&output));
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(), OBJECT_MODE);
        for _ in 0..2 {
            objects.make_executable(&output).unwrap();
            assert_eq!(mode(), PROGRAM_MODE);
        }
        let error = objects.make_executable(&Digest::of(b"another"));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_hashed_from_where_it_stands_to_its_end() {
        for length in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER] {
            let bytes = vec![7; length];
            let mut file = tempfile::tempfile().unwrap();
            io::Write::write_all(&mut file, &bytes).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            let expected = (Digest::of(&bytes), length as u64);
            assert_eq!(hash(&mut file).unwrap(), expected);
            assert_eq!(hash(&mut file).unwrap(), (Digest::of(b""), 0));
        }
    }
}
