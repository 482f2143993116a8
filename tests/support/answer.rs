//! One response of the helper, checked field by field against what cmd/go's cacheprog package
//! documents.

use std::path::PathBuf;
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::digest::Digest;

/// A response to one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    error: Option<String>,
    miss: bool,
    output: Option<Digest>,
    size: Option<u64>,
    time: Option<SystemTime>,
    path: Option<PathBuf>,
}

/// What a get found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub(crate) output: Digest,
    pub(crate) size: u64,
    pub(crate) time: SystemTime,
    pub(crate) path: PathBuf,
}

impl Hit {
    /// The bytes behind its path, after checking their number.
    #[track_caller]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let bytes = std::fs::read(&self.path).unwrap_or_else(|error| panic!("{self:?}: {error}"));
        assert_eq!(
            bytes.len() as u64,
            self.size,
            "the file has the size that was answered"
        );
        bytes
    }
}

impl Answer {
    /// Reads a response; anything that cmd/go's decoder would refuse, or does not know, is an
    /// error.
    pub(crate) fn parse(message: &Value) -> Result<(u64, Self), String> {
        let fields = message.as_object().ok_or("a response that is no object")?;
        let mut id = None;
        let mut answer = Self::default();
        for (name, value) in fields {
            let wrong = || format!("field {name} cannot be {value}");
            match name.as_str() {
                "ID" => id = Some(value.as_u64().ok_or_else(wrong)?),
                "Err" => answer.error = Some(value.as_str().ok_or_else(wrong)?.to_owned()),
                "Miss" => answer.miss = value.as_bool().ok_or_else(wrong)?,
                "OutputID" => answer.output = Some(digest(value).ok_or_else(wrong)?),
                "Size" => answer.size = Some(value.as_u64().ok_or_else(wrong)?),
                "Time" => answer.time = Some(time(value).ok_or_else(wrong)?),
                "DiskPath" => answer.path = Some(value.as_str().ok_or_else(wrong)?.into()),
                _ => return Err(format!("a field that the protocol does not have: {name}")),
            }
        }
        let id = id.ok_or("a response without an ID")?;
        if id == 0 {
            return Err("a second message with ID 0".to_owned());
        }
        if answer.path.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err(format!("DiskPath must be absolute: {answer:?}"));
        }
        Ok((id, answer))
    }

    /// A hit has every field that the protocol wants.
    #[track_caller]
    pub(crate) fn hit(self) -> Hit {
        match self {
            Self {
                error: None,
                miss: false,
                output: Some(output),
                size,
                time: Some(time),
                path: Some(path),
            } => {
                // Go leaves an absent number at 0; that is right for an empty object only.
                Hit {
                    output,
                    size: size.unwrap_or(0),
                    time,
                    path,
                }
            }
            other => panic!("a hit was expected: {other:?}"),
        }
    }

    /// Whether it says that nothing was found.
    pub(crate) fn is_miss(&self) -> bool {
        self.miss
    }

    /// A miss says nothing else.
    #[track_caller]
    pub(crate) fn miss(self) {
        let plain = self.error.is_none() && self.output.is_none() && self.path.is_none();
        assert!(self.miss && plain, "a miss was expected: {self:?}");
    }

    /// A put that was kept, somewhere: the path of the object.
    #[track_caller]
    pub(crate) fn kept(self) -> PathBuf {
        match self {
            Self {
                error: None,
                miss: false,
                path: Some(path),
                ..
            } => path,
            other => panic!("a put's DiskPath was expected: {other:?}"),
        }
    }

    /// The text of an Err, and nothing beside it.
    #[track_caller]
    pub(crate) fn error(self) -> String {
        match self {
            Self {
                error: Some(text),
                miss: false,
                output: None,
                path: None,
                ..
            } if !text.is_empty() => text,
            other => panic!("an Err was expected: {other:?}"),
        }
    }

    /// A close that went well.
    #[track_caller]
    pub(crate) fn nothing(self) {
        let empty =
            self.error.is_none() && !self.miss && self.output.is_none() && self.path.is_none();
        assert!(empty, "an empty answer was expected: {self:?}");
    }
}

fn digest(value: &Value) -> Option<Digest> {
    let bytes = BASE64_STANDARD.decode(value.as_str()?).ok()?;
    bytes.try_into().ok()
}

fn time(value: &Value) -> Option<SystemTime> {
    humantime::parse_rfc3339(value.as_str()?).ok()
}
