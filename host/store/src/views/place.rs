//! The place of one object in a view: it is linked or copied there.

use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use cachewarden_system::file_status::FileId;
use cachewarden_types::Digest;

use super::key::ViewName;
use super::root::{Root, object_path, shard_path};
use super::tenant_files::{FOLDER_BYTES, TenantFiles};
use crate::access;
use crate::new_file::temporary_name;
use crate::objects::{OBJECT_MODE, Objects, read_parts};

/// How often the folders are made again when something removes them meanwhile.
const ATTEMPTS: usize = 5;

/// The place of an object in a view.
pub(super) struct Place<'view> {
    pub(super) root: &'view Root,
    pub(super) view: &'view ViewName,
    /// The group that may pass the view's folders.
    pub(super) group: u32,
    pub(super) objects: &'view Objects,
    pub(super) output: &'view Digest,
    /// Where folders count.
    pub(super) files: &'view TenantFiles,
}

/// A complete copy under a temporary name. It is removed if it is dropped before it gets its own.
pub(super) struct Copy<'view> {
    place: &'view Place<'view>,
    temporary: String,
}

impl Place<'_> {
    /// Makes a hard link; returns whether that was possible on these file systems.
    pub(super) fn link(&self) -> io::Result<bool> {
        for _ in 0..ATTEMPTS {
            match self.link_at(&self.path()) {
                Err(Errno::NOENT) => {
                    // Either the object is gone, or there is no such shard.
                    self.objects.shard_dir.status(self.output)?;
                    self.make_folders()?;
                }
                Err(Errno::EXIST) => return self.replace_link(),
                linked => return is_possible(linked),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// Something stands in the place of a link: it stays where it is the object, and is replaced
    /// where it is another file, as after a put has replaced a damaged object.
    fn replace_link(&self) -> io::Result<bool> {
        let (path, object) = (self.path(), self.objects.shard_dir.status(self.output)?);
        let there = self.root.status(&path)?;
        if object.id == FileId::from(&there) {
            return Ok(true);
        }
        let temporary = self.temporary()?;
        if !is_possible(self.link_at(&temporary))? {
            return Ok(false);
        }
        let copy = Copy {
            place: self,
            temporary,
        };
        copy.persist().map(|()| true)
    }

    fn link_at(&self, path: &str) -> rustix::io::Result<()> {
        let objects = &self.objects.shard_dir;
        objects.link(self.output, self.root.dir(), path)
    }

    /// Whether there is a copy of the object. An object that is gone from the store is an error,
    /// whatever the view has.
    pub(super) fn has_copy(&self) -> io::Result<bool> {
        let object = self.objects.shard_dir.status(self.output)?;
        match self.root.status(&self.path()) {
            // A link is one of a daemon that made links.
            Ok(there) => Ok(
                FileType::from_raw_mode(there.st_mode) == FileType::RegularFile
                    && there.st_size.unsigned_abs() == object.size
                    && object.id != FileId::from(&there),
            ),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Copies the object.
    pub(super) fn copy(&self) -> io::Result<Copy<'_>> {
        let (mut source, status) = self.objects.shard_dir.open(self.output, false)?;
        let copy = Copy {
            place: self,
            temporary: self.temporary()?,
        };
        let mut file = self.create(&copy.temporary)?;
        // Not by the kernel (`copy_file_range`): it shares blocks where the file system can (Btrfs,
        // XFS), and a job may ask for the blocks of its file (FIEMAP). Old ones would show that
        // another tenant has given the same bytes before.
        let copied = read_parts(&mut source, |part| file.write_all(part))?;
        if copied != status.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rustix::fs::fchmod(&file, access::mode(OBJECT_MODE))?;
        Ok(copy)
    }

    fn create(&self, path: &str) -> io::Result<File> {
        // Nobody else reads it before it is complete.
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            match rustix::fs::openat(self.root.dir(), path, flags, mode) {
                Ok(file) => return Ok(file.into()),
                Err(Errno::NOENT) => self.make_folders()?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// Makes the folder of the object's shard, and the view's own where it is missing.
    fn make_folders(&self) -> io::Result<()> {
        let shard = shard_path(self.view, self.output);
        self.files.add(FOLDER_BYTES);
        let made = match self.root.make_folder(&shard, self.group) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.files.add(FOLDER_BYTES);
                self.root
                    .make_tenant(self.view.tenant())
                    .and_then(|()| self.root.make_folder(self.view.as_str(), self.group))
                    .and_then(|()| self.root.make_folder(&shard, self.group))
            }
            made => made,
        };
        match made {
            // Another session has put its own new folder in the place of this one. The caller looks
            // again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            made => made,
        }
    }

    fn path(&self) -> String {
        object_path(self.view, self.output)
    }

    /// A temporary path in the object's shard.
    fn temporary(&self) -> io::Result<String> {
        let shard = shard_path(self.view, self.output);
        Ok(format!("{shard}/{}", temporary_name()?))
    }
}

impl Copy<'_> {
    /// Gives the copy its own name, in the place of anything that stands there.
    pub(super) fn persist(self) -> io::Result<()> {
        let dir = self.place.root.dir();
        Ok(rustix::fs::renameat(
            dir,
            &self.temporary,
            dir,
            self.place.path(),
        )?)
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        // Nothing is there after a rename, unless that was one between two links to one file.
        let dir = self.place.root.dir();
        let _ = rustix::fs::unlinkat(dir, &self.temporary, AtFlags::empty());
    }
}

/// Whether a link was made; false where there can be none between these files.
fn is_possible(linked: rustix::io::Result<()>) -> io::Result<bool> {
    match linked {
        Ok(()) => Ok(true),
        Err(Errno::XDEV | Errno::MLINK | Errno::PERM | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
