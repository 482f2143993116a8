//! The cache of compiled policies, so that only the first session after a change needs the
//! compiler; and of compile failures, so that not every session waits for them.
//!
//! The files are native code that this process runs. So they are in an [`OwnerOnlyDir`], outside
//! every workspace and every folder that CI restores. A file begins with a checksum: the hash of
//! its name and its content, which is compared before the content is used. The name contains the
//! module, the engine with its settings, and everything that a module is wrapped with, so no file
//! can stand for another. The folder has a bounded size: the files that were unused for longest are
//! removed first.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_types::{Digest, LENGTH, since_1970};

use super::adapters;
use super::component::CONTRACT;
use super::limits::{Limits, MAX_IMAGE_BYTES, MAX_KEPT_BYTES};
use super::owner_only_dir::OwnerOnlyDir;

/// A compiled policy that was unused for this long is removed: its module or its engine was
/// replaced.
const UNUSED_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The least time between two updates of a compiled policy's mtime.
const TOUCH_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a recorded failure is used: a policy that was too slow on a busy day may compile on
/// another.
const FAILURE_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The most bytes of a recorded failure, which is a sentence.
const MAX_FAILURE_BYTES: u64 = 64 * 1024;

/// Hex digits of a module's digest that name its lock: 256 locks.
const LOCK_DIGITS: usize = 2;

/// The purpose and the format version, which the checksum includes.
const CHECKSUM_CONTEXT: &[u8] = b"cachewarden compiled policy, form 1\0";

/// A folder of compiled policies.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    folder: PathBuf,
    uses_cached_failures: bool,
}

/// A recorded failure of the compiler, and the limits that it had.
#[derive(Debug, Serialize, Deserialize)]
struct CachedFailure {
    reason: String,
    /// Seconds since 1970.
    time: u64,
    compile_milliseconds: u128,
    compile_memory: u64,
}

