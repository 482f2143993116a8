//! Writes an object that is being put: it is hashed while it is received, compared with the
//! existing object, and written if there is none or the existing one is damaged.
//!
//! An object gets its name only when all of its bytes were received and hash to that name. If the
//! store cannot be written, the bytes go to a private folder of this user, so that a full disk does
//! not fail the build.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use cachewarden_system::replace::is_in_use;
use cachewarden_types::Digest;

use super::new_file::NewFile;
use super::objects::{BUFFER, Location, OBJECT_MODE, Objects};
use super::private::PrivateObjects;

/// Why an object was not stored.
#[derive(Debug, Error)]
pub enum PutError {
    /// The client sent other bytes than it announced.
    #[error("the body hashes to {found}, not to the OutputID {expected}; nothing was kept")]
    WrongHash {
        /// The OutputID.
        expected: Digest,
        /// The SHA-256 of the bytes that were received.
        found: Digest,
    },
    /// It can be written neither to the store nor to the private folder.
    #[error("the object cannot be written: {0}")]
    Write(io::Error),
}

/// An object that was stored.
#[derive(Debug)]
pub struct StoredObject {
    /// Which folder it is in.
    pub location: Location,
    /// The size in bytes.
    pub size: u64,
    /// Why it is in the private folder and not in the store, if it is.
    pub store_error: Option<io::Error>,
}

/// An object that is being put. It borrows nothing, so any thread can write it for as long as it
/// takes.
pub struct ObjectWriter {
    store: Option<Arc<Objects>>,
    private: Arc<PrivateObjects>,
    output: Digest,
    hasher: Sha256,
    size: u64,
    target: Target,
    /// The object exists and is damaged, and is replaced.
    repairs: bool,
    store_error: Option<io::Error>,
}

enum Target {
    /// The object exists, and its bytes were the same so far.
    Comparing(File),
    /// The object is being written.
    Writing(NewFile),
    /// The object cannot be written.
    Failed(io::Error),
    /// No file is open: writing has not begun, or the file has its name.
    NotOpen,
}

impl ObjectWriter {
    /// Begins a put of `output` into `store`, or, where that is `None` or fails, into `private`.
    pub(super) fn begin(
        store: Option<Arc<Objects>>,
        private: Arc<PrivateObjects>,
        output: Digest,
    ) -> Self {
        let mut incoming = Self {
            store,
            private,
            output,
            hasher: Sha256::new(),
            size: 0,
            target: Target::NotOpen,
            repairs: false,
            store_error: None,
        };
        incoming.target = match incoming.open_existing() {
            Some(file) => Target::Comparing(file),
            None => incoming.create(),
        };
        incoming
    }

    /// Takes the next bytes of the object.
    pub fn write(&mut self, part: &[u8]) {
        self.hasher.update(part);
        if let Target::Comparing(existing) = &mut self.target
            && !matches!(continues_with(existing, part), Ok(true))
        {
            self.start_rewrite();
        }
        if let Target::Writing(file) = &mut self.target
            && let Err(error) = file.write_all(part)
        {
            self.fall_back_to_private(error);
            if let Target::Writing(file) = &mut self.target
                && let Err(error) = file.write_all(part)
            {
                self.target = Target::Failed(error);
            }
        }
        self.size += part.len() as u64;
    }

    /// Ends the put: all bytes were received, and the object gets its name.
    ///
    /// # Errors
    /// When the bytes do not hash to the name, or could not be written. Nothing is stored then.
    pub fn finish(mut self) -> Result<StoredObject, PutError> {
        let found = Digest::finish(std::mem::take(&mut self.hasher));
        if found != self.output {
            return Err(PutError::WrongHash {
                expected: self.output,
                found,
            });
        }
        // The existing object may have been removed meanwhile, or replaced by a file of another
        // size.
        if let (Target::Comparing(_), Some(objects)) = (&self.target, &self.store)
            && objects.find(&self.output, self.size).is_none()
        {
            self.start_rewrite();
        }
        if let Target::Writing(_) = &self.target
            && let Err(error) = self.persist()
        {
            // Something in the object's place cannot be replaced, or there is no space for a name.
            self.fall_back_to_private(error);
            self.persist().map_err(PutError::Write)?;
        }
        match self.target {
            Target::Failed(error) => Err(PutError::Write(error)),
            Target::Comparing(_) | Target::Writing(_) | Target::NotOpen => Ok(StoredObject {
                location: self.location(),
                size: self.size,
                store_error: self.store_error,
            }),
        }
    }

