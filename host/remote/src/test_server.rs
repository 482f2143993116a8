//! A small HTTP server for tests: it answers each request as a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// A request: its method, its path, and its headers in lower case.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: String,
}

/// Starts a server whose answers have a status and headers, and no body. Gives its port.
pub(crate) fn start(answer: impl Fn(&Asked) -> (u16, String) + Send + 'static) -> u16 {
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

fn serve(stream: TcpStream, answer: impl Fn(&Asked) -> (u16, String)) -> std::io::Result<()> {
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
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let mut words = first.split(' ').map(str::to_owned);
    let asked = Asked {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers,
    };
    let (status, headers) = answer(&asked);
    let text = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n"
    );
    (&stream).write_all(text.as_bytes())
}
