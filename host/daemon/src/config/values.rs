//! Values as an operator writes them: sizes, modes, one or several texts.

use bytesize::ByteSize;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use cachewarden_types::wildcard;

/// A number of bytes, written as `500MB` or `10GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_in_quotes(
            deserializer,
            "a size has a unit and quotes, as in \"500MB\"",
        )?;
        let size: ByteSize = text
            .parse()
            .map_err(|_| D::Error::custom(format!("`{text}` is no size such as 500MB or 10GiB")))?;
        Ok(Self(size.as_u64()))
    }
}

/// A text; where it is a number without quotes, what to write instead.
fn text_in_quotes<'de, D: Deserializer<'de>>(
    deserializer: D,
    advice: &str,
) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TextOrNumber {
        Text(String),
        Number(i64),
    }
    match TextOrNumber::deserialize(deserializer)? {
        TextOrNumber::Text(text) => Ok(text),
        TextOrNumber::Number(number) => Err(D::Error::custom(format!("`{number}`: {advice}"))),
    }
}

/// A text, or a list of texts of which one is enough.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    /// Whether one of them, as a pattern, matches a text.
    pub fn matches(&self, text: &str) -> bool {
        self.all()
            .iter()
            .any(|pattern| wildcard::matches(pattern, text))
    }
}

/// The mode of a file, as four octal digits in quotes: a plain number would be read as decimal.
pub(super) fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = text_in_quotes(deserializer, "a mode has quotes, as in \"0660\"")?;
    match u32::from_str_radix(&text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err(D::Error::custom(format!(
            "`{text}` is no mode such as \"0660\""
        ))),
    }
}
