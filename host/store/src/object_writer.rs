//! An object on its way in: hashed while it streams by, compared with the one that is already there, written where
//! there is none or a damaged one.
//!
//! An object appears under its name only when all of its bytes are there and hash to that name. Where the store cannot
//! be written, the bytes go to a private folder of this user, so that a full disk fails no build.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use cachewarden_types::Digest;

use super::new_file::NewFile;
use super::objects::{BUFFER, Location, OBJECT_MODE, Objects};
use super::private::PrivateObjects;

/// Why an object was not kept.
#[derive(Debug, Error)]
pub enum PutError {
    /// The client sent other bytes than it announced.
    #[error("the body hashes to {found}, not to the OutputID {expected}; nothing was kept")]
    WrongHash {
        /// The OutputID.
        expected: Digest,
        /// The SHA-256 of the bytes that came.
        found: Digest,
    },
    /// Neither the store nor the private folder takes it.
    #[error("the object cannot be written: {0}")]
    Write(io::Error),
}

/// An object that was kept.
#[derive(Debug)]
pub struct StoredObject {
    /// Where it lies.
    pub location: Location,
    /// Bytes.
    pub size: u64,
    /// What kept it out of the store, where it lies in the private folder instead.
    pub diverted: Option<io::Error>,
}

/// An object that is being put. It borrows nothing, so any thread can write it for as long as it takes.
pub struct ObjectWriter {
    store: Option<Arc<Objects>>,
    private: Arc<PrivateObjects>,
    output: Digest,
    hasher: Sha256,
    size: u64,
    target: Target,
    diverted: Option<io::Error>,
}

enum Target {
    /// The object is there, and its bytes were the same so far.
    Comparing(File),
    /// It is being written.
    Writing(NewFile),
    /// It can be written nowhere.
    Failed(io::Error),
    /// It was not begun yet, or has its name.
    Nothing,
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
            target: Target::Nothing,
            diverted: None,
        };
        incoming.target = match incoming.open_existing() {
            Some(file) => Target::Comparing(file),
            None => incoming.create(),
        };
        incoming
    }

    /// The next bytes of the object.
    pub fn write(&mut self, part: &[u8]) {
        self.hasher.update(part);
        if let Target::Comparing(existing) = &mut self.target
            && !matches!(continues_with(existing, part), Ok(true))
        {
            self.rewrite();
        }
        if let Target::Writing(file) = &mut self.target
            && let Err(error) = file.write_all(part)
        {
            self.divert(error);
            if let Target::Writing(file) = &mut self.target
                && let Err(error) = file.write_all(part)
            {
                self.target = Target::Failed(error);
            }
        }
        self.size += part.len() as u64;
    }

    /// All bytes came: gives the object its name.
    ///
    /// # Errors
    /// When the bytes are not those of the name, or could be written nowhere. Nothing is kept then.
    pub fn finish(mut self) -> Result<StoredObject, PutError> {
        let found = Digest::finish(std::mem::take(&mut self.hasher));
        if found != self.output {
            return Err(PutError::WrongHash {
                expected: self.output,
                found,
            });
        }
        // What was compared may have been removed meanwhile, or be a file of another size by now.
        if let (Target::Comparing(_), Some(objects)) = (&self.target, &self.store)
            && objects.find(&self.output, self.size).is_none()
        {
            self.rewrite();
        }
        if let Target::Writing(_) = &self.target
            && let Err(error) = self.name()
        {
            // Something stands in the object's place that cannot be replaced, or there is no room for a name.
            self.divert(error);
            self.name().map_err(PutError::Write)?;
        }
        match self.target {
            Target::Failed(error) => Err(PutError::Write(error)),
            Target::Comparing(_) | Target::Writing(_) | Target::Nothing => Ok(StoredObject {
                location: self.location(),
                size: self.size,
                diverted: self.diverted,
            }),
        }
    }

    /// Where the object will lie.
    fn location(&self) -> Location {
        match &self.store {
            Some(_) if self.diverted.is_none() => Location::Store,
            _ => Location::Private,
        }
    }

    /// The objects among which it will lie.
    fn place(&self) -> &Objects {
        match &self.store {
            Some(store) if self.diverted.is_none() => store,
            _ => self.private.objects(),
        }
    }

    /// The object that is already there, marked as used first so that the trimmer leaves it alone from now on.
    fn open_existing(&self) -> Option<File> {
        let objects = self.store.as_ref()?;
        let (file, status) = objects.buckets.open(&self.output, false).ok()?;
        let mut used = status.modified;
        objects
            .keep(&self.output, &mut used, SystemTime::now())
            .then_some(file)
    }

    fn create(&mut self) -> Target {
        if self.diverted.is_none() {
            let created = match &self.store {
                Some(store) => store.buckets.create(&self.output, OBJECT_MODE),
                None => Err(io::Error::other("the store could not be opened")),
            };
            match created {
                Ok(file) => return Target::Writing(file),
                Err(error) => self.diverted = Some(error),
            }
        }
        let created = self
            .private
            .make()
            .and_then(|objects| objects.buckets.create(&self.output, OBJECT_MODE));
        match created {
            Ok(file) => Target::Writing(file),
            Err(error) => Target::Failed(error),
        }
    }

    /// The object that is there differs from the one that comes: begins a file with the bytes that were the same.
    fn rewrite(&mut self) {
        let created = self.create();
        let previous = std::mem::replace(&mut self.target, created);
        if let Target::Comparing(mut existing) = previous {
            self.copy_beginning(&mut existing);
        }
    }

    /// The store takes no more: goes on in the private folder with the bytes that came so far.
    fn divert(&mut self, error: io::Error) {
        if self.diverted.is_some() {
            self.target = Target::Failed(error);
            return;
        }
        self.diverted = Some(error);
        let created = self.create();
        let previous = std::mem::replace(&mut self.target, created);
        if let Target::Writing(mut unfinished) = previous {
            self.copy_beginning(unfinished.as_file_mut());
        }
    }

    /// Copies the first `size` bytes of `source` into the new file.
    fn copy_beginning(&mut self, source: &mut File) {
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

    /// Gives a complete file its name; where that fails the file is still there to be read.
    fn name(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.target, Target::Nothing) {
            Target::Writing(mut file) => {
                let buckets = &self.place().buckets;
                let named = file
                    .name(&self.output, &buckets.shard_path(&self.output))
                    .and_then(|_| fs::symlink_metadata(buckets.path(&self.output)).map(drop));
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

/// Whether the next bytes of `file` are those of `part`.
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