    /// Which folder the object will be in.
    fn location(&self) -> Location {
        match &self.store {
            Some(_) if self.store_error.is_none() => Location::Store,
            _ => Location::Private,
        }
    }

    /// The folder of objects that it will be in.
    fn destination(&self) -> &Objects {
        match &self.store {
            Some(store) if self.store_error.is_none() => store,
            _ => self.private.objects(),
        }
    }

    /// The existing object. It is marked as used first, so that the trimmer does not remove it.
    fn open_existing(&self) -> Option<File> {
        let objects = self.store.as_ref()?;
        let (file, status) = objects.shard_dir.open(&self.output, false).ok()?;
        let mut used = status.modified;
        objects
            .touch_if_due(&self.output, &mut used, SystemTime::now())
            .then_some(file)
    }

    fn create(&mut self) -> Target {
        if self.store_error.is_none() {
            let created = match &self.store {
                Some(store) => store.shard_dir.create(&self.output, OBJECT_MODE),
                None => Err(io::Error::other("the store could not be opened")),
            };
            match created {
                Ok(file) => return Target::Writing(file),
                Err(error) => self.store_error = Some(error),
            }
        }
        let created = self
            .private
            .make()
            .and_then(|objects| objects.shard_dir.create(&self.output, OBJECT_MODE));
        match created {
            Ok(file) => Target::Writing(file),
            Err(error) => Target::Failed(error),
        }
    }

    /// The existing object differs from the received one: begins a file with the bytes that were
    /// the same.
    fn start_rewrite(&mut self) {
        self.repairs = true;
        let created = self.create();
        let previous = std::mem::replace(&mut self.target, created);
        if let Target::Comparing(mut existing) = previous {
            self.copy_prefix(&mut existing);
        }
    }

    /// The store cannot be written: continues in the private folder with the bytes so far.
    fn fall_back_to_private(&mut self, error: io::Error) {
        if self.store_error.is_some() {
            self.target = Target::Failed(error);
            return;
        }
        self.store_error = Some(error);
        let created = self.create();
        let previous = std::mem::replace(&mut self.target, created);
        if let Target::Writing(mut unfinished) = previous {
            self.copy_prefix(unfinished.as_file_mut());
        }
    }

    /// Copies the first `size` bytes of `source` into the new file.
    fn copy_prefix(&mut self, source: &mut File) {
        if let Target::Writing(file) = &mut self.target {
            let copied = source
                .seek(SeekFrom::Start(0))
                .and_then(|_| io::copy(&mut source.take(self.size), file));
            match copied {
                Ok(count) if count == self.size => {}
                Ok(_) => self.target = Target::Failed(io::ErrorKind::UnexpectedEof.into()),
                Err(error) => self.target = Target::Failed(error),
            }
        }
    }

    /// Whether the object is there, put by another session, and is marked as used.
    fn is_there(&self, objects: &Objects) -> bool {
        objects.has_right_bytes(&self.output, self.size)
            && objects
                .find(&self.output, self.size)
                .is_some_and(|mut used| {
                    objects.touch_if_due(&self.output, &mut used, SystemTime::now())
                })
    }

    /// Renames a complete file to its name. After an error, the file can still be read.
    fn persist(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.target, Target::NotOpen) {
            Target::Writing(mut file) => {
                let objects = self.destination();
                let shard_dir = &objects.shard_dir;
                let named = file
                    .persist(&self.output, &shard_dir.shard_path(&self.output))
                    .and_then(|_| fs::symlink_metadata(shard_dir.path(&self.output)).map(drop));
                if named.as_ref().is_err_and(is_in_use) && self.is_there(objects) {
                    return Ok(());
                }
                if self.repairs && named.is_ok() {
                    objects.note_repair();
                }
                if named.is_err() {
                    self.target = Target::Writing(file);
                }
                named
            }
            Target::Failed(error) => Err(error),
            other => {
                self.target = other;
                Ok(())
            }
        }
    }
}

/// Whether the next bytes of `file` equal `part`.
fn continues_with(file: &mut File, part: &[u8]) -> io::Result<bool> {
    let mut buffer = vec![0; BUFFER.min(part.len())];
    for wanted in part.chunks(BUFFER) {
        let found = &mut buffer[..wanted.len()];
        match file.read_exact(found) {
            Ok(()) if found == wanted => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(all(test, unix))] // They put links and devices in the place of files.
mod tests;
