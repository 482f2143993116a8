//! A client for the interfaces by which servers are set up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// Sends a request, with JSON or without a body, and returns what is answered.
///
/// # Panics
/// When the server does not answer that it is done.
pub(crate) fn send(socket: SocketAddr, method: &str, path: &str, body: Option<&Value>) -> Value {
    let mut stream = TcpStream::connect(socket).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    // With this version the answer is whole when the connection ends.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {socket}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let is_done = head
        .split(' ')
        .nth(1)
        .is_some_and(|code| code.starts_with('2'));
    assert!(is_done, "{method} {path}: {answer}");
    serde_json::from_str(body).unwrap_or_default()
}
