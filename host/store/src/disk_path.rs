//! The paths that a client is told: how the store's folder is spelled for a go command with its $GOCACHE.
//!
//! The store itself names objects by their digests alone; these paths belong to one client's session.
//!
//! `go build -o x.a ./lib` moves an object out of the store unless its path begins, as text, with $GOCACHE
//! (docs/protocol.md#disk-path-prefix). So the store is spelled as a way that starts there: `$GOCACHE/../cachewarden`. The kernel walks
//! `..` from where $GOCACHE really is, so the way is computed between the real folders, whatever links lead to them.
//!
//! Such a way must lead to the store for as long as it is used, so it is told only where nobody else can turn it: with a
//! link for $GOCACHE in a folder that others may write, they could have go read files of theirs. And it ends with $GOCACHE.
//! Where the store's own path begins so, as that of `$GOCACHE-store` does, it is told as it is, and outlives $GOCACHE.

use std::cell::{Cell, OnceCell};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use cachewarden_types::Digest;

use super::Store;
use super::files::Look;
use super::objects::Location;
use super::owner::SharedStore;
use super::way::real_folder;

/// The paths that one client is told, which begin with its $GOCACHE where that is known.
#[derive(Debug)]
pub struct DiskPaths {
    gocache: Option<PathBuf>,
    store: Way,
    private: Way,
}

/// What is known of the way to one folder of objects.
#[derive(Debug, Default)]
struct Way {
    /// The folder as the client is told; found out when the first object is there, since a way only leads to what exists.
    spelled: OnceCell<String>,
    /// Whether that leads to the folder.
    looked: Cell<Option<Look<bool>>>,
}

impl DiskPaths {
    /// For a client with this $GOCACHE.
    pub fn new(gocache: Option<PathBuf>) -> Self {
        Self {
            gocache,
            store: Way::default(),
            private: Way::default(),
        }
    }

    /// The path of an object.
    pub fn path(&self, store: &Store, location: Location, output: &Digest) -> String {
        let folder = self.spelled(store, location);
        [folder, "/", output.file_path().as_str()].concat()
    }

    /// The path of an object that was put just now: the store's own where the client's way does not lead to it.
    pub fn path_of_put(
        &self,
        store: &Store,
        location: Location,
        output: &Digest,
        now: SystemTime,
    ) -> String {
        match store.objects_at(location) {
            Some(objects) if !self.reach(store, location, now) => {
                objects.buckets.path(output).to_string_lossy().into_owned()
            }
            _ => self.path(store, location, output),
        }
    }

    /// Whether the way that the client is told leads to the objects that lie there. The folder is looked at now and then, and
    /// not the whole way for every object: where it leads nowhere, cmd/go takes a hit for a miss (docs/protocol.md#failed-get).
    pub fn reach(&self, store: &Store, location: Location, now: SystemTime) -> bool {
        let way = self.way(location);
        if let Some(reached) = way.looked.get().and_then(|look| look.still(now)) {
            return reached;
        }
        let spelled = self.spelled(store, location);
        let objects = store.objects_at(location);
        let reached = objects.is_some_and(|objects| objects.buckets.is_reached_by(spelled));
        // Where it leads nowhere is looked at each time: a store that was removed is made again by the next put.
        way.looked.set(reached.then(|| Look::new(now, true)));
        reached
    }

    fn spelled(&self, store: &Store, location: Location) -> &str {
        self.way(location).spelled.get_or_init(|| {
            let objects = store.objects_at(location);
            let folder = objects.map(|objects| objects.buckets.folder());
            spelled_from(
                self.gocache.as_deref(),
                folder.unwrap_or(Path::new("")),
                store.sharing_at(location),
            )
        })
    }

    fn way(&self, location: Location) -> &Way {
        match location {
            Location::Store => &self.store,
            Location::Private => &self.private,
        }
    }
}

/// The spelling of `folder` that begins with `gocache`; `folder` itself where there is none that leads to the same place,
/// or others can change where it leads and sharing is refused.
fn spelled_from(gocache: Option<&Path>, folder: &Path, sharing: SharedStore) -> String {
    let plain = folder.to_string_lossy();
    let spelled = gocache
        .and_then(Path::to_str)
        .filter(|gocache| !plain.starts_with(gocache))
        .and_then(|gocache| spell(Path::new(gocache), folder, sharing));
    spelled.unwrap_or_else(|| plain.into_owned())
}

fn spell(gocache: &Path, folder: &Path, sharing: SharedStore) -> Option<String> {
    let real_gocache = real_folder(gocache, sharing)?;
    let real_folder = real_folder(folder, sharing)?;
    let spelled = gocache.join(way_between(&real_gocache, &real_folder));
    let same = rustix::fs::stat(&spelled).ok()?;
    let wanted = rustix::fs::stat(&real_folder).ok()?;
    ((same.st_dev, same.st_ino) == (wanted.st_dev, wanted.st_ino))
        .then(|| spelled.to_str().map(str::to_owned))?
}

/// The relative way from one real absolute folder to another.
fn way_between(from: &Path, to: &Path) -> PathBuf {
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

    fn spelled(gocache: &Path, store: &Path) -> String {
        spelled_from(Some(gocache), store, SharedStore::Deny)
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
            let spelled = spelled(from, &store);
            assert!(spelled.starts_with(from.to_str().unwrap()), "{spelled}");
            assert_eq!(
                fs::canonicalize(&spelled).unwrap(),
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
        assert_eq!(spelled(&link, &store), store.to_str().unwrap());
        let trusting = spelled_from(Some(&link), &store, SharedStore::Allow);
        assert!(trusting.starts_with(link.to_str().unwrap()), "{trusting}");
        // As in /tmp: the link is this user's, and nobody else may remove it.
        set_mode(0o1777);
        let sticky = spelled(&link, &store);
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
            assert_eq!(spelled(&gocache, &store), store.to_str().unwrap());
        }
    }

    #[test]
    fn without_a_gocache_the_store_is_spelled_plainly() {
        let store = tempfile::tempdir().unwrap();
        let plain = store.path().to_str().unwrap();
        assert_eq!(spelled_from(None, store.path(), SharedStore::Deny), plain);
        assert_eq!(spelled(Path::new("off"), store.path()), plain);
    }
}
