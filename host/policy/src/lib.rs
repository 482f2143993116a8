//! The sandbox: it loads policies, asks them, and survives whatever they do. This is the only crate
//! that depends on wasmtime.
//!
//! A [`Sandbox`] has what all policies of a process share; a [`Policy`] is a loaded module; a
//! [`PolicySession`] runs one instance of it for one session. What always holds: a call ends in
//! bounded time and memory; a policy's answers are values of the contract and nothing else; and an
//! instance that has trapped is never used again.

// There is one exception, with its reason: where a compiled policy is loaded.
#![deny(unsafe_code)]

mod account;
mod adapters;
mod call_deadline;
pub mod canonical;
mod child_task;
mod compiled;
mod compiler;
mod component;
mod contract;
mod engine;
mod error;
mod host;
mod instance;
mod instances;
mod limits;
mod loading;
mod memory_limiter;
mod owner_only_dir;
pub mod pin;
mod policy_session;
mod sandbox;
#[cfg(test)]
mod sanitized;
mod source;
mod test_load;
pub mod thread;
mod wasi;
mod wire;

pub use account::{Account, no_account};
pub use call_deadline::cpu_time;
pub use compiled::CompiledCache;
pub use compiler::{COMPILER_VERB, run as run_compiler};
pub use component::CONTRACT;
pub use contract::VERSION as CONTRACT_VERSION;
pub use error::{Defect, EngineError, LoadError};
pub use host::LogLine;
pub use instance::{Exports, Question};
pub use limits::{Limits, MAX_LIVE_INSTANCES, MAX_MEMORY_OF_ALL};
pub use pin::PinError;
pub use policy_session::{Event, OpenOutcome, PolicySession};
pub use sandbox::Sandbox;
pub use source::PolicySource;
pub use test_load::{TEST_LOAD_VERB, run as run_test_load};

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::InstancePre;

use cachewarden_types::Digest;

use host::State;

/// The version of the engine that runs policies.
pub const WASMTIME_VERSION: &str = "48.0.8";

/// A loaded policy: compiled, linked, and ready to be instantiated for any number of sessions.
pub struct Policy {
    digest: Digest,
    file: PathBuf,
    exports: Exports,
    limits: Limits,
    linked: InstancePre<State>,
    imports_wasi: bool,
    code_bytes: u64,
    cache_write_error: Option<io::Error>,
    sandbox: Arc<Sandbox>,
}

impl Policy {
    /// The SHA-256 of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The file that it was read from.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// Why the compiled form could not be saved, if it had to be compiled: the next session
    /// compiles it again.
    pub fn cache_write_error(&self) -> Option<&io::Error> {
        self.cache_write_error.as_ref()
    }

    /// Bytes of memory that its compiled form takes while it is loaded.
    pub fn code_bytes(&self) -> u64 {
        self.code_bytes
    }

    /// The questions that the policy answers.
    pub fn exports(&self) -> Exports {
        self.exports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_module() {
        let engine = engine::engine().unwrap();
        let load = move |bytes: &[u8]| {
            let component = component::componentise(bytes.to_vec())?;
            let component = wasmtime::component::Component::from_binary(&engine, &component)
                .map_err(|error| Defect::Compilation(format!("{error:#}")))?;
            host::link(&engine, &component).map(drop)
        };
        let check = move |bytes: &[u8]| {
            // An error must have a text.
            let defect = load(bytes).err();
            assert!(defect.is_none_or(|defect| !defect.to_string().is_empty()));
        };
        // With the stack of the compiler: texts and types may be nested deeply.
        thread::spawn("fuzz", move |_| cachewarden_fuzz::fuzz("module", check))
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn the_version_shown_is_the_one_built_in() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!(
            "name = \"wasmtime\"\nversion = \"{WASMTIME_VERSION}\""
        )));
    }
}
