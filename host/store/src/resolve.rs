//! Resolves a path link by link, as the kernel does: where it leads, and whether another user could
//! make it lead elsewhere.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};

use super::owner::{self, SharedStore};

/// The most links that are followed; Linux has the same bound.
const MAX_LINKS: usize = 40;

/// The folder that an absolute path leads to, without links. `None` where it leads nowhere. With
/// [`SharedStore::Deny`], also `None` where another user can replace a folder or a link on the
/// path.
pub(super) fn resolve_folder(path: &Path, sharing: SharedStore) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut walk = Walk::begin()?;
    let mut links = 0;
    let mut rest = steps(path);
    while let Some(name) = rest.pop() {
        let Some(Component::Normal(_)) = Path::new(&name).components().next() else {
            walk.move_by(&name);
            continue;
        };
        let next = walk.at.join(&name);
        let found = fs::symlink_metadata(&next).ok()?;
        if sharing == SharedStore::Deny && owner::may_be_replaced(walk.folders.last()?, &found) {
            return None;
        }
        if !found.is_symlink() {
            walk.at = next;
            walk.folders.push(found);
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return None;
        }
        rest.extend(steps(&fs::read_link(&next).ok()?));
    }
    Some(walk.at)
}

/// The components of a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev();
    steps.map(|step| step.as_os_str().to_owned()).collect()
}

/// The state of a walk along a path.
struct Walk {
    at: PathBuf,
    /// The metadata of the folders from the root to here.
    folders: Vec<Metadata>,
}

impl Walk {
    fn begin() -> Option<Self> {
        let at = PathBuf::from("/");
        let root = fs::symlink_metadata(&at).ok()?;
        Some(Self {
            at,
            folders: vec![root],
        })
    }

    /// A component that is no name: `/`, `..` or `.`.
    fn move_by(&mut self, step: &OsString) {
        if step == "/" {
            self.at = PathBuf::from("/");
            self.folders.truncate(1);
        } else if step == ".." && self.at.pop() {
            self.folders.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner::is_safe_for_a_store;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn it_is_where_the_system_says_it_is() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("one/two/three")).unwrap();
        symlink("two/three", path("one/near")).unwrap();
        symlink(path("one"), path("far")).unwrap();
        symlink("../../far/near", path("one/two/chain")).unwrap();
        symlink("circle", path("circle")).unwrap();
        for way in [
            "one/two",
            "one/near",
            "far/two/three",
            "one/two/chain",
            "one/near/../../two/./chain/..",
            "one/two/chain/../../../far",
        ] {
            let real = path(way).canonicalize().unwrap();
            assert_eq!(
                resolve_folder(&path(way), SharedStore::Deny),
                Some(real),
                "{way}"
            );
        }
        for way in ["nothing", "circle", "one/nothing/.."] {
            assert_eq!(resolve_folder(&path(way), SharedStore::Deny), None, "{way}");
        }
        assert_eq!(resolve_folder(Path::new("tmp"), SharedStore::Deny), None);
    }

    #[test]
    fn a_way_that_others_can_turn_leads_nowhere_unless_they_are_trusted() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("shared/folder/below")).unwrap();
        fs::create_dir_all(path("own")).unwrap();
        symlink(path("own"), path("shared/link")).unwrap();
        symlink(path("shared/link"), path("own/chain")).unwrap();
        let ways = [
            "shared/folder",
            "shared/folder/below",
            "shared/link",
            "own/chain",
        ];
        for (mode, is_safe) in [
            (0o755, true),
            (0o777, false),
            (0o775, false),
            (0o1777, true),
        ] {
            set_mode(&path("shared"), mode);
            for way in ways {
                let found = resolve_folder(&path(way), SharedStore::Deny);
                assert_eq!(
                    found.is_some(),
                    is_safe,
                    "{way} in a folder of mode {mode:o}"
                );
                assert!(
                    resolve_folder(&path(way), SharedStore::Allow).is_some(),
                    "{way}"
                );
            }
            // Others may write into this folder, but they cannot replace it.
            assert!(resolve_folder(&path("shared"), SharedStore::Deny).is_some());
            for folder in ["shared", "shared/folder"] {
                let is_one = is_safe_for_a_store(&path(folder));
                assert_eq!(is_one, is_safe, "{folder}, mode {mode:o}");
            }
        }
    }
}