impl CompiledCache {
    /// A cache in `folder`, which is made when it is first needed.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            uses_cached_failures: true,
        }
    }

    /// The same cache, but recorded failures are ignored, and the compiler runs again.
    #[must_use]
    pub fn ignoring_cached_failures(self) -> Self {
        Self {
            uses_cached_failures: false,
            ..self
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The compiled form of a module; `None` where no valid one is cached.
    pub(super) fn load(&self, engine: &Engine, module: &Digest) -> Option<ChecksummedFile> {
        let name = compiled_name(engine, module);
        let (file, image) = self.read_checksummed(&name, MAX_IMAGE_BYTES).ok()?;
        let now = SystemTime::now();
        let used = file.metadata().and_then(|metadata| metadata.modified());
        if used.is_ok_and(|used| differs_by(used, now, TOUCH_INTERVAL)) {
            // If this fails, the file is removed after some time and made again.
            let _ = file.set_modified(now);
        }
        Some(image)
    }

    /// The recorded failure for this module, if the compiler had at least `limits`.
    pub(super) fn cached_failure(
        &self,
        engine: &Engine,
        module: &Digest,
        limits: &Limits,
    ) -> Option<String> {
        if !self.uses_cached_failures {
            return None;
        }
        let name = failure_name(engine, module);
        let (_, text) = self.read_checksummed(&name, MAX_FAILURE_BYTES).ok()?;
        let cached_failure: CachedFailure = serde_json::from_slice(text.content()).ok()?;
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(cached_failure.time))?;
        let had_as_much = cached_failure.compile_milliseconds >= limits.compile_time.as_millis()
            && cached_failure.compile_memory >= limits.compile_memory;
        (had_as_much && !differs_by(time, SystemTime::now(), FAILURE_TTL))
            .then_some(cached_failure.reason)
    }

    /// Locks a module: only one process compiles it, and the others wait until the lock is dropped.
    /// So a policy that takes seconds to compile is compiled once, however many builds begin with
    /// it. `None` after `lock_timeout`: the process with the lock may have been stopped.
    ///
    /// # Errors
    /// When no lock file can be made; then no compiled policy can be saved either.
    pub(super) fn lock(&self, module: &Digest, lock_timeout: Duration) -> io::Result<Option<File>> {
        let folder = OwnerOnlyDir::make(&self.folder)?;
        // A few modules share a lock, so that a tenant of a daemon who sends ever new ones leaves a
        // bounded number of files.
        let name = format!("{}.lock", &module.to_hex()[..LOCK_DIGITS]);
        lock_with_timeout(folder.open_lock(&name)?, lock_timeout)
    }

    /// Saves the compiled form of a module.
    pub(super) fn save(&self, engine: &Engine, module: &Digest, image: &[u8]) -> io::Result<()> {
        let folder = OwnerOnlyDir::open(&self.folder)?;
        let name = compiled_name(engine, module);
        folder.write(&name, &[checksum(&name, image).as_bytes(), image])?;
        // Usually there is no recorded failure.
        let _ = folder.remove(&failure_name(engine, module));
        folder.sweep(SystemTime::now() - UNUSED_TTL);
        folder.shrink(MAX_KEPT_BYTES, &name);
        Ok(())
    }

    /// Records that the compiler failed on a module with these limits.
    pub(super) fn save_failure(
        &self,
        engine: &Engine,
        module: &Digest,
        limits: &Limits,
        reason: &str,
    ) -> io::Result<()> {
        let folder = OwnerOnlyDir::open(&self.folder)?;
        let name = failure_name(engine, module);
        let text = serde_json::to_vec(&CachedFailure {
            reason: reason.to_owned(),
            time: since_1970(SystemTime::now()).as_secs(),
            compile_milliseconds: limits.compile_time.as_millis(),
            compile_memory: limits.compile_memory,
        })?;
        folder.write(&name, &[checksum(&name, &text).as_bytes(), &text])?;
        folder.shrink(MAX_KEPT_BYTES, &name);
        Ok(())
    }

    /// Reads a file and verifies its checksum.
    fn read_checksummed(&self, name: &str, most: u64) -> io::Result<(File, ChecksummedFile)> {
        let folder = OwnerOnlyDir::open(&self.folder)?;
        let (file, bytes) = folder.read(name, most + LENGTH as u64)?;
        let is_intact = bytes
            .split_first_chunk()
            .is_some_and(|(found, rest)| Digest::from_bytes(*found) == checksum(name, rest));
        if is_intact {
            Ok((file, ChecksummedFile(bytes)))
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

/// The bytes of a file with a valid checksum. The content is not copied out, since it may be large.
pub(super) struct ChecksummedFile(Vec<u8>);

impl ChecksummedFile {
    /// The content, which is behind the checksum.
    pub(super) fn content(&self) -> &[u8] {
        &self.0[LENGTH..]
    }
}

fn checksum(name: &str, content: &[u8]) -> Digest {
    let hasher = Sha256::new()
        .chain_update(CHECKSUM_CONTEXT)
        .chain_update(name)
        .chain_update([0])
        .chain_update(content);
    Digest::finish(hasher)
}

fn compiled_name(engine: &Engine, module: &Digest) -> String {
    format!("{}.cwasm", stem(engine, module))
}

fn failure_name(engine: &Engine, module: &Digest) -> String {
    format!("{}.refused", stem(engine, module))
}

fn stem(engine: &Engine, module: &Digest) -> String {
    stem_of(module, engine.precompile_compatibility_hash(), wrapping())
}

/// The texts that this version wraps a module with.
fn wrapping() -> impl Iterator<Item = &'static str> {
    adapters::texts().chain([CONTRACT, env!("CARGO_PKG_VERSION")])
}

fn stem_of<'text>(
    module: &Digest,
    engine: impl Hash,
    wrapping: impl Iterator<Item = &'text str>,
) -> String {
    // The engine's hash covers its version, its settings and this processor's features.
    let mut hasher = DefaultHasher::new();
    engine.hash(&mut hasher);
    wrapping.for_each(|text| text.hash(&mut hasher));
    format!("{module}-{:016x}", hasher.finish())
}

/// Whether two times differ by at least `distance`, in either direction: a time in the future means
/// that the clock was set back.
fn differs_by(time: SystemTime, now: SystemTime, distance: Duration) -> bool {
    let apart = now.duration_since(time);
    apart.unwrap_or_else(|ahead| ahead.duration()) >= distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_new_modules_leave_a_bounded_number_of_files() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = CompiledCache::new(temporary.path().join("policies"));
        let module = |number: u32| Digest::of(&number.to_le_bytes());
        for number in 0..1_000 {
            cache.lock(&module(number), Duration::ZERO).unwrap();
        }
        let count = || std::fs::read_dir(cache.folder()).unwrap().count();
        let locks = count();
        assert!(locks <= 256, "{locks}");
        for number in 0..1_100 {
            let name = format!("{}.refused", module(number));
            std::fs::write(cache.folder().join(name), "a refusal").unwrap();
        }
        let engine = Engine::default();
        let saved = module(2_000);
        let limits = Limits::default();
        cache
            .save_failure(&engine, &saved, &limits, "it is refused")
            .unwrap();
        assert!(count() - locks <= 1024, "{}", count());
        let found = cache.cached_failure(&engine, &saved, &limits);
        assert_eq!(found.as_deref(), Some("it is refused"));
    }

    #[test]
    fn the_name_holds_all_that_made_the_code() {
        let (module, other) = (Digest::of(b"module"), Digest::of(b"other"));
        let all: Vec<_> = wrapping().collect();
        let name =
            |module, engine: u32, texts: &[&str]| stem_of(module, engine, texts.iter().copied());
        let mut names = vec![
            name(&module, 1, &all),
            name(&module, 2, &all),
            name(&other, 1, &all),
        ];
        for changed in 0..all.len() {
            let mut texts = all.clone();
            let text = format!("{} ", texts[changed]);
            texts[changed] = &text;
            names.push(name(&module, 1, &texts));
        }
        assert!(all.contains(&CONTRACT) && all.contains(&env!("CARGO_PKG_VERSION")));
        assert!(
            all.iter()
                .any(|text| text.contains("wasi_snapshot_preview1") || text.contains("fd_write"))
        );
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
