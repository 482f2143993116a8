//! The content of a folder, byte for byte, so that two moments can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files and folders below a folder, by relative path: the bytes of a file, `None` for a
/// folder.
#[derive(Default)]
pub(super) struct Files(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Files {
    /// Reads the folder; empty where there is none.
    pub(super) fn below(folder: &Path) -> Result<Files> {
        let mut files = Files::default();
        if folder.exists() {
            files
                .read(folder, Path::new(""))
                .with_context(|| format!("cannot read {}", folder.display()))?;
        }
        Ok(files)
    }

    /// The number of files.
    pub(super) fn count(&self) -> usize {
        self.0.values().flatten().count()
    }

    /// The added, removed and changed files, a line each.
    pub(super) fn changes_to(&self, after: &Files) -> Vec<String> {
        let (before, after) = (&self.0, &after.0);
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        let gone = gone.map(|path| format!("{} is gone", path.display()));
        let there = after
            .iter()
            .filter_map(|(path, now)| match before.get(path) {
                None => Some(format!("{} is new", path.display())),
                Some(then) if then != now => Some(format!("{} has changed", path.display())),
                Some(_) => None,
            });
        gone.chain(there).collect()
    }

    fn read(&mut self, folder: &Path, name: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), name.join(entry.file_name()));
            if entry.file_type()?.is_dir() {
                self.read(&path, &name)?;
                self.0.insert(name, None);
            } else {
                self.0.insert(name, Some(fs::read(path)?));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_done_to_a_folder_shows() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("ab/empty")).unwrap();
        fs::write(path("ab/entry"), "one line").unwrap();
        let look = || Files::below(root.path()).unwrap();
        let mut before = look();
        assert_eq!(before.count(), 1);
        assert!(before.changes_to(&look()).is_empty());
        let tampering: [(&dyn Fn() -> io::Result<()>, &str); 7] = [
            (
                &|| fs::write(path("ab/entry"), "one lime"),
                "ab/entry has changed",
            ),
            (&|| fs::write(path("recent"), ""), "recent is new"),
            (&|| fs::write(path("recent"), "\0"), "recent has changed"),
            (&|| fs::create_dir(path("cd")), "cd is new"),
            (&|| fs::remove_dir(path("ab/empty")), "ab/empty is gone"),
            (&|| fs::write(path("ab/empty"), ""), "ab/empty is new"),
            (&|| fs::remove_file(path("ab/entry")), "ab/entry is gone"),
        ];
        for (tamper, expected) in tampering {
            tamper().unwrap();
            let after = look();
            assert_eq!(before.changes_to(&after), [expected]);
            before = after;
        }
    }
}
