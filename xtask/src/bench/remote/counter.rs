//! A proxy that counts the requests of a machine, and how many of them follow each other.
//!
//! It passes bytes on as they are, and reads only where requests and answers begin and end. A tier
//! that is read has requests without bodies, each on a connection with no other at its time.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// What ends a head.
const END: &[u8] = b"\r\n\r\n";

/// What a machine has asked.
#[derive(Clone, Copy, Default)]
pub(super) struct Requests {
    pub(super) count: u64,
    /// The longest chain of requests of which each began after the one before was answered.
    pub(super) chain: u64,
}

/// A proxy that counts; it ends with this process.
pub(super) struct Counter {
    pub(super) socket: SocketAddr,
    requests: Arc<Mutex<Requests>>,
}

impl Counter {
    /// A proxy in front of a server.
    pub(super) fn before(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
        let socket = listener.local_addr()?;
        let requests = Arc::<Mutex<Requests>>::default();
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                // A connection that breaks is the client's to notice.
                thread::spawn(move || pass(&client, server, &counted));
            }
        });
        Ok(Self { socket, requests })
    }

    /// What was counted, and counts from 0 again.
    pub(super) fn take(&self) -> Requests {
        std::mem::take(&mut *lock(&self.requests))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that waits for its answer.
struct Pending {
    /// Its place in a chain.
    place: u64,
    is_head: bool,
}

/// Passes a connection on, to its end.
fn pass(client: &TcpStream, server: SocketAddr, requests: &Arc<Mutex<Requests>>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for stream in [client, &server] {
        stream.set_nodelay(true)?;
    }
    let pending = Arc::new(Mutex::new(None));
    let answers = {
        let (requests, pending) = (Arc::clone(requests), Arc::clone(&pending));
        let (from, to) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || pass_answers(&from, &to, &requests, &pending))
    };
    let mut head = Vec::new();
    let passed = pass_bytes(client, &server, |bytes| {
        head.extend_from_slice(bytes);
        if head.ends_with(END) {
            let mut requests = lock(requests);
            requests.count += 1;
            *lock(&pending) = Some(Pending {
                place: requests.chain + 1,
                is_head: head.starts_with(b"HEAD "),
            });
            head.clear();
        }
    });
    let _ = answers.join();
    passed
}

fn pass_answers(
    from: &TcpStream,
    to: &TcpStream,
    requests: &Mutex<Requests>,
    pending: &Mutex<Option<Pending>>,
) -> io::Result<()> {
    let mut answer = Vec::new();
    pass_bytes(from, to, |bytes| {
        answer.extend_from_slice(bytes);
        let mut pending = lock(pending);
        let request = pending.take_if(|request| is_whole(&answer, request.is_head));
        if let Some(request) = request {
            let mut requests = lock(requests);
            requests.chain = requests.chain.max(request.place);
            answer.clear();
        }
    })
}

/// Passes bytes on until one side has ended; each piece is looked at before it is passed on.
fn pass_bytes(
    mut from: &TcpStream,
    mut to: &TcpStream,
    mut look: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut some = vec![0; 64 << 10];
    let passed = loop {
        match from.read(&mut some) {
            Ok(0) => break Ok(()),
            Ok(length) => {
                look(&some[..length]);
                if let Err(error) = to.write_all(&some[..length]) {
                    break Err(error);
                }
            }
            Err(error) => break Err(error),
        }
    };
    // The other direction may have ended both already.
    let _ = to.shutdown(Shutdown::Write);
    passed
}

/// Whether an answer has come to its end.
fn is_whole(answer: &[u8], is_to_head: bool) -> bool {
    let Some(end) = answer.windows(END.len()).position(|part| part == END) else {
        return false;
    };
    let (head, body) = answer.split_at(end + END.len());
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let has_no_body = is_to_head
        || [" 204 ", " 304 "]
            .iter()
            .any(|code| head[..16.min(head.len())].contains(code));
    match field("content-length:").map(|length| length.trim().parse::<usize>()) {
        _ if has_no_body => true,
        Some(Ok(length)) => body.len() >= length,
        // In chunks, of which the last is empty.
        _ => body.ends_with(b"0\r\n\r\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        for (whole, is_to_head) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true),
            ("HTTP/1.1 204 No Content\r\n\r\n", false),
            (
                "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                false,
            ),
        ] {
            let whole = whole.as_bytes();
            assert!(is_whole(whole, is_to_head));
            assert!(!is_whole(&whole[..whole.len() - 1], is_to_head));
        }
    }

    /// A server that answers each connection's requests, one after another.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || {
                    pass_bytes(&client, &client, |_| {}).unwrap();
                });
            }
        });
        socket
    }

    #[test]
    fn only_a_request_after_an_answer_makes_a_chain_longer() {
        let counter = Counter::before(server()).unwrap();
        let connect = || TcpStream::connect(counter.socket).unwrap();
        let (mut one, mut other) = (connect(), connect());
        // The server sends back what it gets, which is an answer too.
        let text = b"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut answer = vec![0; text.len()];
        for _ in 0..2 {
            one.write_all(text).unwrap();
            one.read_exact(&mut answer).unwrap();
        }
        other.write_all(text).unwrap();
        other.read_exact(&mut answer).unwrap();
        let requests = counter.take();
        assert_eq!((requests.count, requests.chain), (3, 3));
        assert_eq!(counter.take().count, 0);
    }
}
