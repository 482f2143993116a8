//! Tests of the reader, on buffers.

use super::fuzzing::{Trickle, protocol, read_body};
use super::*;
use crate::Command;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cachewarden_system::streams::input;
use cachewarden_types::Digest;

fn put(id: i64, body: &[u8]) -> String {
    let digest = Digest::of(body).to_base64();
    format!(
        "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{digest}\",\"OutputID\":\"{digest}\",\"BodySize\":{}}}\n\n",
        body.len()
    )
}

#[test]
fn requests_and_bodies_come_out_however_the_stream_is_cut() {
    let bytes: Vec<u8> = (0..1000_u32).map(|number| (number % 251) as u8).collect();
    let text = STANDARD.encode(&bytes);
    let escaped = text.replace('/', "\\/").replace('+', "\\u002b");
    let stream = format!(
        "{}\"{text}\"\n{}{}\"{escaped}\"\n{{ \"Command\" :\n \"close\" , \"ID\":4}}",
        put(1, &bytes),
        put(2, b""),
        put(3, &bytes),
    );
    for step in [1, 2, 3, 5, 64, 4096] {
        let mut reader = RequestReader::in_memory(Trickle(stream.as_bytes(), step));
        assert_eq!(reader.next_request().unwrap().unwrap().id, 1);
        assert_eq!(read_body(&mut reader).unwrap(), bytes);
        assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
        assert_eq!(read_body(&mut reader).unwrap(), b"");
        assert_eq!(reader.next_request().unwrap().unwrap().id, 3);
        assert_eq!(
            read_body(&mut reader).unwrap(),
            bytes,
            "escapes, in steps of {step}"
        );
        assert_eq!(
            reader.next_request().unwrap().unwrap().command,
            Command::Close
        );
        assert!(reader.next_request().unwrap().is_none());
    }
}

#[test]
fn the_end_of_a_line_is_no_request_and_is_not_waited_behind() {
    let (read, mut write) = io::pipe().unwrap();
    let mut reader = RequestReader::new(input(read));
    let (request, rest) = ("{\"ID\":1,\"Command\":\"close\"}", "\n\n");
    io::Write::write_all(&mut write, request.as_bytes()).unwrap();
    assert!(reader.read_ahead().unwrap());
    assert_eq!(reader.next_request().unwrap().unwrap().id, 1);
    io::Write::write_all(&mut write, rest.as_bytes()).unwrap();
    assert!(!reader.read_ahead().unwrap(), "it is the end of the line");
    io::Write::write_all(&mut write, b" {").unwrap();
    assert!(reader.read_ahead().unwrap());
    drop(write);
    assert!(reader.read_ahead().unwrap(), "the end is for whoever reads");
    assert!(reader.next_request().unwrap().is_none());
}

#[test]
fn a_body_given_up_in_the_middle_leaves_the_next_request_readable() {
    for cut in [0, 1, 5, 400] {
        let text = STANDARD.encode([7; 1000]);
        let stream = format!(
            "{}\"{}{{\"ID\":2,\"Command\":\"close\"}}\n\n",
            put(1, &[7; 1000]),
            &text[..cut]
        );
        let mut reader = RequestReader::in_memory(Trickle(stream.as_bytes(), 17));
        reader.next_request().unwrap().unwrap();
        assert!(matches!(read_body(&mut reader), Err(BodyError::Abandoned)));
        assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
    }
}

#[test]
fn a_body_of_another_length_or_alphabet_is_an_error_and_the_next_request_is_readable() {
    for text in ["QUJD", "QUJDREVG", "QU$D", "QUJ", "QUJDRA==QUJD", "QUJ\\n"] {
        let stream = format!(
            "{}\"{text}\"\n{{\"ID\":2,\"Command\":\"close\"}}\n\n",
            put(1, b"ABCD")
        );
        let mut reader = RequestReader::in_memory(Trickle(stream.as_bytes(), 3));
        reader.next_request().unwrap().unwrap();
        assert!(
            matches!(read_body(&mut reader), Err(BodyError::Malformed(_))),
            "{text}"
        );
        assert_eq!(reader.next_request().unwrap().unwrap().id, 2, "{text}");
    }
}

#[test]
fn an_unread_body_is_passed_over() {
    let bytes = [1; 100_000];
    let stream = format!(
        "{}\"{}\"\n{{\"ID\":2,\"Command\":\"close\"}}\n",
        put(1, &bytes),
        STANDARD.encode(bytes)
    );
    let mut reader = RequestReader::in_memory(stream.as_bytes());
    reader.next_request().unwrap().unwrap();
    assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
}

#[test]
fn garbage_names_its_offset() {
    let mut reader = RequestReader::in_memory(&b"\n\n{\"ID\":1,\"Command\":\"get\"}\n\nhello"[..]);
    reader.next_request().unwrap().unwrap();
    let error = reader.next_request().unwrap_err().to_string();
    assert!(error.starts_with("byte 28 "), "{error}");
    assert!(error.contains("`hello`"), "{error}");
}

/// The longest request is taken, and one byte more is too many, however the bytes arrive.
#[test]
fn a_request_has_a_largest_size_however_the_stream_is_cut() {
    let request = |size: usize| {
        let blanks = " ".repeat(size - "{\"ID\":1,\"Command\":\"get\"}".len());
        format!("\n{{\"ID\":1,\"Command\":{blanks}\"get\"}}\n{{\"ID\":2,\"Command\":\"close\"}}\n")
    };
    for (size, is_taken) in [
        (MAX_REQUEST - 1, true),
        (MAX_REQUEST, true),
        (MAX_REQUEST + 1, false),
        (2 * MAX_REQUEST, false),
    ] {
        let stream = request(size);
        for step in [4096, MAX_REQUEST - 1, MAX_REQUEST, MAX_REQUEST + 1, BUFFER] {
            let mut reader = RequestReader::in_memory(Trickle(stream.as_bytes(), step));
            let taken = reader
                .next_request()
                .map(|request| request.map(|one| one.id));
            match is_taken {
                true => {
                    assert_eq!(taken.unwrap(), Some(1), "{size} bytes in steps of {step}");
                    assert_eq!(reader.next_request().unwrap().unwrap().id, 2);
                }
                false => {
                    let error = taken.unwrap_err().to_string();
                    assert!(
                        error.contains("no end within 65536 bytes"),
                        "{step}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_said_of_garbage_has_a_bounded_length() {
    let long = "x".repeat(MAX_REQUEST / 2);
    for request in [
        format!(r#"{{"ID":"{long}","Command":"get"}}"#),
        format!(r#"{{"ID":1,"Command":"get","BodySize":"{long}"}}"#),
        format!(r#""{long}""#),
    ] {
        let stream = request + "\n\n";
        let mut reader = RequestReader::in_memory(stream.as_bytes());
        let error = reader.next_request().unwrap_err().to_string();
        assert!(error.len() < 400, "{error}");
    }
}

#[test]
fn fuzz_protocol() {
    cachewarden_fuzz::fuzz("protocol", protocol);
}

#[test]
fn a_line_without_end_is_refused_in_bounded_memory() {
    let mut reader = RequestReader::in_memory(io::repeat(b'[').take(1 << 30));
    assert!(reader.next_request().is_err());
    let endless = b"{\"ID\":1,\"Command\":\"".chain(io::repeat(b'x').take(1 << 30));
    assert!(RequestReader::in_memory(endless).next_request().is_err());
}
