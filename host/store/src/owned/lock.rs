//! The lock by which one daemon alone has a store: on the file `daemon`, which also says who has
//! it.
//!
//! A killed daemon can keep its lock: its files are open for as long as one of its threads waits
//! where no signal ends the wait. A job can make a thread wait so
//! (docs/decisions/0033-a-killed-daemon-is-replaced.md). So the next daemon takes the lock over
//! where the file names a process that was killed and executes nothing any more. It puts another
//! file in the place of the locked one.
//!
//! What always holds: two daemons never have the store. A daemon takes the lock, and replaces its
//! file, only while it holds a lock on the store's folder; and nothing is taken from a process that
//! is alive, or of which nothing is known.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cachewarden_system::file_status;
use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_system::process::{Process, State};

use crate::error::StoreError;
use crate::files::HeldLock;
use crate::{files, layout};

/// How long a daemon waits for the lock: other processes that open the store hold it for a moment,
/// to see whether it can be taken.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the lock is tried within that time.
const LOCK_INTERVAL: Duration = Duration::from_millis(10);

/// How long a daemon waits for another one that is taking the lock at the same time.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes that are read of the file: it has three numbers and the ID of a boot.
const MAX_FILE: u64 = 1024;

/// How often the lock is looked at again after its file was replaced.
const LOOKS: usize = 5;

/// The lock. It is released when this is dropped, and when this process ends. A child process does
/// not get it.
#[derive(Debug)]
pub(super) struct Lock {
    _file: HeldLock,
    /// The process of the killed daemon from which it was taken over.
    pub(super) taken_over_from: Option<u32>,
}

/// What is known of the process that has the lock.
enum Holder {
    /// A process that was killed, by its number.
    Killed(u32),
    /// Who it is, for a person, and what to do.
    Other(String),
}

/// Takes the lock of a store.
pub(super) fn take(folder: &Path) -> Result<Lock, StoreError> {
    let unusable = |source| StoreError::Unusable {
        folder: folder.to_owned(),
        source,
    };
    let refused = |holder| StoreError::OwnedByAnother {
        folder: folder.to_owned(),
        holder,
    };
    let turn = File::open(folder).map_err(unusable)?;
    let Some(_turn) = lock_with_timeout(turn, TURN_TIMEOUT).map_err(unusable)? else {
        return Err(refused("it is being started at this moment".to_owned()));
    };
    let path = folder.join(layout::DAEMON);
    let open = || files::open_or_create(&path, files::FILE_MODE);
    let locked = open().and_then(lock_now_or_soon);
    if let Some(file) = locked.map_err(unusable)? {
        write(&file);
        return Ok(Lock {
            _file: HeldLock(file),
            taken_over_from: None,
        });
    }
    match open().and_then(read).map_err(unusable)? {
        Holder::Killed(pid) => Ok(Lock {
            _file: HeldLock(replace(folder, &path).map_err(unusable)?),
            taken_over_from: Some(pid),
        }),
        Holder::Other(text) => Err(refused(text)),
    }
}

/// Locks the file; `None` after the timeout. A thread that waits would outlive the timeout, and get
/// the lock for a moment when its holder ends: the store would look owned then.
fn lock_now_or_soon(file: File) -> io::Result<Option<File>> {
    let end = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() >= end => return Ok(None),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_INTERVAL),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Puts another file into the place of the locked one. It is locked before it has the name.
fn replace(folder: &Path, path: &Path) -> io::Result<File> {
    let new = files::new_in(folder, files::FILE_MODE)?;
    new.as_file().try_lock().map_err(io::Error::from)?;
    write(new.as_file());
    Ok(new.persist(path)?)
}

/// Says in the file who has the lock. From a process that could not say it, nobody takes it over.
fn write(mut file: &File) {
    // On a full disk a daemon starts all the same.
    let _ = file.set_len(0);
    if let Ok(process) = Process::current() {
        let _ = writeln!(file, "{process}");
    }
}

