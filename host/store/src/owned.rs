//! A store that a daemon owns: it alone changes the store, so it can keep in memory who has
//! witnessed what, and how much each scope has.
//!
//! The daemon holds a lock on the file `daemon` for as long as the store is open. Every other
//! process that would change the store looks at that lock, and does not open the store.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cachewarden_system::lock_timeout::lock_with_timeout;

use super::error::StoreError;
use super::owner::SharedStore;
use super::private::PrivateObjects;
use super::usage::UsageTable;
use super::witnesses::WitnessTable;
use super::{Shared, Store, files, layout};

/// How long a daemon waits for the lock: other processes that open the store hold it for a moment,
/// to see whether it can be taken.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// What a daemon has of its store beside the files.
#[derive(Debug)]
pub(super) struct Owned {
    /// Locked for as long as the store is open. A child process does not get it.
    _lock: File,
    pub(super) witnesses: WitnessTable,
    pub(super) usage: UsageTable,
}

impl Store {
    /// Opens the store in `folder` for a daemon, which alone may change it until this is dropped.
    /// Objects that the store cannot take go to `private`, a folder that is made when it is needed;
    /// the folder above it must exist.
    ///
    /// # Errors
    /// When another daemon has the store; or as [`Store::open`], where other users may never change
    /// the store.
    pub fn open_owned(folder: &Path, private: &Path) -> Result<Self, StoreError> {
        layout::prepare(folder, SharedStore::Deny)?;
        let unusable = |source| StoreError::Unusable {
            folder: folder.to_owned(),
            source,
        };
        let file = files::open_or_create(&folder.join(layout::DAEMON), files::FILE_MODE)
            .map_err(unusable)?;
        let Some(lock) = lock_with_timeout(file, LOCK_TIMEOUT).map_err(unusable)? else {
            return Err(StoreError::Owned {
                folder: folder.to_owned(),
            });
        };
        let store = Self::without_folder();
        let private = std::path::absolute(private).map_err(unusable)?;
        let owned = Owned {
            _lock: lock,
            witnesses: WitnessTable::new(
                folder.join(layout::WITNESSES),
                Arc::clone(&store.lock_timeout),
            ),
            usage: UsageTable::default(),
        };
        let mut shared = Shared::new(folder, SharedStore::Deny, &store.lock_timeout);
        shared.owned = Some(owned);
        Ok(Self {
            shared: Some(shared),
            private: Arc::new(PrivateObjects::in_folder(
                private,
                Arc::clone(&store.lock_timeout),
            )),
            ..store
        })
    }

    /// What a daemon has of this store; `None` where no daemon owns it.
    pub(super) fn owned(&self) -> Option<&Owned> {
        self.shared.as_ref()?.owned.as_ref()
    }
}

/// Refuses a store that a daemon owns.
pub(super) fn refuse_owned(folder: &Path) -> Result<(), StoreError> {
    // No daemon has ever used it, or it cannot be read: then it is not changed either.
    let Ok((file, _)) = files::open_regular(&folder.join(layout::DAEMON), false) else {
        return Ok(());
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Err(StoreError::Owned {
            folder: folder.to_owned(),
        }),
        // A file system without locks has no daemon: it could not have taken the lock.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;
    use cachewarden_types::{Code, Problem};

    #[test]
    fn a_store_that_a_daemon_owns_is_changed_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (store, private) = (folder.path().join("store"), folder.path().join("private"));
        let owned = Store::open_owned(&store, &private).unwrap();
        let open = || Store::open(&store, SharedStore::Deny);
        let owned_again = || Store::open_owned(&store, &private);
        for error in [open().unwrap_err(), owned_again().unwrap_err()] {
            assert_eq!(error.code(), Code::StoreOfADaemon);
            let text = error.told();
            assert!(text.contains("cachewarden connect --socket PATH"), "{text}");
        }
        // Reading changes nothing.
        Store::open_to_look(&store, SharedStore::Deny).unwrap();
        drop(owned);
        let stdio = open().unwrap();
        let owned = owned_again().unwrap();
        assert!(open().is_err());
        drop((stdio, owned));
        open().unwrap();
    }

    #[test]
    fn a_daemons_private_folder_is_its_own() {
        let test = TestStore::owned();
        let objects = test.folder().join(layout::OBJECTS);
        // Something in the place of the folder: the store cannot be written.
        std::fs::write(objects, "").unwrap();
        let output = test.put_object(b"object");
        let path = test.private().join(output.file_path().as_str());
        assert_eq!(std::fs::read(path).unwrap(), b"object");
    }
}
