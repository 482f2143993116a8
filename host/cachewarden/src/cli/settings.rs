//! A policy's settings, as the operator gives them: a JSON text, or a file that holds one.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, ensure};
use serde_json::value::RawValue;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::pin;
use cachewarden_system::safe_open;
use cachewarden_types::Digest;

/// Bytes of settings that are read from a file: more than anybody writes, and no more than a policy should have to parse.
const MAX_SETTINGS: u64 = 1024 * 1024;

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
        let (file, pin) = pin::split(file)?;
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

    /// The same with an absolute path.
    pub(super) fn absolute(self) -> io::Result<Self> {
        Ok(match self {
            Self::Json(text) => Self::Json(text),
            Self::File { file, pin } => Self::File {
                file: std::path::absolute(file)?,
                pin,
            },
        })
    }
}

/// The settings in their canonical form; `{}` where there are none.
pub(super) fn settings(source: Option<&SettingsSource>) -> anyhow::Result<Box<RawValue>> {
    let (json, origin) = match source {
        None => ("{}".to_owned(), String::new()),
        Some(SettingsSource::Json(text)) => (text.clone(), "--settings".to_owned()),
        Some(SettingsSource::File { file, pin }) => {
            let name = file.display();
            let bytes = read(file)
                .with_context(|| format!("cannot read the settings {name} (--settings @FILE)"))?;
            check_pin(file, *pin, &bytes)?;
            let text = String::from_utf8(bytes)
                .with_context(|| format!("the settings {name} are not UTF-8"))?;
            (text, format!("the settings {name}"))
        }
    };
    canonical("settings", &json)
        .with_context(|| format!("{origin}: not such JSON as a policy is given"))
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let (file, _) = safe_open::open_to_read(file)?;
    let mut bytes = Vec::new();
    file.take(MAX_SETTINGS + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SETTINGS {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

fn check_pin(file: &Path, pin: Option<Digest>, bytes: &[u8]) -> anyhow::Result<()> {
    let found = Digest::of(bytes);
    ensure!(
        pin.is_none_or(|pinned| pinned == found),
        "the settings {} have other bytes than --settings names: their SHA-256 is {found}. Somebody changed the file, or the pin is of another version",
        file.display()
    );
    Ok(())
}
