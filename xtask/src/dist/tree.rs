//! The files of a package in memory, and the archives that are made of them.
//!
//! The same files give the same bytes: entries are in the order of their names, belong to root,
//! have the time that the caller names, and nothing else of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

/// The mode of a program or script, and of every other file.
pub(super) const PROGRAM: u32 = 0o755;
pub(super) const DATA: u32 = 0o644;

/// What gzip's header says about the system: unknown (RFC 1952).
const ANY_SYSTEM: u8 = 255;

/// One file. Its bytes are shared: the program is in several packages.
#[derive(Clone)]
pub(super) struct File {
    pub(super) mode: u32,
    pub(super) bytes: Arc<[u8]>,
}

/// Files by their paths, without a folder around them.
#[derive(Clone, Default)]
pub(super) struct Tree(BTreeMap<String, File>);

impl Tree {
    pub(super) fn add(&mut self, path: impl Into<String>, mode: u32, bytes: impl Into<Arc<[u8]>>) {
        let bytes = bytes.into();
        self.0.insert(path.into(), File { mode, bytes });
    }

    /// Adds all files of another tree.
    pub(super) fn extend(&mut self, other: Tree) {
        self.0.extend(other.0);
    }

    pub(super) fn add_text(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.add(path, DATA, text.into().into_bytes());
    }

    /// Adds a file of this machine.
    pub(super) fn add_file(
        &mut self,
        path: impl Into<String>,
        mode: u32,
        file: &Path,
    ) -> Result<()> {
        self.add(path, mode, read(file)?);
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    pub(super) fn get(&self, path: &str) -> Result<&File> {
        let file = self.0.get(path);
        file.with_context(|| format!("the release has no {path}"))
    }

    /// The files below a folder, by what follows its name.
    pub(super) fn below<'a>(
        &'a self,
        folder: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a File)> {
        self.iter()
            .filter_map(move |(path, file)| Some((path.strip_prefix(folder)?, file)))
    }

    /// Writes the files into a folder, which is made.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        for (path, file) in self.iter() {
            write(&folder.join(path), &file.bytes)?;
        }
        Ok(())
    }

    /// A gzipped tar archive with all files below one folder. `time` is in seconds since 1970.
    pub(super) fn tar_gz(&self, folder: &str, time: u64) -> Result<Vec<u8>> {
        let tar = self.write_tar(writer(Compression::default()), folder, time)?;
        Ok(tar.finish()?)
    }

    /// A tar archive with all files below a folder, or at the top if its name is empty.
    pub(super) fn tar(&self, folder: &str, time: u64) -> Result<Vec<u8>> {
        self.write_tar(Vec::new(), folder, time)
    }

    fn write_tar<W: Write>(&self, to: W, folder: &str, time: u64) -> Result<W> {
        let mut tar = tar::Builder::new(to);
        for (path, file) in self.iter() {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(file.bytes.len() as u64);
            header.set_mode(file.mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(time);
            tar.append_data(&mut header, Path::new(folder).join(path), &file.bytes[..])
                .with_context(|| format!("cannot add {path} to an archive"))?;
        }
        Ok(tar.into_inner()?)
    }
}

/// A manual page as Debian wants it, or the layer of an image: packed as small as gzip can.
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = writer(Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

/// Its header has no name and no time.
fn writer(level: Compression) -> GzEncoder<Vec<u8>> {
    let builder = GzBuilder::new().operating_system(ANY_SYSTEM);
    builder.write(Vec::new(), level)
}

/// Reads a file. An error names it.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Writes a file in a folder that may not exist yet.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)
        .and_then(|()| fs::File::create(file)?.write_all(bytes))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_archive_has_sorted_files_of_root_and_no_time_of_its_own() {
        let mut tree = Tree::default();
        tree.add_text("policies/b.wasm", "policy");
        tree.add("a", PROGRAM, b"program".to_vec());
        let archive = tree.tar_gz("folder", 1_700_000_000).unwrap();
        assert_eq!(archive[3..8], [0; 5], "flags without a name, and no time");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&archive[..]));
        let found: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                let header = entry.header();
                let path = entry.path().unwrap().display().to_string();
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                assert_eq!(header.mtime().unwrap(), 1_700_000_000);
                (path, header.mode().unwrap(), text)
            })
            .collect();
        let expected = [
            ("folder/a".to_owned(), 0o755, "program".to_owned()),
            (
                "folder/policies/b.wasm".to_owned(),
                0o644,
                "policy".to_owned(),
            ),
        ];
        assert_eq!(found, expected);
    }
}
