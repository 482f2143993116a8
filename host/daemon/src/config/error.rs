//! Why a configuration is not used, with the nearest name of a key that is none.

use std::path::PathBuf;

use thiserror::Error;

use cachewarden_types::{Code, Problem, nearest_name};

/// Why a configuration is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file says something that nothing takes.
    #[error("{}:{line}: {text}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what is expected.
        text: String,
    },
    /// What it says makes no sense.
    #[error("{}: {text}", file.display())]
    Meaningless {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the table and the key, and what to do.
        text: String,
    },
}

impl Problem for ConfigError {
    fn code(&self) -> Code {
        match self {
            Self::Unreadable { .. } => Code::ServeConfigUnreadable,
            Self::Invalid { .. } | Self::Meaningless { .. } => Code::ServeConfigInvalid,
        }
    }
}

/// The message of an error in this line, with the way out: the name that is nearest to an unknown
/// key, or how a list of tables is written.
pub(super) fn with_advice(message: &str, line: &str) -> String {
    let line = line.trim();
    if let Some(name) = line
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        && !name.starts_with('[')
        && (message.contains("expected a sequence") || message.contains("duplicate key"))
    {
        return format!("there may be several of `{name}`: write [[{name}]]");
    }
    with_nearest_name(message)
}

fn with_nearest_name(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((key, known)) if message.starts_with("unknown field") => {
            match nearest_name(key, known.iter().copied()) {
                Some(name) => format!("`{key}` is no key; did you mean `{name}`?"),
                None => format!("`{key}` is no key; expected one of {}", known.join(", ")),
            }
        }
        _ => message.to_owned(),
    }
}
