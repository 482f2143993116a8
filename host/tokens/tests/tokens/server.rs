//! A server of key sets that answers as a test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How a request is answered; the request was read.
type Answer = Box<dyn FnMut(&mut TcpStream) + Send>;

/// A server on this machine. It ends with the test program.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Server {
    /// A server that answers with this body.
    pub(crate) fn with(body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let answer = Arc::new(Mutex::new(ok(body)));
        let (seen, answers) = (Arc::clone(&requests), Arc::clone(&answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read_request(&mut stream);
                seen.lock().unwrap().push(request);
                (answers.lock().unwrap())(&mut stream);
            }
        });
        Self {
            url,
            requests,
            answer,
        }
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The head of the last request.
    pub(crate) fn last_request(&self) -> String {
        self.requests.lock().unwrap().last().unwrap().clone()
    }

    /// Answers further requests with this body.
    pub(crate) fn serve(&self, body: String) {
        *self.answer.lock().unwrap() = ok(body);
    }

    /// Answers further requests in this way. The client may be gone before the answer ends.
    pub(crate) fn answer(&self, answer: impl FnMut(&mut TcpStream) + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// Answers further requests with a status line and header lines.
    pub(crate) fn answer_with_head(&self, head: String) {
        self.answer(move |stream| {
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        });
    }
}

fn ok(body: String) -> Answer {
    Box::new(move |stream| {
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
    })
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "the request ended early");
        request.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(request).unwrap()
}
