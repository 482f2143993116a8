//! The sandbox: loads a policy, asks it, and survives whatever it does. The only module that names wasmtime.
//!
//! A [`Policy`] is a loaded module; a [`Warden`] runs one instance of it for one session. What always holds: a call
//! ends, in bounded time and memory; what a policy answers are words and numbers of the contract and nothing else; and
//! after a trap nothing of the instance is used again.

mod adapters;
mod compiled;
mod component;
mod contract;
mod engine;
mod host;
mod instance;
mod limits;
mod source;
mod warden;
mod wasi;
mod wire;

pub use compiled::CompiledCache;
pub use component::CONTRACT;
pub use contract::{
    AllFacts, Candidate, Grant, Label, Level, Lookup, Offer, Reach, Refusal, Session,
    VERSION as CONTRACT_VERSION,
};
pub use host::LogLine;
pub use instance::{Exports, Question};
pub use limits::{Limits, THREAD_STACK};
pub use source::PolicySource;
pub use warden::{Event, Opening, Warden};

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::digest::Digest;

use engine::Ticker;
use host::State;
use limits::{MAX_COMPILE_TIME, TOLD_OF};

/// The version of the engine that runs policies.
pub const WASMTIME_VERSION: &str = "48.0.8";

/// Why a policy cannot be loaded. Every one is for the operator to mend.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the policy {}: {reason}; see the path after --policy", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file is larger than any policy.
    #[error("the policy {} has more than {} MiB, which is more than is ever loaded", file.display(), limits::MAX_MODULE_BYTES >> 20)]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// The file does not have the bytes that were pinned.
    #[error(
        "the policy {} has the SHA-256 {found}, but --policy pins {pinned}; if the change is meant, pin the new one", file.display()
    )]
    OtherBytes {
        /// The file.
        file: PathBuf,
        /// What was asked for.
        pinned: Digest,
        /// What is there.
        found: Digest,
    },
    /// The bytes are no policy.
    #[error("the policy {} cannot be loaded: {reason}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// This machine cannot run policies.
    #[error("cannot start the WebAssembly engine: {0}")]
    Engine(String),
}

/// A policy that is loaded: compiled, linked, ready to be instantiated for any number of sessions.
pub struct Policy {
    digest: Digest,
    file: PathBuf,
    exports: Exports,
    limits: Limits,
    linked: InstancePre<State>,
    imports_wasi: bool,
    _ticker: Ticker,
}

impl Policy {
    /// Reads, compiles (or takes the compiled form from `cache`) and links a policy. `slow` is called when compiling has
    /// taken a second.
    ///
    /// # Errors
    /// When the file cannot be read, has other bytes than were pinned, or is no policy of this contract.
    pub fn load(
        source: &PolicySource,
        limits: Limits,
        cache: Option<&CompiledCache>,
        slow: impl FnOnce(),
    ) -> Result<Self, LoadError> {
        let (bytes, digest) = source.read()?;
        let unusable = |reason| LoadError::Unusable {
            file: source.file.clone(),
            reason,
        };
        let engine = engine::engine().map_err(|error| LoadError::Engine(format!("{error:#}")))?;
        let load = || cache.and_then(|cache| cache.load(&engine, &digest));
        let component = match load() {
            Some(component) => component,
            None => {
                // Where there is no place for a lock there is none for the result either: every session compiles then.
                let lock = cache.and_then(|cache| cache.lock(&digest).ok());
                // Whoever had the lock before has compiled it.
                match lock.as_ref().and_then(|_| load()) {
                    Some(component) => component,
                    None => {
                        let component = compile_in_time(&engine, bytes, slow).map_err(unusable)?;
                        if let (Some(cache), Some(_)) = (cache, &lock) {
                            // Without it the next session compiles again, and nothing else is lost.
                            let _ = cache.save(&engine, &digest, &component);
                        }
                        component
                    }
                }
            }
        };
        let (linked, imports_wasi) = host::link(&engine, &component).map_err(unusable)?;
        let ticker =
            Ticker::start(&engine).map_err(|error| LoadError::Engine(error.to_string()))?;
        Ok(Self {
            digest,
            file: source.file.clone(),
            exports: Exports::of(&component),
            limits,
            linked,
            imports_wasi,
            _ticker: ticker,
        })
    }

    /// The SHA-256 of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The file that it was read from.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// The questions that the policy answers.
    pub fn exports(&self) -> Exports {
        self.exports
    }
}

/// Compiles on a thread of its own: a module may be made to keep the compiler busy for ever, and nothing can interrupt
/// it. When its time is up the program ends, and the thread with it.
fn compile_in_time(
    engine: &Engine,
    bytes: Vec<u8>,
    slow: impl FnOnce(),
) -> Result<Component, String> {
    let engine = engine.clone();
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("policy-compiler".into())
        .stack_size(THREAD_STACK)
        .spawn(move || {
            let compiled = component::componentise(bytes).and_then(|component| {
                Component::from_binary(&engine, &component).map_err(|error| format!("{error:#}"))
            });
            // Nobody listens any more when the time was up.
            let _ = sender.send(compiled);
        })
        .map_err(|error| error.to_string())?;
    let soon = receiver.recv_timeout(TOLD_OF);
    let result = match soon {
        Err(RecvTimeoutError::Timeout) => {
            slow();
            receiver.recv_timeout(MAX_COMPILE_TIME.saturating_sub(TOLD_OF))
        }
        result => result,
    };
    match result {
        Ok(compiled) => compiled,
        Err(RecvTimeoutError::Timeout) => Err(format!(
            "compiling it takes longer than {} s",
            MAX_COMPILE_TIME.as_secs()
        )),
        Err(RecvTimeoutError::Disconnected) => Err("the compiler failed on it".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_shown_is_the_one_built_in() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!(
            "name = \"wasmtime\"\nversion = \"{WASMTIME_VERSION}\""
        )));
    }
}
