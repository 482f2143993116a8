//! A server that answers every request with 429: it asks for fewer requests.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

const ANSWER: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Starts the server; it ends with this process.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    let socket = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that is gone needs no answer.
            thread::spawn(move || answer(client));
        }
    });
    Ok(socket)
}

/// Answers one request. A tier that is read has requests without bodies.
fn answer(mut client: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut some = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match client.read(&mut some)? {
            0 => return Ok(()),
            length => head.extend_from_slice(&some[..length]),
        }
    }
    client.write_all(ANSWER)
}
