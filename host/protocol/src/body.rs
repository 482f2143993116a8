//! Decodes the body of a put as it streams by: a JSON string that holds base64, on one line of any
//! length.
//!
//! A decoder never holds more than [`MAX_CHUNK`] bytes. It finds the end of the body whatever the
//! body contains, so the next request can be read. Plain base64, which is all that cmd/go sends, is
//! decoded from the input buffer; anything else is examined byte by byte.

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

/// Bytes that are decoded at a time: whole quanta of base64, and few enough to stay in a
/// processor's cache.
const MAX_CHUNK: usize = 96 * 1024;

/// The fewest quanta that are given out before more input is read; fewer are collected, since each
/// chunk becomes a write to a file.
const MIN_BATCH: usize = 8 * 1024;

/// Characters and bytes of one quantum of base64.
const QUANTUM: (usize, usize) = (4, 3);

/// Base64 characters of a full chunk.
const ENCODED_CHUNK: usize = MAX_CHUNK / QUANTUM.1 * QUANTUM.0;

/// Why a body was not accepted.
#[derive(Debug, Error)]
pub enum BodyError {
    /// The client gave up the put in the middle, or ended. It no longer waits for an answer, and an
    /// answer would be a fatal error for it (docs/protocol.md#answers-in-any-order,
    /// docs/protocol.md#abandoned-put).
    #[error("the put was given up in the middle of its body")]
    Abandoned,
    /// The body is complete but invalid; the text says why.
    #[error("{0}")]
    Malformed(String),
    /// The stream could not be read.
    #[error("cannot read the body")]
    Read(#[from] io::Error),
}

/// The result of one call of [`BodyDecoder::decode`].
pub(super) enum DecodeStep {
    /// [`BodyDecoder::chunk`] holds bytes.
    Chunk,
    /// The decoder needs more input.
    More,
    /// The body is complete and valid.
    Done,
    /// The body is invalid.
    Failed(BodyError),
}

enum State {
    /// Before the opening quote.
    Opening,
    /// Within the string.
    Inside,
    /// Within an escape of the string, with the bytes of it so far.
    Escape(Vec<u8>),
    /// All characters were read; the bytes that were decoded last are still to be given out.
    Ended,
}

/// Decodes one body.
pub(super) struct BodyDecoder {
    announced: u64,
    decoded: u64,
    state: State,
    /// Base64 characters that were not decoded yet.
    encoded: Vec<u8>,
    /// The buffer for decoded bytes, of which the first `chunk` were decoded last.
    output: Vec<u8>,
    chunk: usize,
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
            output: Vec::new(),
            chunk: 0,
            problem: None,
        }
    }

    /// Whether the next call has a result without more input.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The bytes that the last call decoded.
    pub(super) fn chunk(&self) -> &[u8] {
        &self.output[..self.chunk]
    }

    /// Takes bytes of the stream; returns how many it used, and the result.
    pub(super) fn decode(&mut self, input: &[u8]) -> (usize, DecodeStep) {
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
                    return (used, DecodeStep::Failed(error));
                }
                State::Inside => {
                    let plain = self.decode_in_place(&input[used..]);
                    if plain > 0 {
                        return (used + plain, DecodeStep::Chunk);
                    }
                    let room = ENCODED_CHUNK - self.encoded.len();
                    let rest = &input[used..input.len().min(used + room)];
                    // The base64 decoder checks the alphabet; here only the end of the string and
                    // other special bytes are searched for.
                    let run = memchr::memchr3(b'"', b'\\', b'{', rest).unwrap_or(rest.len());
                    self.encoded.extend_from_slice(&rest[..run]);
                    used += run;
                    if self.encoded.len() == ENCODED_CHUNK {
                        if self.decode_encoded() {
                            return (used, DecodeStep::Chunk);
                        }
                    } else if let Some(special) = rest.get(run).copied() {
                        match special {
                            b'"' => {
                                used += 1;
                                self.state = State::Ended;
                                return (used, self.end());
                            }
                            // A brace is not base64: this is the next request, in the middle of a
                            // body that was given up.
                            b'{' => return (used, DecodeStep::Failed(BodyError::Abandoned)),
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
                            None => self
                                .record_error("the body holds an escape that is not base64".into()),
                        }
                    }
                }
                State::Ended => break,
            }
        }
        if self.has_ended() {
            return (used, self.outcome());
        }
        (used, DecodeStep::More)
    }

    /// After the closing quote: the last bytes come first, then the result of the whole body at the
    /// next call.
    fn end(&mut self) -> DecodeStep {
        if self.decode_encoded() {
            return DecodeStep::Chunk;
        }
        self.outcome()
    }

    fn outcome(&mut self) -> DecodeStep {
        if let Some(problem) = self.problem.take() {
            return DecodeStep::Failed(BodyError::Malformed(problem));
        }
        if self.decoded != self.announced {
            return DecodeStep::Failed(BodyError::Malformed(format!(
                "BodySize is {}, but the body has {} bytes",
                self.announced, self.decoded
            )));
        }
        DecodeStep::Done
    }

    /// Decodes the plain base64 at the beginning of `input`, and returns how many characters that
    /// were. The last quantum is left out, because it may have padding.
    fn decode_in_place(&mut self, input: &[u8]) -> usize {
        if !self.encoded.is_empty() || self.problem.is_some() {
            return 0;
        }
        let missing = usize::try_from(self.announced - self.decoded).unwrap_or(usize::MAX);
        let wanted = (missing / QUANTUM.1).min(MAX_CHUNK / QUANTUM.1);
        let quanta = wanted.min(input.len() / QUANTUM.0);
        if quanta < wanted && quanta < MIN_BATCH {
            return 0;
        }
        let plain = &input[..quanta * QUANTUM.0];
        // Otherwise it is not plain base64, and is examined byte by byte.
        match decode(plain, &mut self.output) {
            Ok(count) if count == quanta * QUANTUM.1 => {
                self.chunk = count;
                self.decoded += count as u64;
                plain.len()
            }
            _ => 0,
        }
    }

    /// Decodes the collected characters; returns whether there are bytes to give out.
    fn decode_encoded(&mut self) -> bool {
        self.chunk = 0;
        if self.problem.is_none() {
            match decode(&self.encoded, &mut self.output) {
                Ok(count) => self.chunk = count,
                // The position depends on how the stream was cut, so the error does not name it.
                Err(_) => self.record_error("the body is not base64".to_owned()),
            }
        }
        self.encoded.clear();
        self.decoded += self.chunk as u64;
        if self.decoded > self.announced {
            // Bytes beyond the announced size are neither hashed nor stored.
            self.record_error(format!(
                "BodySize is {}, but the body is longer",
                self.announced
            ));
            self.chunk = 0;
        }
        // Padding ends base64: what follows a part that is not full can only be the closing quote.
        self.chunk > 0
    }

    fn record_error(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

/// Decodes into `output`, which grows where it is too small.
fn decode(encoded: &[u8], output: &mut Vec<u8>) -> Result<usize, base64::DecodeSliceError> {
    let wanted = base64::decoded_len_estimate(encoded.len());
    if output.len() < wanted {
        output.resize(wanted, 0);
    }
    BASE64.decode_slice(encoded, output)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The base64 character of a complete JSON escape (without its backslash); the inner `None` where
/// it is another character, the outer `None` while the escape is incomplete.
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
