//! What all policies of a process share: one engine, one ticker, one bound on the memory of all
//! instances, and one loaded copy of each policy.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use wasmtime::Engine;
use wasmtime::component::Component;

use cachewarden_types::Digest;

use super::component::componentise;
use super::engine::{self, Ticker};
use super::host;
use super::instance::Exports;
use super::limits::{self, Limits};
use super::loading::{CompiledPolicy, PolicyLoader};
use super::memory_limiter::ProcessUsage;
use super::{CompiledCache, Defect, EngineError, LoadError, Policy, PolicySource};

/// The sandbox of a process, which loads all its policies.
pub struct Sandbox {
    pub(super) engine: Engine,
    pub(super) ticker: Ticker,
    pub(super) usage: Arc<ProcessUsage>,
    /// The policies that are in use. The same bytes with other limits are another policy.
    policies: Mutex<HashMap<(Digest, Limits), Weak<Policy>>>,
}

/// The bytes of a policy.
struct ReadPolicy<'policy> {
    /// What texts call it.
    name: &'policy Path,
    /// Whether that is its file.
    is_file: bool,
    bytes: Vec<u8>,
    digest: Digest,
}

impl Sandbox {
    /// Makes the engine and starts its ticker.
    ///
    /// # Errors
    /// When this machine cannot run policies.
    pub fn start() -> Result<Arc<Self>, LoadError> {
        let engine =
            engine::engine().map_err(|error| EngineError::Configuration(format!("{error:#}")))?;
        let ticker = Ticker::start(&engine).map_err(EngineError::Clock)?;
        Ok(Arc::new(Self {
            engine,
            ticker,
            usage: Arc::default(),
            policies: Mutex::default(),
        }))
    }

    /// Reads a policy, compiles it (or takes the compiled form from `cache`) and links it; or
    /// returns the policy that was loaded from the same bytes. `slow` is called when compiling has
    /// taken a second. The compiler is a child process of the running program, which must serve
    /// [`super::COMPILER_VERB`] and [`super::TEST_LOAD_VERB`].
    ///
    /// # Errors
    /// When the file cannot be read, has other bytes than were pinned, or is no policy of this
    /// contract.
    pub fn load(
        self: &Arc<Self>,
        source: &PolicySource,
        limits: Limits,
        cache: Option<&CompiledCache>,
        slow: impl FnOnce(),
    ) -> Result<Arc<Policy>, LoadError> {
        let (bytes, digest) = source.read()?;
        let read = ReadPolicy {
            name: &source.file,
            is_file: true,
            bytes,
            digest,
        };
        self.load_read(read, limits, cache, slow)
    }

    /// The same for bytes that are in no file. `name` is what texts call the policy.
    ///
    /// # Errors
    /// When they are no policy of this contract.
    pub fn load_bytes(
        self: &Arc<Self>,
        name: &str,
        bytes: Vec<u8>,
        limits: Limits,
        cache: Option<&CompiledCache>,
    ) -> Result<Arc<Policy>, LoadError> {
        let read = ReadPolicy {
            name: Path::new(name),
            is_file: false,
            digest: Digest::of(&bytes),
            bytes,
        };
        self.load_read(read, limits, cache, || {})
    }

    fn load_read(
        self: &Arc<Self>,
        read: ReadPolicy<'_>,
        limits: Limits,
        cache: Option<&CompiledCache>,
        slow: impl FnOnce(),
    ) -> Result<Arc<Policy>, LoadError> {
        let ReadPolicy {
            name,
            is_file,
            bytes,
            digest,
        } = read;
        if let Some(policy) = self.loaded(&digest, limits) {
            return Ok(policy);
        }
        let loading = PolicyLoader {
            name,
            is_file,
            engine: &self.engine,
            module: &digest,
            limits: &limits,
            cache,
        };
        let CompiledPolicy {
            component,
            cache_write_error,
        } = loading.load(bytes, slow)?;
        let policy = self.link(&component, limits, digest, name)?;
        let policy = Arc::new(Policy {
            cache_write_error,
            ..policy
        });
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        policies.retain(|_, policy| policy.strong_count() > 0);
        policies.insert((digest, limits), Arc::downgrade(&policy));
        Ok(policy)
    }

    /// Compiles and links a policy in this process, where nothing bounds the compiler. Only for
    /// tests of what asks a policy, whose policies are a few lines of text; what an operator names
    /// goes through [`load`](Self::load).
    ///
    /// # Errors
    /// When the bytes are no policy of this contract.
    pub fn compile_in_process(
        self: &Arc<Self>,
        name: &str,
        bytes: Vec<u8>,
        limits: Limits,
    ) -> Result<Arc<Policy>, LoadError> {
        let (file, digest) = (Path::new(name), Digest::of(&bytes));
        let unusable = |source| LoadError::Unusable {
            file: file.to_owned(),
            source,
        };
        let component = componentise(bytes).map_err(unusable)?;
        let component = Component::from_binary(&self.engine, &component)
            .map_err(|error| unusable(Defect::Compilation(format!("{error:#}"))))?;
        self.link(&component, limits, digest, file).map(Arc::new)
    }

    fn loaded(&self, digest: &Digest, limits: Limits) -> Option<Arc<Policy>> {
        let policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        policies.get(&(*digest, limits))?.upgrade()
    }

    /// Links a compiled component.
    pub(super) fn link(
        self: &Arc<Self>,
        component: &Component,
        limits: Limits,
        digest: Digest,
        file: &Path,
    ) -> Result<Policy, LoadError> {
        let (linked, imports_wasi) =
            host::link(&self.engine, component).map_err(|source| LoadError::Unusable {
                file: file.to_owned(),
                source,
            })?;
        self.ticker
            .tick_at_least_every(limits::idle_tick(limits.deadline));
        Ok(Policy {
            digest,
            file: file.to_owned(),
            exports: Exports::of(component),
            limits,
            linked,
            imports_wasi,
            code_bytes: code_bytes(component),
            cache_write_error: None,
            sandbox: Arc::clone(self),
        })
    }
}

/// Bytes of a component's compiled form.
fn code_bytes(component: &Component) -> u64 {
    let image = component.image_range();
    (image.end.addr() - image.start.addr()) as u64
}
