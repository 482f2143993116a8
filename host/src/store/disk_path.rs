//! How the store's folder is spelled in the paths that cmd/go is told.
//!
//! `go build -o x.a ./lib` moves an object out of the store unless its path begins, as text, with $GOCACHE
//! (protocol.md, 26). So the store is spelled as a way that starts there: `$GOCACHE/../cachewarden`. The kernel walks
//! `..` from where $GOCACHE really is, so the way is computed between the real folders, whatever links lead to them.

use std::path::{Component, Path, PathBuf};

/// The spelling of `folder` that begins with `gocache`; `folder` itself where there is none that leads to the same place.
pub(super) fn spelled_from(gocache: Option<&Path>, folder: &Path) -> String {
    let plain = || folder.to_string_lossy().into_owned();
    let Some(gocache) = gocache else {
        return plain();
    };
    spell(gocache, folder).unwrap_or_else(plain)
}

fn spell(gocache: &Path, folder: &Path) -> Option<String> {
    let real_gocache = gocache.canonicalize().ok()?;
    let real_folder = folder.canonicalize().ok()?;
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
    use std::fs;

    #[test]
    fn the_way_begins_with_gocache_and_leads_to_the_store() {
        let root = tempfile::tempdir().unwrap();
        let (gocache, store) = (root.path().join("go-build"), root.path().join("deep/store"));
        fs::create_dir_all(&gocache).unwrap();
        fs::create_dir_all(&store).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&gocache, &link).unwrap();
        for from in [&gocache, &link] {
            let spelled = spelled_from(Some(from), &store);
            assert!(spelled.starts_with(from.to_str().unwrap()), "{spelled}");
            assert_eq!(
                fs::canonicalize(&spelled).unwrap(),
                store.canonicalize().unwrap()
            );
        }
    }

    #[test]
    fn without_a_gocache_the_store_is_spelled_plainly() {
        let store = tempfile::tempdir().unwrap();
        let plain = store.path().to_str().unwrap();
        assert_eq!(spelled_from(None, store.path()), plain);
        assert_eq!(spelled_from(Some(Path::new("off")), store.path()), plain);
    }
}
