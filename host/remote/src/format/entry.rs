//! The portable form of an entry: a line of JSON, and behind it the object where that is small.
//!
//! The line is for people and for later versions, which may add fields. It says nothing about the
//! machine that has written it: no boot, no user. What it says of the kind is what the writer
//! found, for the question to the policy; the reader finds out for itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use thiserror::Error;

use cachewarden_store::SessionId;
use cachewarden_types::{Digest, Facts, Kind, Role, since_1970};

use super::body::{Body, Encoding};
use super::key::{FORMAT, object_key, pack_key};
use super::segment::Place;

/// The most bytes of the line. A line has some 330; this leaves room for fields of later versions.
const MAX_LINE: usize = 4096;

/// The largest object that travels inside its entry. Half of all puts of a go build are below 300
/// bytes, and an object of its own costs a round trip.
pub const MAX_INLINE: usize = 16 * 1024;

/// The largest object that travels inside its entry, before it was compressed. Whoever writes a tier
/// could else name hundreds of megabytes with a value of some kilobytes, and have them written on
/// each machine that reads it. What go builds does not shrink to a thousandth.
pub const MAX_INLINE_OBJECT: u64 = 16 * 1024 * 1024;

/// The largest value of an entry.
pub const MAX_VALUE: usize = MAX_LINE + MAX_INLINE;

/// An entry of a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteEntry {
    /// The object.
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// When the entry was put first, on whatever machine.
    pub time: SystemTime,
    /// What the writer found the object to be.
    pub kind: Kind,
    /// What the writer knew the entry is for.
    pub role: Role,
    /// What the writer established about the object.
    pub facts: Facts,
    /// When the entry expires; `None` for never.
    pub expires: Option<SystemTime>,
    /// The session that has put it.
    pub producer: SessionId,
    /// Where the object is.
    pub stored: Stored,
}

/// Where the object of an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Here.
    Inline(Body),
    /// Under its own key.
    Apart,
    /// In a pack. Only an index says that.
    Packed(Place),
}

impl Stored {
    /// The key of the value that has an object; `None` where it is in its entry.
    pub(crate) fn key(&self, output: &Digest) -> Option<String> {
        match self {
            Self::Inline(_) => None,
            Self::Apart => Some(object_key(output)),
            Self::Packed(place) => Some(pack_key(&place.pack)),
        }
    }

    /// Where it is in a pack, if it is in one.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Packed(place) => Some(place),
            Self::Inline(_) | Self::Apart => None,
        }
    }
}

/// Why a value is no entry that can be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It is of a later version.
    #[error(
        "the entry has form {found}, and this version of cachewarden reads form {FORMAT}; update it"
    )]
    Form {
        /// The form that it has.
        found: u32,
    },
    /// It is not an entry.
    #[error("not an entry: {0}")]
    Malformed(String),
}

/// The line.
#[derive(Serialize, Deserialize)]
struct Line {
    form: u32,
    key: String,
    output: String,
    size: u64,
    /// Nanoseconds since 1970, as text: more than 53 bits.
    put: String,
    kind: String,
    role: String,
    /// The names of the facts.
    #[serde(default)]
    facts: Vec<String>,
    /// Seconds since 1970; absent where it never expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    producer: String,
    /// The encoding of the object behind the line; absent where the object is apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

impl RemoteEntry {
    /// The value under the entry's key, which it names too.
    pub fn to_value(&self, key: &str) -> Vec<u8> {
        let line = Line {
            form: FORMAT,
            key: key.to_owned(),
            output: self.output.to_hex(),
            size: self.size,
            put: since_1970(self.time).as_nanos().to_string(),
            kind: self.kind.to_string(),
            role: self.role.to_string(),
            facts: self.facts.into(),
            expires: self.expires.map(|time| since_1970(time).as_secs()),
            producer: self.producer.to_string(),
            body: match &self.stored {
                Stored::Inline(body) => Some(body.encoding.name().to_owned()),
                Stored::Apart | Stored::Packed(_) => None,
            },
        };
        let mut value = serde_json::to_vec(&line).expect("strings and numbers");
        value.push(b'\n');
        if let Stored::Inline(body) = &self.stored {
            value.extend_from_slice(&body.bytes);
        }
        value
    }

