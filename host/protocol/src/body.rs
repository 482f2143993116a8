//! Decodes the body of a put as it streams by: a JSON string that holds base64, on one line of any length.
//!
//! A decoder never holds more than [`PART`] bytes. It finds its way to the end of the body whatever the body holds, so
//! that the reader is in step for the next request. What is plain base64, as all of it is that cmd/go sends, is decoded
//! where it lies; what is not is looked at character by character.

use std::io;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::PAD;
use thiserror::Error;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static BASE64: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static BASE64: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, PAD));

/// Bytes that are decoded at a time; whole quanta of base64, and few enough to stay in a processor's cache.
const PART: usize = 96 * 1024;

/// Quanta that are worth to be given out by themselves; fewer are collected, since each part becomes a write to a file.
const WORTH_IT: usize = 8 * 1024;

/// Characters and bytes of a quantum of base64.
const QUANTUM: (usize, usize) = (4, 3);

/// Base64 characters that make a part.
const ENCODED_PART: usize = PART / QUANTUM.1 * QUANTUM.0;

/// Why a body was not taken.
#[derive(Debug, Error)]
pub enum BodyError {
    /// The client gave the put up in the middle, or died. It no longer waits for an answer, and one would be fatal to
    /// it (docs/protocol.md#answers-in-any-order, docs/protocol.md#abandoned-put).
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
    /// Room for what is decoded, of which the first `part` bytes were decoded last.
    room: Vec<u8>,
    part: usize,
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
            room: Vec::new(),
            part: 0,
            problem: None,
        }
    }

    /// Whether the next call has something to say without more input.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The bytes that the last call decoded.
    pub(super) fn part(&self) -> &[u8] {
        &self.room[..self.part]
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
                    let plain = self.decode_in_place(&input[used..]);
                    if plain > 0 {
                        return (used + plain, Decoded::Part);
                    }
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

    /// Decodes what is plain base64 at the beginning of `input`; how many characters that were. The last quantum is left
    /// alone, which may have padding.
    fn decode_in_place(&mut self, input: &[u8]) -> usize {
        if !self.encoded.is_empty() || self.problem.is_some() {
            return 0;
        }
        let missing = usize::try_from(self.announced - self.decoded).unwrap_or(usize::MAX);
        let wanted = (missing / QUANTUM.1).min(PART / QUANTUM.1);
        let quanta = wanted.min(input.len() / QUANTUM.0);
        if quanta < wanted && quanta < WORTH_IT {
            return 0;
        }
        let plain = &input[..quanta * QUANTUM.0];
        // Else something else stands there, which is looked at more closely.
        match decode(plain, &mut self.room) {
            Ok(count) if count == quanta * QUANTUM.1 => {
                self.part = count;
                self.decoded += count as u64;
                plain.len()
            }
            _ => 0,
        }
    }

    /// Decodes what was collected; whether there are bytes to give out.
    fn decode_encoded(&mut self) -> bool {
        self.part = 0;
        if self.problem.is_none() {
            match decode(&self.encoded, &mut self.room) {
                Ok(count) => self.part = count,
                // Where exactly depends on how the stream was cut, and tells nobody anything.
                Err(_) => self.complain("the body is not base64".to_owned()),
            }
        }
        self.encoded.clear();
        self.decoded += self.part as u64;
        if self.decoded > self.announced {
            // Nothing beyond the announced size is worth hashing or storing.
            self.complain(format!(
                "BodySize is {}, but the body is longer",
                self.announced
            ));
            self.part = 0;
        }
        // Padding ends base64: what follows a part that is not full can only be the closing quote.
        self.part > 0
    }

    fn complain(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

/// Decodes into `room`, which grows where it is too small.
fn decode(encoded: &[u8], room: &mut Vec<u8>) -> Result<usize, base64::DecodeSliceError> {
    let wanted = base64::decoded_len_estimate(encoded.len());
    if room.len() < wanted {
        room.resize(wanted, 0);
    }
    BASE64.decode_slice(encoded, room)
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
