//! The bytes that a Redis server sends, with a bound on each answer.
//!
//! What always holds: the client, which holds an answer as a whole, gets no more of one than what is
//! asked for can have. Whatever is no answer to what is asked here ends the connection, and so does an
//! answer that nobody has asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::PART;

/// The most bytes of a line: a number, `OK`, or what is wrong, of which a server repeats some words.
const MAX_LINE: usize = 4 * 1024;

/// What stands behind the bytes of a value.
const LINE_END: u64 = 2;

/// A connection whose answers have a bound.
pub(super) struct Bounded<S> {
    connection: S,
    questions: Questions,
    answers: Answers,
}

impl<S> Bounded<S> {
    pub(super) fn new(connection: S) -> Self {
        Self {
            connection,
            questions: Questions::default(),
            answers: Answers::default(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
        let checked = self.answers.check(&buffer.filled()[before..]);
        Poll::Ready(checked.map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = ready!(Pin::new(&mut self.connection).poll_write(context, bytes))?;
        self.answers.owed += self.questions.count(&bytes[..sent]);
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

/// Where in a question the next byte is: a line with the number of its words (`*2`), and for each of them
/// a line with its length (`$5`), and the word.
#[derive(Default)]
struct Questions {
    /// What was sent of a line.
    line: Vec<u8>,
    /// The bytes of a word that are still to be sent.
    of_word: u64,
    /// The words of the question that are still to be sent.
    words: u64,
}

impl Questions {
    /// Follows the next bytes; how many questions begin their last word there.
    fn count(&mut self, mut bytes: &[u8]) -> u64 {
        let mut asked = 0;
        while !bytes.is_empty() {
            if self.of_word > 0 {
                let sent = self.of_word.min(bytes.len() as u64);
                self.of_word -= sent;
                bytes = &bytes[sent as usize..];
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            self.line.extend_from_slice(part);
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                let number = str::from_utf8(&line[1..]).unwrap_or_default();
                let number = number.trim_end().parse().unwrap_or(0);
                if line[0] == b'*' {
                    self.words = number;
                } else {
                    self.of_word = number + LINE_END;
                    self.words = self.words.saturating_sub(1);
                    asked += u64::from(self.words == 0);
                }
            }
            bytes = rest;
        }
        asked
    }
}

/// Where in an answer the next byte is. An answer is a line (`+OK`, `-ERR ...`, `:1`), or a line
/// with the length of a value (`$5`) and that value. No command here has an array for its answer.
#[derive(Default)]
struct Answers {
    /// What has come of a line.
    line: Vec<u8>,
    /// The bytes of a value that are still to come.
    of_value: u64,
    /// How many answers are still to come.
    owed: u64,
}

impl Answers {
    /// Follows the next bytes; else what is wrong with them.
    fn check(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            if self.of_value > 0 {
                let taken = self.of_value.min(bytes.len() as u64);
                self.of_value -= taken;
                bytes = &bytes[taken as usize..];
                continue;
            }
            if self.line.is_empty() {
                let owed = self.owed.checked_sub(1);
                self.owed = owed.ok_or("the server has sent what nobody has asked for")?;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            if self.line.len() + part.len() > MAX_LINE {
                return Err(format!(
                    "the server's answer has more than {MAX_LINE} bytes in a line"
                ));
            }
            self.line.extend_from_slice(part);
            if end.is_some() {
                self.of_value = behind(&self.line)?;
                self.line.clear();
            }
            bytes = rest;
        }
        Ok(())
    }
}

/// How many bytes belong to the answer behind its first line.
fn behind(line: &[u8]) -> Result<u64, String> {
    let unknown = || "the server does not speak the protocol of Redis".to_owned();
    let (kind, rest) = line.split_first().ok_or_else(unknown)?;
    match kind {
        b'+' | b'-' | b':' => Ok(0),
        b'$' => {
            let text = str::from_utf8(rest).map_err(|_| unknown())?;
            let length: i64 = text.trim_end().parse().map_err(|_| unknown())?;
            match u64::try_from(length) {
                Ok(length) if length > PART => {
                    Err(format!("the server's answer has more than {PART} bytes"))
                }
                Ok(length) => Ok(length + LINE_END),
                // Of a key that has no value.
                Err(_) => Ok(0),
            }
        }
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::address::Credentials;
    use crate::service::Service;

    #[test]
    fn answers_of_the_protocol_pass_in_any_pieces_and_others_do_not() {
        let value = vec![b'\n'; PART as usize];
        let largest = [format!("${PART}\r\n").as_bytes(), &value, b"\r\n:1\r\n"].concat();
        for (bytes, expected) in [
            (
                &b"+OK\r\n:1\r\n-ERR no\r\n$-1\r\n$0\r\n\r\n$3\r\na\nb\r\n+OK\r\n"[..],
                None,
            ),
            (&largest, None),
            (b"$1048577\r\n", Some("more than 1048576 bytes")),
            (b"$4000000000\r\n", Some("more than 1048576 bytes")),
            (b"$x\r\n", Some("does not speak")),
            (b"*1\r\n", Some("does not speak")),
            (b"$1\r\na\r\n*2\r\n", Some("does not speak")),
            (b"HTTP/1.1 400 Bad Request\r\n", Some("does not speak")),
            (&[b'+'; MAX_LINE + 1], Some("in a line")),
        ] {
            for size in [1, 2, 7, 100_000] {
                let mut answers = Answers {
                    owed: 7,
                    ..Answers::default()
                };
                let checked = bytes.chunks(size).try_for_each(|part| answers.check(part));
                let told = checked.err();
                match expected {
                    None => assert_eq!(told, None),
                    Some(words) => assert!(told.unwrap().contains(words), "{words}"),
                }
            }
        }
    }

    #[test]
    fn answers_are_owed_to_what_was_asked_in_any_pieces() {
        let asked =
            b"*2\r\n$6\r\nEXISTS\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n*1\r\n\r\n";
        for size in [1, 2, 7, 100_000] {
            let mut questions = Questions::default();
            let counts = asked.chunks(size).map(|part| questions.count(part));
            assert_eq!(counts.sum::<u64>(), 2, "{size}");
            let mut answers = Answers {
                owed: 2,
                ..Answers::default()
            };
            assert_eq!(answers.check(b"$3\r\n:1\n\r\n+OK\r\n"), Ok(()));
            let more = answers.check(b":").unwrap_err();
            assert!(more.contains("nobody has asked"), "{more}");
        }
    }

    /// Origin: a server that sent four gigabytes filled the memory.
    #[tokio::test]
    async fn a_server_that_sends_without_end_is_left() {
        for begin in ["$4000000000\r\n", "+", "*1000000\r\n"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let (sender, sent) = channel();
            thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let _ = stream.read(&mut [0; 1024]);
                    let mut sent = 0_u64;
                    let _ = stream.write_all(begin.as_bytes());
                    while stream.write_all(&[b'x'; 1 << 16]).is_ok() {
                        sent += 1 << 16;
                    }
                    sender.send(sent).unwrap();
                }
            });
            let address = format!("redis://127.0.0.1:{port}/").parse().unwrap();
            let service = Service::at(&address, &Credentials::default()).unwrap();
            service.read("v1/a", 10).await.unwrap_err();
            drop(service);
            // What is in the system's buffers counts, too.
            assert!(sent.recv().unwrap() < 64 << 20, "{begin}");
        }
    }
}
