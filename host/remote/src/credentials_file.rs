//! Credentials in a file: lines NAME=VALUE, named as the environment variables.
//!
//! What always holds: only this user, or root, can have written the file, and nobody else can read
//! it. On Windows its place is to answer for that. No text quotes a value.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use cachewarden_system::safe_open;
use cachewarden_types::{Code, Problem, nearest_name};

use super::address::Credentials;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The most bytes of a file. The longest credential is a key in JSON, of some 3 KB.
const MAX_FILE: u64 = 64 * 1024;

/// The credentials of a file, by the names of the variables.
#[derive(Clone, Default)]
pub struct CredentialsFile(BTreeMap<String, String>);

/// Why a file is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// It cannot be read.
    #[error("the credentials {} cannot be read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others may read it, or have written it.
    #[error("the credentials {} {why}; {}", file.display(), system::REMEDY)]
    Exposed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// A line is none of credentials.
    #[error("the credentials {}:{line}: {why}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Problem for CredentialsError {
    fn code(&self) -> Code {
        Code::RemoteCredentials
    }
}

impl CredentialsFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, others may read or have written it, or a line is wrong.
    pub fn read(file: &Path) -> Result<Self, CredentialsError> {
        let unreadable = |source| CredentialsError::Unreadable {
            file: file.to_owned(),
            source,
        };
        let (opened, metadata) = safe_open::open_to_read(file).map_err(unreadable)?;
        // `None` where others neither know what is in it nor have written it.
        if let Some(why) = system::exposure(file, &metadata) {
            return Err(CredentialsError::Exposed {
                file: file.to_owned(),
                why,
            });
        }
        let mut text = String::new();
        opened
            .take(MAX_FILE + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        if text.len() as u64 > MAX_FILE {
            let text = format!("it has more than {MAX_FILE} bytes");
            return Err(unreadable(io::Error::other(text)));
        }
        parse(&text).map_err(|(line, why)| CredentialsError::Line {
            file: file.to_owned(),
            line,
            why,
        })
    }

    /// The value of a name; `None` where the file has none.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// Reads the lines; else the number of a wrong one, and what is wrong with it.
fn parse(text: &str) -> Result<CredentialsFile, (usize, String)> {
    let mut values = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| (number, "expected NAME=VALUE".to_owned()))?;
        let name = name.trim_end();
        let known: Vec<_> = Credentials::variables().collect();
        if !known.iter().any(|one| one == name) {
            let meant = nearest_name(name, known.iter().map(String::as_str));
            let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            let name = name.escape_debug();
            return Err((number, format!("{name} is none of the variables{meant}")));
        }
        let value = unquoted(value.trim_start());
        if values.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err((number, format!("{name} was set before")));
        }
    }
    Ok(CredentialsFile(values))
}

/// A value without the quotes around it, as systemd reads such files.
fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_names_and_values_and_no_error_has_a_value() {
        let text = "# of the team\n\nCACHEWARDEN_S3_ACCESS_KEY_ID=id\nCACHEWARDEN_S3_SECRET_ACCESS_KEY = 'a=b c'\n";
        let file = parse(text).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let value = |name: &str| file.get(name);
        assert_eq!(value("CACHEWARDEN_S3_ACCESS_KEY_ID").as_deref(), Some("id"));
        assert_eq!(
            value("CACHEWARDEN_S3_SECRET_ACCESS_KEY").as_deref(),
            Some("a=b c")
        );
        assert_eq!(value("CACHEWARDEN_S3_SESSION_TOKEN"), None);
        for (text, line, expected) in [
            ("secret", 1, "NAME=VALUE"),
            (
                "\nCACHEWARDEN_S3_SECRET_KEY=secret",
                2,
                "did you mean CACHEWARDEN_S3_SECRET_ACCESS_KEY?",
            ),
            ("AWS_SECRET_ACCESS_KEY=secret", 1, "none of the variables"),
            (
                "CACHEWARDEN_REDIS_PASSWORD=secret\nCACHEWARDEN_REDIS_PASSWORD=secret",
                2,
                "before",
            ),
        ] {
            let (at, why) = parse(text).err().expect(text);
            assert_eq!(at, line, "{why}");
            assert!(why.contains(expected) && !why.contains("=secret"), "{why}");
        }
    }
}
