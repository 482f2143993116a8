//! THIRD-PARTY-LICENSES: the licence texts of all crates that the program is made of.
//!
//! Each text that differs is there once, below the crates that have it. A crate that ships no text
//! gets the general texts of the licences that its manifest names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::dependencies::Crate;

/// How the names of files with licences begin, in lower case.
const NAMES: [&str; 6] = [
    "licen",
    "copying",
    "copyright",
    "notice",
    "unlicense",
    "authors",
];

/// Sources whose names begin like that.
const SOURCES: [&str; 9] = ["rs", "toml", "py", "go", "json", "js", "c", "h", "tmpl"];

/// How deep a crate is searched: C sources bring their own licence, as in `zstd/LICENSE`.
const DEPTH: usize = 2;

/// A larger file is no licence: the longest texts have 60 kB.
const LARGEST: u64 = 256 * 1024;

/// What is linked into a static program and is no crate: the name of each text in
/// packaging/licences/, and its owner.
const STATIC_PARTS: [(&str, &str); 2] = [
    ("musl.txt", "the C library musl"),
    ("libunwind.txt", "LLVM's libunwind"),
];

/// The owners and texts of what a static program has beside crates, from packaging/licences/.
pub(super) fn of_static_program(folder: &Path) -> Result<Vec<(&'static str, String)>> {
    STATIC_PARTS
        .iter()
        .map(|(file, owner)| {
            let file = folder.join(file);
            let text = fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            Ok((*owner, text.trim().to_owned()))
        })
        .collect()
}

/// Writes the texts of `crates` and of `others`, which are owners and texts. `general` is the folder
/// with a text for each SPDX ID, `<ID>.txt`.
pub(super) fn write(
    crates: &[Crate],
    others: Vec<(&str, String)>,
    general: &Path,
) -> Result<String> {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (owner, text) in others {
        owners.entry(text).or_default().insert(owner.to_owned());
    }
    for found in crates.iter().filter(|found| found.source.is_some()) {
        let owner = format!("{} {}", found.name, found.version);
        let mut texts = texts_of(found.folder())?;
        if texts.is_empty() {
            texts = general_texts(found, general)?;
        }
        for text in texts {
            owners.entry(text).or_default().insert(owner.clone());
        }
    }
    let mut all: Vec<_> = owners.into_iter().collect();
    all.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    let mut page = String::from(
        "The program `cachewarden` is made of what is named below, each under its licence. The \
         texts of\nRust's standard library are in RUST-STANDARD-LIBRARY-LICENSES.html.\n",
    );
    for (text, owners) in all {
        let owners: Vec<_> = owners.into_iter().collect();
        let rule = "=".repeat(80);
        write!(page, "\n{rule}\n{}\n{rule}\n\n{text}\n", owners.join(", "))?;
    }
    Ok(page)
}

/// The texts in a crate's folder.
fn texts_of(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    search(folder, DEPTH, &mut files)?;
    let mut texts = Vec::new();
    for file in files {
        if fs::metadata(&file)?.len() <= LARGEST
            && let Ok(text) = fs::read_to_string(&file)
        {
            texts.push(text.replace("\r\n", "\n").trim().to_owned());
        }
    }
    Ok(texts)
}

fn search(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let problem = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(problem)? {
        let entry = entry.with_context(problem)?;
        let kind = entry.file_type().with_context(problem)?;
        if kind.is_file() && is_licence(&entry.path()) {
            files.push(entry.path());
        } else if kind.is_dir() && depth > 0 {
            search(&entry.path(), depth - 1, files)?;
        }
    }
    Ok(())
}

fn is_licence(file: &Path) -> bool {
    let lower = |part: Option<&std::ffi::OsStr>| {
        let part = part.unwrap_or_default();
        part.to_string_lossy().to_lowercase()
    };
    let (name, extension) = (lower(file.file_name()), lower(file.extension()));
    NAMES.iter().any(|begin| name.starts_with(begin)) && !SOURCES.contains(&extension.as_str())
}

/// The general texts of the licences that a manifest names. At least one must be there.
fn general_texts(found: &Crate, general: &Path) -> Result<Vec<String>> {
    let expression = found.spdx().unwrap_or_default();
    let source = found.repository.as_deref().unwrap_or("no address");
    let ids = expression.split([' ', '(', ')']);
    let texts: Vec<_> = ids
        .filter_map(|id| fs::read_to_string(general.join(format!("{id}.txt"))).ok())
        .map(|text| {
            let head = format!("{} ({source}) is under {expression}.", found.name);
            format!("{head}\n\n{}", text.trim())
        })
        .collect();
    ensure!(
        !texts.is_empty(),
        "the crate {} {} ships no licence text, and {} has none for `{expression}`",
        found.name,
        found.version,
        general.display()
    );
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_no_licences() {
        for (name, expected) in [
            ("LICENSE", true),
            ("LICENSE-MIT", true),
            ("LICENSE-APACHE-2.0", true),
            ("LICENCE.md", true),
            ("COPYING", true),
            ("Notice.txt", true),
            ("license.rs", false),
            ("README.md", false),
        ] {
            assert_eq!(is_licence(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_licence_of_c_sources_is_found_below_the_crate() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("zstd/lib/deep")).unwrap();
        fs::write(folder.path().join("LICENSE"), "outer\r\ntext\n").unwrap();
        fs::write(folder.path().join("zstd/LICENSE"), "inner").unwrap();
        fs::write(folder.path().join("zstd/lib/deep/LICENSE"), "too deep").unwrap();
        let mut texts = texts_of(folder.path()).unwrap();
        texts.sort();
        assert_eq!(texts, ["inner", "outer\ntext"]);
    }
}
