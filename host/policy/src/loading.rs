//! Loads a module: takes its compiled form from the cache, or compiles and saves it.

use std::io;
use std::path::Path;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;

use cachewarden_types::Digest;

use super::child_task::TaskError;
use super::compiled::CompiledCache;
use super::compiler;
use super::limits::Limits;
use super::{Defect, EngineError, LoadError};

/// The time beyond the compiler's limit that another process gets to record a failure.
const RESULT_GRACE: Duration = Duration::from_secs(2);

/// A compiled component, ready to be linked.
pub(super) struct CompiledPolicy {
    pub(super) component: Component,
    /// Why it could not be saved, if it had to be compiled.
    pub(super) cache_write_error: Option<io::Error>,
}

/// Loads one module.
pub(super) struct PolicyLoader<'policy> {
    /// What texts call it.
    pub(super) name: &'policy Path,
    /// Whether that is a file that an operator can name again.
    pub(super) is_file: bool,
    pub(super) engine: &'policy Engine,
    pub(super) module: &'policy Digest,
    pub(super) limits: &'policy Limits,
    pub(super) cache: Option<&'policy CompiledCache>,
}

impl PolicyLoader<'_> {
    /// Takes the compiled form of a module from the cache, or compiles it. `slow` is called when
    /// compiling has taken a while.
    ///
    /// # Errors
    /// What is wrong with it, or why it cannot be compiled.
    pub(super) fn load(
        &self,
        bytes: Vec<u8>,
        slow: impl FnOnce(),
    ) -> Result<CompiledPolicy, LoadError> {
        if let Some(result) = self.cached_result() {
            return result;
        }
        // Where no lock file can be made, nothing can be saved either: every session compiles then.
        let lock = self
            .cache
            .map(|cache| cache.lock(self.module, self.limits.compile_time + RESULT_GRACE));
        // The process that had the lock before has compiled it, or has recorded a failure.
        if let Some(result) = self.cached_result() {
            return result;
        }
        let image =
            compiler::compile(bytes, self.limits, slow).map_err(|error| self.load_error(error))?;
        let kept = match (self.cache, lock) {
            (Some(cache), Some(Ok(_))) => cache.save(self.engine, self.module, &image),
            (_, Some(Err(error))) => Err(error),
            _ => Err(io::Error::other("there is no folder for it")),
        };
        Ok(CompiledPolicy {
            component: deserialize(self.engine, &image)
                .map_err(|error| self.unusable(format!("{error:#}")))?,
            cache_write_error: kept.err(),
        })
    }

    /// The cached result for the module: its compiled form, or a recorded failure.
    fn cached_result(&self) -> Option<Result<CompiledPolicy, LoadError>> {
        let cache = self.cache?;
        let image = cache.load(self.engine, self.module);
        if let Some(Ok(component)) = image.map(|image| deserialize(self.engine, image.content())) {
            return Some(Ok(CompiledPolicy {
                component,
                cache_write_error: None,
            }));
        }
        let reason = cache.cached_failure(self.engine, self.module, self.limits)?;
        let again = match self.is_file {
            true => format!(
                "by itself. To try again: cachewarden policy compile '{}'",
                self.name.display()
            ),
            false => "today".to_owned(),
        };
        Some(Err(self.unusable(format!(
            "{reason}; that was found within the last day, and is not tried again {again}"
        ))))
    }

    /// Why there is no compiled form; what would fail again is recorded.
    fn load_error(&self, error: TaskError) -> LoadError {
        let (reason, is_repeatable) = match error {
            TaskError::NoProcess(error) => return EngineError::Compiler(error).into(),
            TaskError::Failed {
                reason,
                is_repeatable,
            } => (reason, is_repeatable),
        };
        if let (Some(cache), true) = (self.cache, is_repeatable) {
            // If this fails, the next session compiles again, and nothing else is lost.
            let _ = cache.save_failure(self.engine, self.module, self.limits, &reason);
        }
        self.unusable(reason)
    }

    fn unusable(&self, reason: String) -> LoadError {
        LoadError::Unusable {
            file: self.name.to_owned(),
            source: Defect::Compilation(reason),
        }
    }
}

/// Loads compiled code, ready to be linked.
#[allow(
    unsafe_code,
    reason = "what was compiled can be loaded in no other way"
)]
pub(super) fn deserialize(engine: &Engine, image: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are trusted, because they become code that runs. They come from this
    // program: over a pipe from a child process (or, in `test_load`, from the parent that has
    // received them so), or from a file that `CompiledCache::save` wrote under this user. No other
    // user may write that file or its folder, and its checksum shows that these are the bytes that
    // were written.
    unsafe { Component::deserialize(engine, image) }
}
