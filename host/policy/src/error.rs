//! Why a policy cannot be loaded.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use cachewarden_types::{Code, Digest, Problem};

use super::limits::{MAX_MODULE_BYTES, MAX_UNFOLDED_INSTANCES};

/// Why a policy cannot be loaded. The operator can correct each of these.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the policy {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is larger than any policy.
    #[error("the policy {} has more than {} MiB, which is more than is ever loaded", file.display(), MAX_MODULE_BYTES >> 20)]
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
    #[error("the policy {} cannot be loaded", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Defect,
    },
    /// This machine cannot run policies.
    #[error("cannot start the WebAssembly engine")]
    Engine(#[from] EngineError),
}

/// What is wrong with a policy's bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Defect {
    /// They are no WebAssembly that a policy can be made of.
    #[error("{0}")]
    Format(String),
    /// It makes too many instances, each of which costs time and memory to compile.
    #[error(
        "it makes more than {MAX_UNFOLDED_INSTANCES} instances of the components and modules in it"
    )]
    TooManyInstances,
    /// It makes instances of a component that it imports, which are not known before.
    #[error(
        "it makes an instance of a component that it is handed, which is not supported: how many that makes cannot be told"
    )]
    UncountedInstances,
    /// It cannot be compiled or loaded, or not within its bounds. Whoever does that is a process of
    /// its own, so these are its words.
    #[error("{0}")]
    Compilation(String),
    /// It imports what no policy has, or exports what the contract does not.
    #[error("{0}")]
    Contract(String),
}

/// Why the engine does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine's own words.
    #[error("{0}")]
    Configuration(String),
    /// Its clock is a thread.
    #[error("no thread for its clock")]
    Clock(#[source] io::Error),
    /// Its compiler is a process with threads.
    #[error("no process or thread for its compiler")]
    Compiler(#[source] io::Error),
}

impl Problem for LoadError {
    fn code(&self) -> Code {
        match self {
            Self::Unreadable { .. } => Code::PolicyUnreadable,
            Self::TooLarge { .. } => Code::PolicyTooLarge,
            Self::OtherBytes { .. } => Code::PolicyPin,
            Self::Unusable { .. } => Code::PolicyInvalid,
            Self::Engine(_) => Code::Engine,
        }
    }

    fn remedy(&self) -> Option<&'static str> {
        matches!(self, Self::Unreadable { .. }).then_some("check the path of the policy (--policy)")
    }
}
