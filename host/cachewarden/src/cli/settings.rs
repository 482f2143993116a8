//! A policy's settings, as the operator gives them: a JSON text, or a file that holds one.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::value::RawValue;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::pin;
use cachewarden_types::{Code, Digest};

use super::bounded_file;
use super::failure::{Failure, OrFail, ensure};

/// What `--settings` names.
#[derive(Clone, Debug)]
pub(super) enum SettingsSource {
    /// The settings themselves.
    Json(String),
    /// A file, and its SHA-256 where the operator pinned it.
    File { file: PathBuf, pin: Option<Digest> },
}

impl FromStr for SettingsSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err("expected a JSON text, or @FILE; {} is none".into());
        }
        let Some(file) = text.strip_prefix('@') else {
            return Ok(Self::Json(text.to_owned()));
        };
        let (file, pin) = pin::split(file).map_err(|error| error.to_string())?;
        if file.as_os_str().is_empty() {
            return Err("expected the path of a file after `@`".into());
        }
        Ok(Self::File { file, pin })
    }
}

impl SettingsSource {
    /// The word that says it.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Json(text) => text.clone(),
            Self::File { file, pin } => pin::join(&format!("@{}", file.display()), *pin),
        }
    }

    /// The file that it names.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Json(_) => None,
            Self::File { file, .. } => Some(file),
        }
    }

    /// Changes the path that it names.
    pub(super) fn for_each_path(
        &mut self,
        change: impl FnOnce(&mut PathBuf) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            Self::Json(_) => Ok(()),
            Self::File { file, .. } => change(file),
        }
    }
}

/// The settings in their canonical form; `{}` where there are none.
pub(super) fn settings(source: Option<&SettingsSource>) -> Result<Box<RawValue>, Failure> {
    let (json, origin) = match source {
        None => ("{}".to_owned(), String::new()),
        Some(SettingsSource::Json(text)) => (
            text.clone(),
            "--settings (a file is named @FILE)".to_owned(),
        ),
        Some(SettingsSource::File { file, pin }) => {
            // As it was typed: without the mark it would be a text.
            let name = format!("the settings @{}", file.display());
            let bytes = bounded_file::read(file).or_fail(Code::SettingsUnreadable, || {
                format!("cannot read {name} (--settings)")
            })?;
            check_pin(&name, *pin, &bytes)?;
            let text = String::from_utf8(bytes)
                .or_fail(Code::SettingsUnreadable, || format!("{name} are not UTF-8"))?;
            (text, name)
        }
    };
    canonical("settings", &json).or_fail(Code::SettingsInvalid, || {
        format!("{origin}: not valid JSON for a policy")
    })
}

fn check_pin(name: &str, pin: Option<Digest>, bytes: &[u8]) -> Result<(), Failure> {
    let found = Digest::of(bytes);
    let is_it = pin.is_none_or(|pinned| pinned == found);
    ensure(is_it, Code::SettingsPin, || {
        format!(
            "{name} have other bytes than the pin names: their SHA-256 is {found}. Somebody changed the file, or the pin is of another version. If the change is meant, pin the new SHA-256"
        )
    })
}
