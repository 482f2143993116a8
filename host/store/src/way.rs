//! The way to a folder, walked link by link as the kernel does it: where it really leads, and whether somebody else could
//! make it lead elsewhere.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};

use super::owner::{self, SharedStore};

/// Links that are followed; Linux follows as many.
const MAX_LINKS: usize = 40;

/// The folder that an absolute path leads to, without links. `None` where it leads nowhere, and, where sharing is refused,
/// where others can replace a folder or a link that the way goes through.
pub(super) fn real_folder(path: &Path, sharing: SharedStore) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut walk = Walk::begin()?;
    let mut links = 0;
    let mut rest = steps(path);
    while let Some(name) = rest.pop() {
        let Some(Component::Normal(_)) = Path::new(&name).components().next() else {
            walk.turn(&name);
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

/// Whether what this user makes in a folder stays what it is: nobody else can replace it, or a folder on the way to it.
pub fn is_safe_for_a_store(folder: &Path) -> bool {
    real_folder(folder, SharedStore::Deny)
        .and_then(|real| fs::metadata(real).ok())
        .is_some_and(|real| !owner::may_replace_ours(&real))
}

/// The steps of a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev();
    steps.map(|step| step.as_os_str().to_owned()).collect()
}

/// How far the walk has come.
struct Walk {
    at: PathBuf,
    /// What the system says of the folders from the root to here.
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

    /// A step that names nothing: to the root, up, or none at all.
    fn turn(&mut self, step: &OsString) {
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
                real_folder(&path(way), SharedStore::Deny),
                Some(real),
                "{way}"
            );
        }
        for way in ["nothing", "circle", "one/nothing/.."] {
            assert_eq!(real_folder(&path(way), SharedStore::Deny), None, "{way}");
        }
        assert_eq!(real_folder(Path::new("tmp"), SharedStore::Deny), None);
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
                let found = real_folder(&path(way), SharedStore::Deny);
                assert_eq!(
                    found.is_some(),
                    is_safe,
                    "{way} in a folder of mode {mode:o}"
                );
                assert!(
                    real_folder(&path(way), SharedStore::Allow).is_some(),
                    "{way}"
                );
            }
            // Others may write into it, but not put another in its place.
            assert!(real_folder(&path("shared"), SharedStore::Deny).is_some());
            for folder in ["shared", "shared/folder"] {
                let is_one = is_safe_for_a_store(&path(folder));
                assert_eq!(is_one, is_safe, "{folder}, mode {mode:o}");
            }
        }
    }
}
