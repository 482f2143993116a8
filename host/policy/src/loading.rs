//! From a module's bytes to code that runs: taken from the cache, or compiled and kept there.

use std::io;
use std::path::Path;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;

use cachewarden_types::Digest;

use super::compiled::CompiledCache;
use super::compiler;
use super::limits::Limits;

/// Time for whoever compiles a module to tell others that it has given up.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// A component, ready to be linked.
pub(super) struct Loaded {
    pub(super) component: Component,
    /// Why it could not be kept, where it had to be compiled.
    pub(super) cache_write_error: Option<io::Error>,
}

/// A module, and what it is compiled with.
pub(super) struct Loading<'policy> {
    pub(super) file: &'policy Path,
    pub(super) engine: &'policy Engine,
    pub(super) module: &'policy Digest,
    pub(super) limits: &'policy Limits,
    pub(super) cache: Option<&'policy CompiledCache>,
}

impl Loading<'_> {
    /// Takes the compiled form of a module from the cache, or compiles it. `slow` is called when compiling has taken a
    /// while.
    ///
    /// # Errors
    /// What is wrong with it, or why it cannot be compiled.
    pub(super) fn load(&self, bytes: Vec<u8>, slow: impl FnOnce()) -> Result<Loaded, String> {
        if let Some(result) = self.known() {
            return result;
        }
        // Where there is no place for a lock there is none for the result either: every session compiles then.
        let lock = self
            .cache
            .map(|cache| cache.lock(self.module, self.limits.compile_time + AFTERWARDS));
        // Whoever had the lock before has compiled it, or has given up.
        if let Some(result) = self.known() {
            return result;
        }
        let image = compiler::compile(bytes, self.limits, slow).map_err(|failure| {
            if let (Some(cache), true) = (self.cache, failure.is_worth_remembering) {
                // Without it the next session waits as long, and nothing else is lost.
                let _ = cache.refuse(self.engine, self.module, self.limits, &failure.reason);
            }
            failure.reason
        })?;
        let kept = match (self.cache, lock) {
            (Some(cache), Some(Ok(_))) => cache.save(self.engine, self.module, &image),
            (_, Some(Err(error))) => Err(error),
            _ => Err(io::Error::other("there is no folder for it")),
        };
        Ok(Loaded {
            component: deserialize(self.engine, &image).map_err(|error| format!("{error:#}"))?,
            cache_write_error: kept.err(),
        })
    }

    /// What the cache knows of the module: its compiled form, or why there is none.
    fn known(&self) -> Option<Result<Loaded, String>> {
        let cache = self.cache?;
        let image = cache.load(self.engine, self.module);
        if let Some(Ok(component)) = image.map(|image| deserialize(self.engine, image.content())) {
            return Some(Ok(Loaded {
                component,
                cache_write_error: None,
            }));
        }
        let reason = cache.refusal(self.engine, self.module, self.limits)?;
        Some(Err(format!(
            "{reason}; that was found within the last day, and is not tried again by itself. To try again: cachewarden policy compile '{}'",
            self.file.display()
        )))
    }
}

/// What was compiled, ready to be linked.
#[allow(
    unsafe_code,
    reason = "what was compiled can be loaded in no other way"
)]
pub(super) fn deserialize(engine: &Engine, image: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: deserialising trusts what the bytes say, and what they say is run. They come from this very program: over a
    // pipe from a process of its own (or, in `trial`, from the parent that has them so), or from a file that
    // `CompiledCache::save` wrote under this user. Nobody else may write that file or its folder, and its seal says that
    // these are the bytes that were written.
    unsafe { Component::deserialize(engine, image) }
}