    /// Reads the value of a key.
    ///
    /// # Errors
    /// When it is of a later version, no entry, or the entry of another key: then whoever keeps
    /// values has mixed them up.
    pub fn from_value(key: &str, value: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: &str| EntryError::Malformed(why.to_owned());
        let (line, rest) = split_line(value, MAX_LINE)?;
        let line: Line = serde_json::from_slice(line).map_err(|error| wrong_line(&error))?;
        if line.key != key {
            return Err(malformed("it is that of another key"));
        }
        let nanos = line
            .put
            .parse()
            .map_err(|_| malformed("`put` is no time"))?;
        let time = UNIX_EPOCH.checked_add(Duration::from_nanos(nanos));
        let expires = line.expires.map(|seconds| {
            let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            time.ok_or_else(|| malformed("`expires` is no time"))
        });
        let stored = match &line.body {
            None if rest.is_empty() => Stored::Apart,
            None => return Err(malformed("there are bytes behind the line, and no `body`")),
            Some(_) if rest.len() > MAX_INLINE => {
                return Err(malformed("there are too many bytes behind the line"));
            }
            Some(_) if line.size > MAX_INLINE_OBJECT => {
                return Err(malformed(
                    "its `size` is too large for an object behind the line",
                ));
            }
            Some(name) => Stored::Inline(Body {
                encoding: Encoding::from_name(name)
                    .ok_or_else(|| malformed("this version does not know its `body`"))?,
                bytes: rest.to_vec(),
            }),
        };
        Ok(Self {
            output: Digest::from_hex(&line.output)
                .ok_or_else(|| malformed("`output` is no digest"))?,
            size: line.size,
            time: time.ok_or_else(|| malformed("`put` is no time"))?,
            kind: line
                .kind
                .parse()
                .map_err(|_| malformed("`kind` is no kind"))?,
            role: line
                .role
                .parse()
                .map_err(|_| malformed("`role` is no role"))?,
            facts: known_facts(line.facts),
            expires: expires.transpose()?,
            producer: line
                .producer
                .parse()
                .map_err(|_| malformed("`producer` is not 16 hex digits"))?,
            stored,
        })
    }
}

/// The line of JSON with which a value begins, which has at most so many bytes with its line break, and
/// what is behind it. The line has the form that this version reads.
pub(super) fn split_line(value: &[u8], most: usize) -> Result<(&[u8], &[u8]), EntryError> {
    let head = &value[..value.len().min(most)];
    let end = head.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| EntryError::Malformed("it has no line".to_owned()))?;
    let line = &value[..end];
    match serde_json::from_slice(line).map_err(|error| wrong_line(&error))? {
        Form { form: FORMAT } => Ok((line, &value[end + 1..])),
        Form { form: found } => Err(EntryError::Form { found }),
    }
}

/// Where the first line of a value is wrong. The words of the library would repeat what is there: a
/// service may have put the headers of the request there.
pub(super) fn wrong_line(error: &serde_json::Error) -> EntryError {
    let what = match error.classify() {
        Category::Data => "a field of its first line is missing or has a wrong type, before",
        Category::Syntax | Category::Eof | Category::Io => "its first line is no JSON at",
    };
    EntryError::Malformed(format!("{what} column {}", error.column()))
}

