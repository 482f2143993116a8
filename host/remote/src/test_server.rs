//! A small HTTP server for tests: it answers each request as a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// A request: its method, its path, its headers in lower case, and its body.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

/// Starts a server whose answers have a status and headers, and no body. Gives its port.
pub(crate) fn start(answer: impl Fn(&Asked) -> (u16, String) + Send + 'static) -> u16 {
    start_with_bodies(move |asked| {
        let (status, headers) = answer(asked);
        (status, headers, Vec::new())
    })
}

/// The same for answers that have a body, too.
pub(crate) fn start_with_bodies(
    answer: impl Fn(&Asked) -> (u16, String, Vec<u8>) + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // The client may be gone.
            let _ = serve(stream.unwrap(), &answer);
        }
    });
    port
}

fn serve(
    stream: TcpStream,
    answer: impl Fn(&Asked) -> (u16, String, Vec<u8>),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push_str(&line);
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    let mut words = first.split(' ').map(str::to_owned);
    let asked = Asked {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers,
        body,
    };
    let (status, headers, body) = answer(&asked);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    (&stream).write_all(&[head.as_bytes(), &body].concat())
}
