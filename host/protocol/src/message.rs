//! The messages of the protocol, as Go 1.24 to 1.27 and the experiment of Go 1.21 to 1.23 spell
//! them.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use cachewarden_types::{Code, Digest};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Look up the object of this action.
    Get {
        /// The action.
        action: Digest,
    },
    /// Store this object for this action; its bytes follow as the request's body.
    Put {
        /// The action.
        action: Digest,
        /// The SHA-256 that the client announces for the bytes.
        output: Digest,
    },
    /// No more requests come.
    Close,
    /// A request that this program does not understand; the text says why. It is answered with an
    /// error.
    Unusable(String),
}

/// A request of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The request's number, which the answer repeats.
    pub id: i64,
    /// What the request asks for.
    pub command: Command,
    /// Bytes of the decoded body.
    pub body_size: u64,
}

/// A request as it is on the wire. Unknown fields are ignored: later versions may add some.
#[derive(Deserialize)]
pub(super) struct RequestOnWire<'wire> {
    #[serde(rename = "ID")]
    id: i64,
    #[serde(rename = "Command", borrow)]
    command: Cow<'wire, str>,
    #[serde(rename = "ActionID", borrow, default)]
    action_id: Option<Cow<'wire, str>>,
    #[serde(rename = "OutputID", borrow, default)]
    output_id: Option<Cow<'wire, str>>,
    /// OutputID's name before Go 1.24, and in golangci-lint's copy of the client
    /// (docs/protocol.md#object-id).
    #[serde(rename = "ObjectID", borrow, default)]
    object_id: Option<Cow<'wire, str>>,
    #[serde(rename = "BodySize", default)]
    body_size: u64,
}

impl RequestOnWire<'_> {
    pub(super) fn into_request(self) -> Request {
        Request {
            id: self.id,
            body_size: self.body_size,
            command: self.command().unwrap_or_else(Command::Unusable),
        }
    }

    fn command(&self) -> Result<Command, String> {
        match &*self.command {
            "get" => Ok(Command::Get {
                action: digest("ActionID", self.action_id.as_deref())?,
            }),
            "put" => Ok(Command::Put {
                action: digest("ActionID", self.action_id.as_deref())?,
                output: digest(
                    "OutputID",
                    self.output_id.as_deref().or(self.object_id.as_deref()),
                )?,
            }),
            "close" => Ok(Command::Close),
            other => Err(format!(
                "unknown command `{}`; known are get, put and close",
                excerpt(other).escape_debug()
            )),
        }
    }
}

fn digest(field: &str, text: Option<&str>) -> Result<Digest, String> {
    let text = text.ok_or_else(|| format!("{field} is missing; expected a SHA-256 in base64"))?;
    Digest::from_base64(text).ok_or_else(|| {
        format!(
            "{field} `{}` is not a SHA-256 in base64 (32 bytes, 44 characters)",
            excerpt(text).escape_debug()
        )
    })
}

/// The beginning of a text that a client sent, for an error message. It is cut because a client
/// must not choose how long an answer is.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 100;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

/// The object that answers a get.
#[derive(Clone, Debug)]
pub struct Hit<'answer> {
    /// The digest of the object.
    pub output: Digest,
    /// The size of the object in bytes.
    pub size: u64,
    /// The time of the put; `go clean -testcache` compares it (docs/protocol.md#time).
    pub time: SystemTime,
    /// The absolute path of the object's file.
    pub disk_path: &'answer str,
}

