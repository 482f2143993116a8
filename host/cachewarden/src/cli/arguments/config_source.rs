//! Which configuration file is read, who named it, and what bytes it must have.

use std::path::PathBuf;
use std::str::FromStr;

use cachewarden_policy_host::pin;
use cachewarden_types::{Code, Digest};

use crate::cli::bounded_file;
use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::paths::{absolute_in_helper_mode, check_spelling};

use super::variables;

/// The option that names the file; a file names no other one.
pub(super) const KEY: &str = "config";
const OPTION: &str = "--config";

/// The variable that names it.
const VARIABLE: &str = "CACHEWARDEN_CONFIG";

/// Where the file is, and what bytes it must have.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ConfigSource {
    pub(super) file: PathBuf,
    pub(super) pin: Option<Digest>,
    /// The option or the variable that says so.
    named_by: &'static str,
}

impl FromStr for ConfigSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (file, pin) = pin::split(text).map_err(|error| error.to_string())?;
        match file.as_os_str().is_empty() {
            true => Err("expected the path of a TOML file".into()),
            false => Ok(Self {
                file,
                pin,
                named_by: OPTION,
            }),
        }
    }
}

impl ConfigSource {
    /// The file that the variable names.
    pub(super) fn of_variable() -> Result<Option<Self>, Failure> {
        let Some(value) = std::env::var_os(VARIABLE) else {
            return Ok(None);
        };
        variables::check_not_empty(VARIABLE, KEY, value.is_empty())?;
        let text = value.into_string().ok().or_fail(Code::VariableEmpty, || {
            format!("the variable {VARIABLE} is not valid UTF-8")
        })?;
        let source: Self = text.parse().map_err(|why: String| {
            Failure::new(
                Code::ConfigUnreadable,
                format!("the variable {VARIABLE}: {why}"),
            )
        })?;
        Ok(Some(Self {
            named_by: VARIABLE,
            ..source
        }))
    }

    /// Reads the text, and makes the path absolute.
    ///
    /// A relative path is for a person who types it at a verb. A variable is also there in folders
    /// that a pull request owns.
    pub(super) fn read(&mut self, is_helper: bool) -> Result<String, Failure> {
        let named_by = self.named_by;
        match is_helper || named_by == VARIABLE {
            true => absolute_in_helper_mode(named_by, &self.file)?,
            false => check_spelling(named_by, &self.file)?,
        }
        let name = self.file.display().to_string();
        let unreadable =
            || format!("cannot read the configuration {name}; check the path ({named_by})");
        let bytes = bounded_file::read(&self.file).or_fail(Code::ConfigUnreadable, unreadable)?;
        let found = Digest::of(&bytes);
        ensure(
            self.pin.is_none_or(|pinned| pinned == found),
            Code::ConfigUnreadable,
            || {
                format!(
                    "the configuration {name} has other bytes than {named_by} names: its SHA-256 is {found}. Somebody changed the file, or the pin is of another version. If the change is meant, pin the new SHA-256"
                )
            },
        )?;
        self.file = std::path::absolute(&self.file).or_fail(Code::ConfigUnreadable, unreadable)?;
        String::from_utf8(bytes).or_fail(Code::ConfigUnreadable, unreadable)
    }

    /// The value of the option that names it.
    pub(super) fn word(&self) -> String {
        pin::join(&self.file.display().to_string(), self.pin)
    }
}
