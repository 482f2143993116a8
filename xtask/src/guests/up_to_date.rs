//! Checks whether a built file is up to date, for build tools that do not check that themselves:
//! whether it is newer than its sources, and was built with the same recipe.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

/// Whether `built` exists and is newer than all of `sources`, each a file or a folder of files.
pub(super) fn is_newer<Source: AsRef<Path>>(
    built: &Path,
    sources: impl IntoIterator<Item = Source>,
) -> Result<bool> {
    let Ok(built) = modified(built) else {
        return Ok(false);
    };
    for source in sources {
        let source = source.as_ref();
        let newest = newest(source)
            .with_context(|| format!("cannot read the time of {}", source.display()))?;
        if newest >= built {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether `built` was made with this recipe (a compiler's version and its options), as
/// [`note_recipe`] has recorded.
pub(super) fn was_built_with(built: &Path, recipe: &str) -> bool {
    fs::read_to_string(note(built)).is_ok_and(|noted| noted == recipe)
}

/// Records the recipe of `built`.
pub(super) fn note_recipe(built: &Path, recipe: &str) -> Result<()> {
    let note = note(built);
    fs::write(&note, recipe).with_context(|| format!("cannot write {}", note.display()))
}

fn note(built: &Path) -> PathBuf {
    built.with_extension("means")
}

/// When a file, or a folder or anything in it, was last written.
fn newest(path: &Path) -> io::Result<SystemTime> {
    let mut newest = modified(path)?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(self::newest(&entry?.path())?);
        }
    }
    Ok(newest)
}

fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}
