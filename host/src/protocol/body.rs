//! Decodes the body of a put as it streams by: a JSON string that holds base64, on one line of any length.
//!
//! A decoder never holds more than [`PART`] bytes. It finds its way to the end of the body whatever the body holds, so
//! that the reader is in step for the next request.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Bytes that are decoded at a time; whole quanta of base64, and few enough to stay in a processor's cache.
const PART: usize = 48 * 1024;

/// Base64 characters that make a part.
const ENCODED_PART: usize = PART / 3 * 4;

/// Why a body was not taken.
#[derive(Debug, Error)]
pub enum BodyError {
    /// The client gave the put up in the middle, or died. It no longer waits for an answer, and one would be fatal to
    /// it (protocol.md, 6 and 27).
    #[error("the put was given up in the middle of its body")]
    Abandoned,
    /// The body is complete, and wrong.
    #[error("{0}")]
    Malformed(String),
    /// The stream broke.
    #[error("cannot read the body")]
    Read(#[from] io::Error),
}

/// What a call of [`BodyDecoder::decode`] came to.
pub(super) enum Decoded {
    /// [`BodyDecoder::part`] holds bytes.
    Part,
    /// More input is wanted.
    More,
    /// The body has ended well.
    Done,
    /// The body has ended badly.
    Failed(BodyError),
}

enum State {
    /// Before the opening quote.
    Opening,
    /// Within the string.
    Inside,
    /// Within an escape of the string, with what was read of it.
    Escape(Vec<u8>),
    /// All characters were read; what was decoded last is still to be given out.
    Ended,
}

/// Decodes one body.
pub(super) struct BodyDecoder {
    announced: u64,
    decoded: u64,
    state: State,
    /// Base64 characters that were not decoded yet.
    encoded: Vec<u8>,
    part: Vec<u8>,
    problem: Option<String>,
}

impl BodyDecoder {
    /// For a body that was announced with `size` bytes.
    pub(super) fn new(size: u64) -> Self {
        Self {
            announced: size,
            decoded: 0,
            state: State::Opening,
            encoded: Vec::new(),
            part: Vec::new(),
            problem: None,
        }
    }

    /// Whether the next call has something to say without more input.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The bytes that the last call decoded.
    pub(super) fn part(&self) -> &[u8] {
        &self.part
    }

    /// Takes bytes of the stream; says how many it used and what came of them.
    pub(super) fn decode(&mut self, input: &[u8]) -> (usize, Decoded) {
        let mut used = 0;
        while let Some(byte) = input.get(used).copied() {
            match &mut self.state {
                State::Opening if byte.is_ascii_whitespace() => used += 1,
                State::Opening if byte == b'"' => {
                    self.state = State::Inside;
                    used += 1;
                }
                State::Opening => {
                    let error = BodyError::Malformed(format!(
                        "expected a body of {} bytes as a JSON string, found `{}`",
                        self.announced,
                        byte.escape_ascii()
                    ));
                    return (used, Decoded::Failed(error));
                }
                State::Inside => {
                    let room = ENCODED_PART - self.encoded.len();
                    let rest = &input[used..input.len().min(used + room)];
                    // The decoder knows the alphabet; here only what ends or interrupts it is looked for.
                    let run = memchr::memchr3(b'"', b'\\', b'{', rest).unwrap_or(rest.len());
                    self.encoded.extend_from_slice(&rest[..run]);
                    used += run;
                    if self.encoded.len() == ENCODED_PART {
                        if self.decode_encoded() {
                            return (used, Decoded::Part);
                        }
                    } else if let Some(special) = rest.get(run).copied() {
                        match special {
                            b'"' => {
                                used += 1;
                                self.state = State::Ended;
                                return (used, self.end());
                            }
                            // No base64 has a brace: this is the next request, in the middle of a body that was given up.
                            b'{' => return (used, Decoded::Failed(BodyError::Abandoned)),
                            _ => self.state = State::Escape(Vec::new()),
                        }
                        used += 1;
                    }
                }
                State::Escape(escape) => {
                    escape.push(byte);
                    used += 1;
                    if let Some(character) = unescape(escape) {
                        self.state = State::Inside;
                        match character {
                            Some(character) => self.encoded.push(character),
                            None => {
                                self.complain("the body holds an escape that is not base64".into())
                            }
                        }
                    }
                }
                State::Ended => break,
            }
        }
        if self.has_ended() {
            return (used, self.verdict());
        }
        (used, Decoded::More)
    }

    /// After the closing quote: the last bytes first, then the verdict at the next call.
    fn end(&mut self) -> Decoded {
        if self.decode_encoded() {
            return Decoded::Part;
        }
        self.verdict()
    }

    fn verdict(&mut self) -> Decoded {
        if let Some(problem) = self.problem.take() {
            return Decoded::Failed(BodyError::Malformed(problem));
        }
        if self.decoded != self.announced {
            return Decoded::Failed(BodyError::Malformed(format!(
                "BodySize is {}, but the body has {} bytes",
                self.announced, self.decoded
            )));
        }
        Decoded::Done
    }

    /// Decodes what was collected; whether there are bytes to give out.
    fn decode_encoded(&mut self) -> bool {
        self.part.clear();
        if self.problem.is_none()
            && let Err(error) = STANDARD.decode_vec(&self.encoded, &mut self.part)
        {
            self.complain(format!("the body is not base64: {error}"));
        }
        if self.problem.is_some() {
            self.part.clear();
        }
        self.encoded.clear();
        self.decoded += self.part.len() as u64;
        if self.decoded > self.announced {
            // Nothing beyond the announced size is worth hashing or storing.
            self.complain(format!(
                "BodySize is {}, but the body is longer",
                self.announced
            ));
            self.part.clear();
        }
        // Padding ends base64: what follows a part that is not full can only be the closing quote.
        !self.part.is_empty()
    }

    fn complain(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The character of a complete JSON escape (without its backslash), `None` within while it is none of base64's;
/// `None` while it is incomplete.
fn unescape(escape: &[u8]) -> Option<Option<u8>> {
    match escape {
        [b'/'] => Some(Some(b'/')),
        [b'u', digits @ ..] if digits.len() < 4 => None,
        [b'u', digits @ ..] => {
            let text = std::str::from_utf8(digits).ok();
            let code = text.and_then(|text| u32::from_str_radix(text, 16).ok());
            let byte = code.and_then(|code| u8::try_from(code).ok());
            Some(byte.filter(|byte| is_base64(*byte)))
        }
        _ => Some(None),
    }
}