/// The facts with these names. A later version may know more of them.
pub(super) fn known_facts(names: Vec<String>) -> Facts {
    let known = |name| Facts::try_from(vec![name]).ok();
    let all = names.into_iter().filter_map(known);
    all.fold(Facts::NONE, |all, fact| all.with(fact, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "v1/entries/main/00ff";

    fn entry(stored: Stored) -> RemoteEntry {
        RemoteEntry {
            output: Digest::of(b"object"),
            size: 6,
            time: UNIX_EPOCH + Duration::from_nanos(1_790_000_000_123_456_789),
            kind: Kind::PackageArchive,
            role: Role::Unknown,
            facts: Facts::BUILD_ID_MATCHES.with(Facts::CLIMBS, true),
            expires: Some(UNIX_EPOCH + Duration::from_secs(1_800_000_000)),
            producer: SessionId(0x0011_2233_4455_66ff),
            stored,
        }
    }

    /// The fixture is what the first version wrote. It must be read for ever, or the number of the
    /// format changes.
    #[test]
    fn an_entry_is_as_the_first_version_wrote_it() {
        let fixture = include_bytes!("fixtures/entry-1");
        let body = Body {
            encoding: Encoding::Plain,
            bytes: b"object".to_vec(),
        };
        let inline = entry(Stored::Inline(body));
        assert_eq!(
            String::from_utf8_lossy(&inline.to_value(KEY)),
            String::from_utf8_lossy(fixture)
        );
        assert_eq!(RemoteEntry::from_value(KEY, fixture).unwrap(), inline);
        let apart = RemoteEntry {
            expires: None,
            ..entry(Stored::Apart)
        };
        assert_eq!(
            RemoteEntry::from_value(KEY, &apart.to_value(KEY)).unwrap(),
            apart
        );
    }

    /// Origin: a value whose `form` repeated the headers of the request showed a password on stderr.
    #[test]
    fn what_is_wrong_with_a_line_is_told_without_what_it_has() {
        let good = String::from_utf8(entry(Stored::Apart).to_value(KEY)).unwrap();
        for (from, to) in [
            ("\"form\":1", "\"form\":\"Basic SECRET\""),
            ("\"form\":1", "\"form\":1,SECRET"),
            ("\"size\":6", "\"size\":\"SECRET\""),
            ("\"kind\":\"package-archive\"", "\"kind\":\"SECRET\""),
            ("\"body\"", "\"SECRET\""),
            ("\"facts\":[", "\"facts\":{\"SECRET\":1},\"x\":["),
        ] {
            let bad = good.replacen(from, to, 1);
            if let Err(error) = RemoteEntry::from_value(KEY, bad.as_bytes()) {
                let text = error.to_string();
                assert!(!text.contains("SECRET"), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_entry_is_refused_with_the_field() {
        let good = String::from_utf8(entry(Stored::Apart).to_value(KEY)).unwrap();
        for (from, to, expected) in [
            ("\"form\":1", "\"form\":2", "form 2"),
            ("\n", "", "no line"),
            ("\n", "\nbytes", "no `body`"),
            ("/main/", "/other/", "another key"),
            ("\"size\":6", "\"size\":-6", "column"),
            ("\"put\":\"1", "\"put\":\"x", "`put`"),
            ("\"kind\":\"package-archive\"", "\"kind\":\"x\"", "`kind`"),
            ("00112233445566ff", "../../etc/passwd1", "`producer`"),
            ("00112233445566ff", "0011", "`producer`"),
            ("\"output\":\"", "\"output\":\"x", "`output`"),
            ("{", "{\"body\":\"lzma\",", "`body`"),
        ] {
            assert!(good.contains(from), "{from}");
            let bad = good.replacen(from, to, 1);
            let error = RemoteEntry::from_value(KEY, bad.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
        let body = Body {
            encoding: Encoding::Zstd,
            bytes: b"few bytes".to_vec(),
        };
        let of_size = |size| {
            let stored = Stored::Inline(body.clone());
            let value = RemoteEntry {
                size,
                ..entry(stored)
            }
            .to_value(KEY);
            RemoteEntry::from_value(KEY, &value)
        };
        assert!(of_size(MAX_INLINE_OBJECT).is_ok());
        let error = of_size(MAX_INLINE_OBJECT + 1).unwrap_err().to_string();
        assert!(error.contains("`size`"), "a bomb: {error}");
        let more = good.replacen("\"fact-31\"", "\"of-a-later-version\",\"fact-99\"", 1);
        let facts = RemoteEntry::from_value(KEY, more.as_bytes()).unwrap().facts;
        assert_eq!(facts, Facts::BUILD_ID_MATCHES, "unknown facts are ignored");
        let added = good.replacen('{', "{\"signature\":\"of a later version\",", 1);
        assert!(
            RemoteEntry::from_value(KEY, added.as_bytes()).is_ok(),
            "unknown fields are ignored"
        );
        let endless = vec![b' '; MAX_VALUE];
        assert!(RemoteEntry::from_value(KEY, &endless).is_err());
    }
}
