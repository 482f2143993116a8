//! By the folder's place. Nobody else can replace it or its files, so they are opened by their paths.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use cachewarden_system::{profile, replace, safe_open};
use cachewarden_types::since_1970;
use tempfile::{Builder, NamedTempFile};

use super::Entry;

pub(super) fn make(path: &Path) -> io::Result<()> {
    check(path)?;
    fs::create_dir_all(path)
}

/// The library's own temporary files have an attribute that would stay.
pub(super) fn new_temporary(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new().make_in(folder, |path| {
        OpenOptions::new().write(true).create_new(true).open(path)
    })
}

pub(super) fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // An open file of ours can be replaced so, unlike by the library's way.
    let mut temporary = file.into_temp_path();
    replace::rename_over(&temporary, path)?;
    temporary.disable_cleanup(true);
    Ok(())
}

pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        check(path)?;
        match fs::metadata(path)?.is_dir() {
            true => Ok(Self(path.to_owned())),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn open_file(&self, name: &str) -> io::Result<(File, Metadata)> {
        // Its time is set when it is used.
        self.checked(name, &mut safe_open::to_read_and_touch())
    }

    pub(super) fn open_lock(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        self.checked(name, &mut options).map(|(file, _)| file)
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    /// What is in it; what cannot be read is left out.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else {
                continue;
            };
            entries.push(Entry {
                modified: found.modified().map(since_1970).unwrap_or_default(),
                size: found.len(),
                name: entry.file_name(),
                is_file: found.is_file(),
            });
        }
        entries
    }

    fn checked(&self, name: &str, options: &mut OpenOptions) -> io::Result<(File, Metadata)> {
        let file = safe_open::follow_no_link(options).open(self.0.join(name))?;
        let metadata = file.metadata()?;
        match metadata.is_file() {
            true => Ok((file, metadata)),
            false => Err(io::Error::other("it is not a regular file")),
        }
    }
}

fn check(path: &Path) -> io::Result<()> {
    match profile::is_in_profile(path) {
        true => Ok(()),
        false => Err(io::Error::other(
            "it is not below the profile of this user (as a rule %UserProfile%), so who else may write there is not known",
        )),
    }
}
