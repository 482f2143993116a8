//! Requests and answers of HTTP.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    query: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The next request of a connection; `None` when it has ended.
    pub(super) fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let line = read_line(reader)?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = Vec::new();
        loop {
            let line = read_line(reader)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Vec::new(),
        };
        let length = request.header("content-length");
        request.body = match length.and_then(|length| length.parse().ok()) {
            Some(length) => read_bytes(reader, length)?,
            None if request.header("transfer-encoding") == Some("chunked") => read_chunks(reader)?,
            None => Vec::new(),
        };
        Some(request)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// A part of the query. Escaped characters stay so.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parts = self
            .query
            .split('&')
            .filter_map(|part| part.split_once('='));
        parts.find_map(|(known, value)| (known == name).then_some(value))
    }
}

fn read_line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

fn read_bytes(reader: &mut BufReader<TcpStream>, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let length = usize::from_str_radix(&read_line(reader)?, 16).ok()?;
        bytes.extend(read_bytes(reader, length)?);
        read_line(reader)?;
        if length == 0 {
            return Some(bytes);
        }
    }
}

pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn write(self, stream: &mut TcpStream, request: &Request) -> io::Result<()> {
        let length = self.body.len();
        let mut head = format!(
            "HTTP/1.1 {} Status\r\nContent-Length: {length}\r\n",
            self.status
        );
        for (name, value) in self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes())?;
        match &*request.method {
            "HEAD" => Ok(()),
            _ => stream.write_all(&self.body),
        }
    }
}
