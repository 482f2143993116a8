//! A small HTTP server that answers as a test wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// What the server does with a request.
pub(crate) enum Answer {
    /// It answers, with this status, these headers and this body.
    With(u16, &'static str, Vec<u8>),
    /// It answers nothing, and keeps the connection.
    Nothing,
    /// It answers with so many bytes, 64 MB a second at most, and tells whether all of them were taken.
    Long(u64, Sender<bool>),
}

/// A server.
pub(crate) struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// A server that answers requests for these paths.
    pub(crate) fn start(answer: impl FnMut(&str) -> Answer + Send + 'static) -> Self {
        Self::at(0, answer)
    }

    /// The same at a port.
    pub(crate) fn at(port: u16, mut answer: impl FnMut(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            requests: Arc::default(),
        };
        let requests = Arc::clone(&server.requests);
        thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let path = path(&mut stream);
                requests.fetch_add(1, Ordering::SeqCst);
                match answer(&path) {
                    Answer::With(status, headers, body) => {
                        let head = format!(
                            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
                            body.len()
                        );
                        // The client may be gone.
                        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
                    }
                    Answer::Nothing => silent.push(stream),
                    Answer::Long(bytes, whether) => {
                        let head =
                            format!("HTTP/1.1 200 Status\r\nContent-Length: {bytes}\r\n\r\n");
                        let mut is_taken = stream.write_all(head.as_bytes()).is_ok();
                        let mut left = bytes;
                        while is_taken && left > 0 {
                            let part = left.min(64 * 1024);
                            is_taken = stream.write_all(&vec![b'0'; part as usize]).is_ok();
                            left -= part;
                            thread::sleep(Duration::from_millis(1));
                        }
                        // The test may be over.
                        let _ = whether.send(is_taken);
                    }
                }
            }
        });
        server
    }

    /// Its address, as that of a tier.
    pub(crate) fn address(&self) -> String {
        address(self.port)
    }

    /// How many requests it has got.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// The address of a tier on a server at a port.
pub(crate) fn address(port: u16) -> String {
    format!("webdav+http://127.0.0.1:{port}/?layout=single")
}

/// A port where no server is.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The path that is asked for.
fn path(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(count) => head.extend_from_slice(&part[..count]),
        }
    }
    let head = String::from_utf8_lossy(&head);
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}
