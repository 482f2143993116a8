//! Keeps compiled policies, so that only the first session after a change pays for the compiler; and which ones it gave
//! up on, so that not every session waits for that.
//!
//! What lies here is native code that this process runs. So it lies in an [`OwnerOnlyDir`], outside every workspace and
//! every folder that CI restores. A file begins with a seal: the hash of its name and of all that follows, compared before
//! anything else looks at it. The name holds the module, the engine with its settings, and what a module is wrapped with, so
//! no file stands for another. The folder has a bound on its size: what was not used for the longest time goes first.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_types::{Digest, LENGTH};

use super::adapters;
use super::component::CONTRACT;
use super::limits::{Limits, MAX_IMAGE_BYTES, MAX_KEPT_BYTES};
use super::owner_only_dir::OwnerOnlyDir;

/// A compiled policy unused for so long goes: its module or its engine was replaced.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A compiled policy is marked as used when it was not for so long.
const MARKED: Duration = Duration::from_secs(24 * 60 * 60);

/// So long a refusal is believed: what was slow on a busy day may not be on another.
const BELIEVED: Duration = Duration::from_secs(24 * 60 * 60);

/// A refusal is a sentence.
const MAX_REFUSAL: u64 = 64 * 1024;

/// What a seal is made for, and the form of what it seals.
const PURPOSE: &[u8] = b"cachewarden compiled policy, form 1\0";

/// A folder of compiled policies.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    folder: PathBuf,
    believes_refusals: bool,
}

/// Why a compiler gave up, and how much it had been given.
#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    reason: String,
    /// Seconds since 1970.
    time: u64,
    compile_milliseconds: u128,
    compile_memory: u64,
}

impl CompiledCache {
    /// Keeps them in `folder`, which is made when first needed.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            believes_refusals: true,
        }
    }

    /// The same, but what could not be compiled is tried again.
    #[must_use]
    pub fn trying_again(self) -> Self {
        Self {
            believes_refusals: false,
            ..self
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The compiled form of a module; `None` where there is none that can be trusted.
    pub(super) fn load(&self, engine: &Engine, module: &Digest) -> Option<ChecksummedFile> {
        let name = compiled_name(engine, module);
        let (file, image) = self.read_sealed(&name, MAX_IMAGE_BYTES).ok()?;
        let now = SystemTime::now();
        let used = file.metadata().and_then(|metadata| metadata.modified());
        if used.is_ok_and(|used| is_apart(used, now, MARKED)) {
            // Where it fails, the file is swept some day and made again.
            let _ = file.set_modified(now);
        }
        Some(image)
    }

    /// Why a compiler gave up on this module, having been given no less than `limits`.
    pub(super) fn refusal(
        &self,
        engine: &Engine,
        module: &Digest,
        limits: &Limits,
    ) -> Option<String> {
        if !self.believes_refusals {
            return None;
        }
        let name = refusal_name(engine, module);
        let (_, text) = self.read_sealed(&name, MAX_REFUSAL).ok()?;
        let refusal: Refusal = serde_json::from_slice(text.content()).ok()?;
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(refusal.time))?;
        let had_as_much = refusal.compile_milliseconds >= limits.compile_time.as_millis()
            && refusal.compile_memory >= limits.compile_memory;
        (had_as_much && !is_apart(time, SystemTime::now(), BELIEVED)).then_some(refusal.reason)
    }

    /// Waits until no other process compiles this module, and keeps others waiting until the lock is dropped: a policy
    /// that takes seconds to compile is compiled once, however many builds begin with it. `None` where `lock_timeout` ends
    /// first: whoever has the lock may have been stopped with it.
    ///
    /// # Errors
    /// When there is no place for a lock, and none for compiled policies either.
    pub(super) fn lock(&self, module: &Digest, lock_timeout: Duration) -> io::Result<Option<File>> {
        let folder = OwnerOnlyDir::make(&self.folder)?;
        lock_with_timeout(folder.open_lock(&format!("{module}.lock"))?, lock_timeout)
    }

    /// Keeps the compiled form of a module.
    pub(super) fn save(&self, engine: &Engine, module: &Digest, image: &[u8]) -> io::Result<()> {
        let folder = OwnerOnlyDir::open(&self.folder)?;
        let name = compiled_name(engine, module);
        folder.write(&name, &[seal(&name, image).as_bytes(), image])?;
        // There is mostly none.
        let _ = folder.remove(&refusal_name(engine, module));
        folder.sweep(SystemTime::now() - KEPT);
        folder.shrink(MAX_KEPT_BYTES, &name);
        Ok(())
    }

    /// Remembers that a compiler gave up on a module, having been given `limits`.
    pub(super) fn refuse(
        &self,
        engine: &Engine,
        module: &Digest,
        limits: &Limits,
        reason: &str,
    ) -> io::Result<()> {
        let folder = OwnerOnlyDir::open(&self.folder)?;
        let name = refusal_name(engine, module);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let text = serde_json::to_vec(&Refusal {
            reason: reason.to_owned(),
            time: since_epoch.unwrap_or_default().as_secs(),
            compile_milliseconds: limits.compile_time.as_millis(),
            compile_memory: limits.compile_memory,
        })?;
        folder.write(&name, &[seal(&name, &text).as_bytes(), &text])
    }

    /// What follows a seal that holds.
    fn read_sealed(&self, name: &str, most: u64) -> io::Result<(File, ChecksummedFile)> {
        let folder = OwnerOnlyDir::open(&self.folder)?;
        let (file, bytes) = folder.read(name, most + LENGTH as u64)?;
        let sealed = bytes
            .split_first_chunk()
            .is_some_and(|(found, rest)| Digest::from_bytes(*found) == seal(name, rest));
        if sealed {
            Ok((file, ChecksummedFile(bytes)))
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

/// The bytes of a file whose seal holds. They stay where they were read to: there may be many.
pub(super) struct ChecksummedFile(Vec<u8>);

impl ChecksummedFile {
    /// What follows the seal.
    pub(super) fn content(&self) -> &[u8] {
        &self.0[LENGTH..]
    }
}

fn seal(name: &str, content: &[u8]) -> Digest {
    let hasher = Sha256::new()
        .chain_update(PURPOSE)
        .chain_update(name)
        .chain_update([0])
        .chain_update(content);
    Digest::finish(hasher)
}

fn compiled_name(engine: &Engine, module: &Digest) -> String {
    format!("{}.cwasm", stem(engine, module))
}

fn refusal_name(engine: &Engine, module: &Digest) -> String {
    format!("{}.refused", stem(engine, module))
}

fn stem(engine: &Engine, module: &Digest) -> String {
    stem_of(module, engine.precompile_compatibility_hash(), wrapping())
}

/// All that a module is wrapped with by this version.
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

/// Whether two times are so far apart; one in the future comes of a clock that was set back.
fn is_apart(time: SystemTime, now: SystemTime, distance: Duration) -> bool {
    let apart = now.duration_since(time);
    apart.unwrap_or_else(|ahead| ahead.duration()) >= distance
}

#[cfg(test)]
mod tests {
    use super::*;

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