/// Who has the lock, by what the file says.
fn read(file: File) -> io::Result<Holder> {
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text)?;
    let Ok(process) = text.parse::<Process>() else {
        return Ok(Holder::Other(
            "which process that is, is not known".to_owned(),
        ));
    };
    let pid = process.pid;
    Ok(match process.state() {
        State::Killed => Holder::Killed(pid),
        State::Alive => Holder::Other(format!("process {pid}")),
        State::Unseen => Holder::Other(format!(
            "process {pid} of another container, process namespace or machine, of which nothing is seen here. If that was killed and does not end, one of its threads waits for a pipe of a job: end that job, or start this daemon where the process is seen"
        )),
    })
}

/// Refuses a store that a daemon owns.
pub(crate) fn refuse_owned(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(layout::DAEMON);
    for _ in 0..LOOKS {
        // No daemon has ever used it, or it cannot be read: then it is not changed either.
        let Ok((file, status)) = files::open_regular(&path, false) else {
            return Ok(());
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => break,
            // A file system without locks has no daemon: it could not have taken the lock.
            Err(TryLockError::Error(_)) => return Ok(()),
            Ok(()) => {}
        }
        // Otherwise a daemon has put its own file there meanwhile.
        if file_status::at(&path).is_ok_and(|now| now.id == status.id) {
            return Ok(());
        }
    }
    Err(StoreError::Owned {
        folder: folder.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    /// Who has the lock by a file with this text.
    #[cfg(target_os = "linux")]
    fn holder(text: &str) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        match read(file).unwrap() {
            Holder::Killed(pid) => format!("killed {pid}"),
            Holder::Other(text) => text,
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_a_process_that_is_known_and_killed_loses_the_lock() {
        let own = Process::current().unwrap().to_string();
        assert_eq!(holder(&own), format!("process {}", std::process::id()));
        for unknown in ["", "\n", "12", "not a process", &own.repeat(100), "\0"] {
            assert!(holder(unknown).ends_with("is not known"), "{unknown}");
        }
        let elsewhere = own.replace(' ', " 1");
        assert!(holder(&elsewhere).contains("of another container"), "{own}");
    }

    /// Origin: the thread that had waited in vain got the lock when the daemon ended.
    #[test]
    #[cfg(target_os = "linux")]
    fn who_has_waited_in_vain_waits_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = take(folder.path()).unwrap();
        take(folder.path()).unwrap_err();
        let inode = fs::metadata(folder.path().join(layout::DAEMON))
            .unwrap()
            .ino();
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let of_file = locks
            .lines()
            .filter(|line| line.contains(&format!(":{inode} ")));
        let (waiting, held): (Vec<_>, Vec<_>) = of_file.partition(|line| line.contains("->"));
        assert_eq!((waiting.len(), held.len()), (0, 1), "{locks}");
    }

    /// What a child process has for a moment between fork and exec: another handle of the same open
    /// file.
    #[test]
    fn a_dropped_lock_is_free_though_a_child_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let lock = take(folder.path()).unwrap();
        let of_a_child = lock._file.0.try_clone().unwrap();
        refuse_owned(folder.path()).unwrap_err();
        drop(lock);
        refuse_owned(folder.path()).unwrap();
        drop(of_a_child);
    }

    /// A process that has opened the file of a killed daemon, and gets a lock on it when that one
    /// has ended, finds that another daemon has put its own there.
    #[test]
    fn a_lock_on_a_file_that_was_replaced_is_none_on_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(layout::DAEMON);
        let first = take(folder.path()).unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        let second = replace(folder.path(), &path).unwrap();
        assert_ne!(fs::metadata(&path).unwrap().ino(), before);
        drop(first);
        refuse_owned(folder.path()).unwrap_err();
        drop(second);
        refuse_owned(folder.path()).unwrap();
    }
}
