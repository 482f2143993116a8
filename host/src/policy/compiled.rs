//! Keeps compiled policies, so that only the first session after a change pays for the compiler.
//!
//! What lies here is native code that this process runs. So the folder is this user's alone, outside every workspace
//! and every folder that CI restores; a file that is a link, another's, or writable by others is passed over; its bytes
//! are hashed before anything looks into them; and its name holds the module, the engine and its settings, so that a
//! changed one never meets an old file.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::digest::{Digest, LENGTH};

/// A compiled policy unused for so long goes: its module or its engine was replaced.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A compiled policy is marked as used when it was not for so long.
const MARKED: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of compiled policies.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    folder: PathBuf,
}

impl CompiledCache {
    /// Keeps them in `folder`, which is made when first needed.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The compiled form of a module; `None` where there is none that can be trusted.
    pub(super) fn load(&self, engine: &Engine, module: &Digest) -> Option<Component> {
        let image = self.read_trusted(engine, module).ok()?;
        // SAFETY: deserialising runs what the bytes say. They were written by `save` of this program under this user:
        // folder and file belong to this user and nobody else may write them, and the bytes hash to what was written.
        unsafe { Component::deserialize(engine, image).ok() }
    }

    /// Waits until no other process compiles this module, and keeps others waiting until the lock is dropped: a policy
    /// that takes seconds to compile is compiled once, however many builds begin with it.
    pub(super) fn lock(&self, module: &Digest) -> io::Result<File> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        self.check_folder()?;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let lock = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(self.folder.join(format!("{module}.lock")))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Keeps the compiled form of a module, in a folder that [`lock`](Self::lock) has made and checked.
    pub(super) fn save(
        &self,
        engine: &Engine,
        module: &Digest,
        component: &Component,
    ) -> io::Result<()> {
        let image = component.serialize().map_err(io::Error::other)?;
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(Digest::of(&image).as_bytes())?;
        file.write_all(&image)?;
        file.persist(self.path(engine, module))?;
        self.sweep(SystemTime::now());
        Ok(())
    }

    /// Removes what was not used for long. Whoever has such a file open keeps it; whoever wants it compiles it again.
    fn sweep(&self, now: SystemTime) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let used = entry.metadata().and_then(|metadata| metadata.modified());
            if used.is_ok_and(|used| is_older(used, now, KEPT)) {
                // Another process may have removed it already.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self, engine: &Engine, module: &Digest) -> PathBuf {
        // The engine's hash covers its version, its settings and this processor's features.
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder
            .join(format!("{module}-{:016x}.cwasm", hasher.finish()))
    }

    fn read_trusted(&self, engine: &Engine, module: &Digest) -> io::Result<Vec<u8>> {
        self.check_folder()?;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let mut file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(self.path(engine, module))?;
        // Of the file that is open, not of its name: what is looked at is what is read.
        let metadata = file.metadata()?;
        check_ours(&metadata, fs::Metadata::is_file)?;
        let now = SystemTime::now();
        if is_older(metadata.modified()?, now, MARKED) {
            // Where it fails, the file is swept some day and made again.
            let _ = file.set_modified(now);
        }
        let mut digest = [0; LENGTH];
        file.read_exact(&mut digest)?;
        let mut image = Vec::new();
        file.read_to_end(&mut image)?;
        if Digest::of(&image) == Digest::from_bytes(digest) {
            Ok(image)
        } else {
            Err(io::Error::other("damaged"))
        }
    }

    fn check_folder(&self) -> io::Result<()> {
        check_ours(&fs::symlink_metadata(&self.folder)?, fs::Metadata::is_dir)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn is_older(time: SystemTime, now: SystemTime, age: Duration) -> bool {
    now.duration_since(time).is_ok_and(|since| since >= age)
}

fn check_ours(metadata: &fs::Metadata, is_kind: fn(&fs::Metadata) -> bool) -> io::Result<()> {
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let closed = metadata.permissions().mode() & 0o022 == 0;
    if is_kind(metadata) && ours && closed {
        Ok(())
    } else {
        Err(io::Error::other("not this user's alone"))
    }
}
