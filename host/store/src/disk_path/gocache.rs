//! Paths into the store: how the path of the store's folder is written for a go command with its
//! $GOCACHE.
//!
//! `go build -o x.a ./lib` moves an object out of the store unless its path begins, as text, with
//! $GOCACHE (docs/protocol.md#disk-path-prefix). So the path is written relative to it, as in
//! `$GOCACHE/../cachewarden`. The kernel follows `..` from the real folder of $GOCACHE, so the
//! relative path is computed between the real folders, whatever links lead to them.
//!
//! Such a path must lead to the store for as long as it is used, so it is only used where no other
//! user can change where it leads: with a link for $GOCACHE in a folder that others may write, they
//! could make go read their files. The path also becomes invalid when $GOCACHE is removed. A store
//! whose own path begins with the text of $GOCACHE, such as `$GOCACHE-store`, keeps its own path,
//! which stays valid.

use std::cell::{Cell, OnceCell};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use cachewarden_system::user::is_writable;
use cachewarden_types::Digest;

use crate::Store;
use crate::access;
use crate::cached::Cached;
use crate::objects::Location;
use crate::owner::SharedStore;
use crate::resolve::resolve_folder;

/// The paths for one client, which begin with its $GOCACHE where that is known.
#[derive(Debug)]
pub(super) struct GocachePaths {
    gocache: Option<PathBuf>,
    store: FolderPath,
    private: FolderPath,
    /// Those of the store's bases.
    bases: OnceCell<Box<[FolderPath]>>,
}

/// The path of one folder of objects, as the client gets it.
#[derive(Debug, Default)]
struct FolderPath {
    /// The path as text. It is computed when the first object exists, since a path can only be
    /// resolved when its folder exists.
    folder_path: OnceCell<String>,
    /// Whether the path leads to the folder, as of the last check.
    reachable: Cell<Option<Cached<bool>>>,
}

impl GocachePaths {
    /// The paths for a client with this $GOCACHE.
    pub(super) fn new(gocache: Option<PathBuf>) -> Self {
        Self {
            gocache,
            store: FolderPath::default(),
            private: FolderPath::default(),
            bases: OnceCell::new(),
        }
    }

    /// The path of an object.
    pub(super) fn path(&self, store: &Store, location: Location, output: &Digest) -> String {
        let folder = self.folder_path(store, location);
        [folder, "/", output.file_path().as_str()].concat()
    }

    /// The path of an object that was just put: the store's own path where the client's path does
    /// not lead to the store.
    pub(super) fn path_of_put(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
        now: SystemTime,
    ) -> String {
        match store.objects_at(location) {
            Some(objects) if !self.reach(store, location, now) => objects
                .shard_dir
                .path(output)
                .to_string_lossy()
                .into_owned(),
            _ => self.path(store, location, output),
        }
    }

    /// Whether the client's path leads to the objects there. The folder is checked now and then,
    /// and not the whole path for every object: where the path leads nowhere, cmd/go treats a hit
    /// as a miss (docs/protocol.md#failed-get).
    pub(super) fn reach(&self, store: &Store, location: Location, now: SystemTime) -> bool {
        let folder = self.folder(store, location);
        if let Some(reached) = folder
            .reachable
            .get()
            .and_then(|cached| cached.get_if_fresh(now))
        {
            return reached;
        }
        let folder_path = self.folder_path(store, location);
        let objects = store.objects_at(location);
        let reached = objects.is_some_and(|objects| {
            objects.shard_dir.resolves_from(folder_path)
                && (!matches!(location, Location::Base(_))
                    || self.is_left_alone(folder_path, objects.shard_dir.folder()))
        });
        // A path that leads nowhere is checked each time: the next put makes a removed store again.
        folder
            .reachable
            .set(reached.then(|| Cached::new(now, true)));
        reached
    }

    fn folder_path(&self, store: &Store, location: Location) -> &str {
        self.folder(store, location).folder_path.get_or_init(|| {
            let objects = store.objects_at(location);
            let folder = objects.map(|objects| objects.shard_dir.folder());
            path_from_gocache(
                self.gocache.as_deref(),
                folder.unwrap_or(Path::new("")),
                store.sharing_at(location),
            )
        })
    }

    /// Whether the client takes no object out of a folder that it knows by this path. From a store it
    /// may, which costs a miss; a base stays as it is.
    fn is_left_alone(&self, folder_path: &str, folder: &Path) -> bool {
        let gocache = self.gocache.as_deref().and_then(Path::to_str);
        gocache.is_none_or(|gocache| folder_path.starts_with(gocache)) || !is_writable(folder)
    }

