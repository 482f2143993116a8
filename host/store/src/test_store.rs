//! A store for unit tests: real files in a temporary folder, which also has the private folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_content::Content;
use cachewarden_system::safe_open::to_read_and_touch;
use cachewarden_types::{Digest, Facts, Kind, Role, ScopeName};
use tempfile::TempDir;

use crate::private::PrivateObjects;
use crate::{NewEntry, Reach, SessionId, SharedStore, Store, files, layout};

/// An hour.
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);

/// A store in a temporary folder, which is removed when this is dropped.
pub(crate) struct TestStore {
    folder: TempDir,
    pub(crate) store: Store,
}

impl TestStore {
    /// An empty store of a daemon.
    #[cfg(unix)]
    pub(crate) fn owned() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, private) = (folder.path().join("store"), folder.path().join("private"));
        Self {
            store: Store::open_owned(&store, &private).unwrap(),
            folder,
        }
    }

    /// Closes the store of a daemon and opens it again, as after a start of the daemon.
    #[cfg(unix)]
    pub(crate) fn open_again(&mut self) {
        self.store = Store::without_folder();
        self.store = Store::open_owned(&self.folder(), &self.private()).unwrap();
    }

    /// An empty store.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        let private = folder.path().join("private");
        Self {
            store: Store {
                private: Arc::new(PrivateObjects::in_folder(private, files::lock_timeout())),
                ..store
            },
            folder,
        }
    }

    /// The folder of the store.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The private folder.
    pub(crate) fn private(&self) -> PathBuf {
        self.folder.path().join("private")
    }

    /// Puts an object.
    pub(crate) fn put_object(&self, bytes: &[u8]) -> Digest {
        let output = Digest::of(bytes);
        let mut writer = self.store.receive(output);
        writer.write(bytes);
        writer.finish().unwrap();
        output
    }

    /// Puts an object and an entry that names it; returns the action, which is made of the name.
    pub(crate) fn put(&self, scope_name: &str, name: &str, bytes: &[u8]) -> Digest {
        let action = Digest::of(name.as_bytes());
        let entry = new_entry(self.put_object(bytes), bytes.len() as u64);
        self.store
            .put_entry(&scope(scope_name), &action, entry, SystemTime::now())
            .unwrap();
        action
    }

    /// The path of an object.
    pub(crate) fn object(&self, output: &Digest) -> PathBuf {
        layout::object_path(&self.folder(), output)
    }

    /// The path of an entry.
    pub(crate) fn entry(&self, scope_name: &str, action: &Digest) -> PathBuf {
        layout::scope_path(&self.folder(), &scope(scope_name)).join(action.file_path().as_str())
    }

    /// The paths of all objects and entries.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let folders = [layout::OBJECTS, layout::SCOPES].map(|name| self.folder().join(name));
        folders
            .iter()
            .flat_map(|folder| files_below(folder))
            .collect()
    }
}

/// A scope's name.
pub(crate) fn scope(name: &str) -> ScopeName {
    name.parse().unwrap()
}

/// The entry that the tests put.
pub(crate) fn new_entry(output: Digest, size: u64) -> NewEntry {
    NewEntry {
        output,
        size,
        content: Content {
            kind: Kind::Other,
            role: Role::Unknown,
            facts: Facts::NONE,
        },
        lifetime: None,
        reach: Reach::Local,
        producer: SessionId(1),
        user: 1000,
    }
}

/// All files below a folder, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in files::names_in(folder) {
        let path = folder.join(name);
        match fs::symlink_metadata(&path).unwrap().is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Replaces the content of a file, even of a read-only one.
pub(crate) fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Sets a file's time of last use to this long ago; returns the new time.
pub(crate) fn set_age(path: &Path, age: Duration) -> SystemTime {
    let used = SystemTime::now() - age;
    let file = to_read_and_touch().open(path).unwrap();
    file.set_modified(used).unwrap();
    modified(path)
}

/// When a file was last marked as used.
pub(crate) fn modified(path: &Path) -> SystemTime {
    fs::symlink_metadata(path).unwrap().modified().unwrap()
}