/// An answer to a request.
#[derive(Clone, Debug)]
pub enum Response<'answer> {
    /// The first message: the commands that this helper knows.
    Announcement,
    /// The answer to a get that found an object.
    Hit(i64, Hit<'answer>),
    /// The answer to a get that found no object.
    Miss(i64),
    /// The answer to a put that was stored, with the path of the object's file.
    Kept(i64, &'answer str),
    /// The answer to a close.
    Closed(i64),
    /// The answer to a request that failed, and why. cmd/go prints that, with the code.
    Failed(i64, Code, String),
}

#[derive(Default, Serialize)]
struct ResponseOnWire<'wire> {
    #[serde(rename = "ID")]
    id: i64,
    #[serde(rename = "Err", skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(rename = "KnownCommands", skip_serializing_if = "Option::is_none")]
    known_commands: Option<[&'static str; 3]>,
    #[serde(rename = "Miss", skip_serializing_if = "std::ops::Not::not")]
    miss: bool,
    #[serde(rename = "OutputID", skip_serializing_if = "Option::is_none")]
    output_id: Option<String>,
    #[serde(rename = "Size", skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "Time", skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(rename = "DiskPath", skip_serializing_if = "Option::is_none")]
    disk_path: Option<&'wire str>,
}

impl Response<'_> {
    /// Appends the answer as one line of JSON.
    pub fn write_to(&self, line: &mut Vec<u8>) {
        let wire = match self {
            Response::Announcement => ResponseOnWire {
                // All three, always: a helper without `put` makes `go list -export` answer nothing
                // (docs/protocol.md#put-is-required).
                known_commands: Some(["get", "put", "close"]),
                ..ResponseOnWire::default()
            },
            Response::Hit(id, hit) => ResponseOnWire {
                id: *id,
                output_id: Some(hit.output.to_base64()),
                size: Some(hit.size),
                time: Some(humantime::format_rfc3339_nanos(hit.time).to_string()),
                disk_path: Some(hit.disk_path),
                ..ResponseOnWire::default()
            },
            Response::Miss(id) => ResponseOnWire {
                id: *id,
                miss: true,
                ..ResponseOnWire::default()
            },
            Response::Kept(id, disk_path) => ResponseOnWire {
                id: *id,
                disk_path: Some(disk_path),
                ..ResponseOnWire::default()
            },
            Response::Closed(id) => ResponseOnWire {
                id: *id,
                ..ResponseOnWire::default()
            },
            Response::Failed(id, code, error) => ResponseOnWire {
                id: *id,
                error: Some(code.error(error)),
                ..ResponseOnWire::default()
            },
        };
        serde_json::to_writer(&mut *line, &wire)
            .expect("plain fields into memory always serialise");
        line.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Request {
        serde_json::from_str::<RequestOnWire>(text)
            .expect("valid JSON")
            .into_request()
    }

    #[test]
    fn both_names_of_the_output_are_understood() {
        let digest = Digest::of(b"x").to_base64();
        for name in ["OutputID", "ObjectID"] {
            let request = parse(&format!(
                r#"{{"BodySize":0,"{name}":"{digest}","Later":[1],"ActionID":"{digest}","Command":"p\u0075t","ID":7}}"#
            ));
            let expected = Digest::of(b"x");
            assert_eq!(
                request.command,
                Command::Put {
                    action: expected,
                    output: expected
                }
            );
        }
    }

    #[test]
    fn an_answer_has_a_bounded_length_whatever_the_request_is() {
        // Characters that grow: in JSON, as an escape, in both.
        for character in ["x", "\\", "\u{1}", "\u{e0001}", "\"", "\u{301}"] {
            let long = serde_json::to_string(&character.repeat(60_000)).unwrap();
            let known = Digest::of(b"x").to_base64();
            for fields in [
                format!(r#""Command":{long}"#),
                format!(r#""Command":"get","ActionID":{long}"#),
                format!(r#""Command":"put","ActionID":{long},"OutputID":"{known}""#),
                format!(r#""Command":"put","ActionID":"{known}","OutputID":{long}"#),
                format!(r#""Command":"put","ActionID":"{known}","ObjectID":{long}"#),
            ] {
                let request = parse(&format!(r#"{{"ID":1,{fields}}}"#));
                let Command::Unusable(why) = request.command else {
                    panic!("{:?}", request.command)
                };
                let mut answer = Vec::new();
                Response::Failed(request.id, Code::InvalidRequest, why).write_to(&mut answer);
                assert!(
                    answer.len() < 2_000,
                    "{character:?}: {} bytes",
                    answer.len()
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        for (text, part) in [
            (r#"{"ID":1,"Command":"fetch"}"#, "unknown command `fetch`"),
            (r#"{"ID":1,"Command":"get"}"#, "ActionID is missing"),
            (
                r#"{"ID":1,"Command":"get","ActionID":"AQID"}"#,
                "ActionID `AQID` is not a SHA-256",
            ),
        ] {
            match parse(text).command {
                Command::Unusable(why) => assert!(why.contains(part), "{why}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