    fn folder(&self, store: &Store, location: Location) -> &FolderPath {
        match location {
            Location::Store => &self.store,
            Location::Private => &self.private,
            Location::Base(place) => {
                let of_bases = || store.bases.iter().map(|_| FolderPath::default());
                &self.bases.get_or_init(|| of_bases().collect())[place]
            }
        }
    }
}

/// The path of `folder` that begins with `gocache`; `folder` itself where no such path leads to the
/// same folder, or where other users can change where it leads and `sharing` is
/// [`SharedStore::Deny`].
fn path_from_gocache(gocache: Option<&Path>, folder: &Path, sharing: SharedStore) -> String {
    let plain = folder.to_string_lossy();
    let folder_path = gocache
        .and_then(Path::to_str)
        .filter(|gocache| !plain.starts_with(gocache))
        .and_then(|gocache| relative_to_gocache(Path::new(gocache), folder, sharing));
    folder_path.unwrap_or_else(|| plain.into_owned())
}

fn relative_to_gocache(gocache: &Path, folder: &Path, sharing: SharedStore) -> Option<String> {
    let real_gocache = resolve_folder(gocache, sharing)?;
    let resolve_folder = resolve_folder(folder, sharing)?;
    let folder_path = gocache.join(relative_path(&real_gocache, &resolve_folder));
    access::is_same_folder(&folder_path, &resolve_folder)
        .then(|| folder_path.to_str().map(str::to_owned))?
}

/// The relative path from one real absolute folder to another.
fn relative_path(from: &Path, to: &Path) -> PathBuf {
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder_path(gocache: &Path, store: &Path) -> String {
        path_from_gocache(Some(gocache), store, SharedStore::Deny)
    }

    #[test]
    fn the_way_begins_with_gocache_and_leads_to_the_store() {
        let root = tempfile::tempdir().unwrap();
        let (gocache, store) = (root.path().join("go-build"), root.path().join("deep/store"));
        fs::create_dir_all(&gocache).unwrap();
        fs::create_dir_all(&store).unwrap();
        let link = root.path().join("link");
        symlink(&gocache, &link).unwrap();
        for from in [&gocache, &link] {
            let folder_path = folder_path(from, &store);
            assert!(
                folder_path.starts_with(from.to_str().unwrap()),
                "{folder_path}"
            );
            assert_eq!(
                fs::canonicalize(&folder_path).unwrap(),
                store.canonicalize().unwrap()
            );
        }
    }

    #[test]
    fn a_way_that_others_can_turn_is_not_told_unless_they_are_trusted() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for folder in ["shared", "gocache", "store"] {
            fs::create_dir(path(folder)).unwrap();
        }
        let (link, store) = (path("shared/link"), path("store"));
        symlink(path("gocache"), &link).unwrap();
        let set_mode = |mode| {
            let permissions = Permissions::from_mode(mode);
            fs::set_permissions(path("shared"), permissions).unwrap();
        };
        set_mode(0o777);
        assert_eq!(folder_path(&link, &store), store.to_str().unwrap());
        let trusting = path_from_gocache(Some(&link), &store, SharedStore::Allow);
        assert!(trusting.starts_with(link.to_str().unwrap()), "{trusting}");
        // As in /tmp: the link is this user's, and no other user may remove it.
        set_mode(0o1777);
        let sticky = folder_path(&link, &store);
        assert!(sticky.starts_with(link.to_str().unwrap()), "{sticky}");
    }

    #[test]
    fn a_store_whose_path_begins_with_gocache_is_spelled_plainly_and_outlives_it() {
        let root = tempfile::tempdir().unwrap();
        let gocache = root.path().join("go");
        fs::create_dir(&gocache).unwrap();
        for store in ["go-store", "go/store"] {
            let store = root.path().join(store);
            fs::create_dir(&store).unwrap();
            assert_eq!(folder_path(&gocache, &store), store.to_str().unwrap());
        }
    }

    #[test]
    fn without_a_gocache_the_store_is_spelled_plainly() {
        let store = tempfile::tempdir().unwrap();
        let plain = store.path().to_str().unwrap();
        assert_eq!(
            path_from_gocache(None, store.path(), SharedStore::Deny),
            plain
        );
        assert_eq!(folder_path(Path::new("off"), store.path()), plain);
    }
}
