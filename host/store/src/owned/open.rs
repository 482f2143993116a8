//! Opens a store for a daemon.

use std::path::Path;
use std::sync::Arc;

use super::Owned;
use super::lock::take;
use crate::error::StoreError;
use crate::owner::SharedStore;
use crate::private::PrivateObjects;
use crate::usage::UsageTable;
use crate::witnesses::WitnessTable;
use crate::{Shared, Store, layout};

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
        let lock = take(folder)?;
        let store = Self::without_folder();
        let private = std::path::absolute(private).map_err(unusable)?;
        let owned = Owned {
            lock,
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

    /// The process of the killed daemon whose lock this one has taken over, where there was one.
    pub fn taken_over_from(&self) -> Option<u32> {
        self.owned()?.lock.taken_over_from
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
        let another = format!("another daemon has the store {}: ", store.display());
        for (error, told) in [
            (open().unwrap_err(), "cachewarden connect --socket PATH"),
            (owned_again().unwrap_err(), &*another),
        ] {
            assert_eq!(error.code(), Code::StoreOfADaemon);
            let text = error.told();
            assert!(text.contains(told), "{text}");
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
