//! Services that answer what no service should.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::*;

/// Longer than any test of this file takes where all is right.
const LONG: Duration = Duration::from_secs(60);

pub(super) fn service_at(address: &str, credentials: &[(&str, &str)]) -> Service {
    let address = Address::parse(address).unwrap();
    let pairs = credentials.iter();
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Service::at(&address, &Credentials(BTreeMap::from_iter(pairs))).unwrap()
}

/// A service of this scheme, on a server at a port of this machine.
pub(super) fn service_of(scheme: &str, port: u16) -> Service {
    let at = format!("http://127.0.0.1:{port}");
    match scheme {
        "s3" => service_at(
            &format!("s3://b/prefix?endpoint={at}&region=x&skip-signature=true"),
            &[],
        ),
        "gs" => service_at(&format!("gs://b/prefix?endpoint={at}"), &[("token", "t")]),
        "azblob" => service_at(
            &format!("azblob://c/prefix?endpoint={at}&account-name=n"),
            &[("account_key", "a2V5")],
        ),
        _ => service_at(&format!("webdav+{at}/prefix"), &[]),
    }
}

/// A listing of one name, by the form of each service.
pub(super) fn listing(scheme: &str, name: &str) -> Vec<u8> {
    let time = "2026-01-02T03:04:05.000Z";
    let date = "Fri, 02 Jan 2026 03:04:05 GMT";
    let text = match scheme {
        "s3" => format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>{name}</Key><Size>5</Size><LastModified>{time}</LastModified></Contents></ListBucketResult>"
        ),
        "gs" => serde_json::json!({"items": [{"name": name, "size": "5", "etag": "", "md5Hash": "", "updated": time}]})
            .to_string(),
        "azblob" => format!(
            "<EnumerationResults><Blobs><Blob><Name>{name}</Name><Properties><Last-Modified>{date}</Last-Modified><Etag>x</Etag><Content-Length>5</Content-Length><Content-Type>a/b</Content-Type><Content-MD5></Content-MD5></Properties></Blob></Blobs><NextMarker/></EnumerationResults>"
        ),
        _ => format!(
            "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{name}</D:href><D:propstat><D:prop><D:resourcetype/><D:getcontentlength>5</D:getcontentlength><D:getlastmodified>{date}</D:getlastmodified></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
        ),
    };
    text.into_bytes()
}

/// Origin: a name of a listing that is not below the tier's prefix made the library panic, at each get,
/// and a proxy that strips a path from names does that.
#[tokio::test]
async fn a_listing_with_names_of_elsewhere_is_a_failure_and_no_panic() {
    let long = "x".repeat(70_000);
    for name in [
        "", "/", "x", "/x", "é", "%ff", "p", "/p", "p/w", "v1/", &long,
    ] {
        for scheme in ["s3", "gs", "azblob", "webdav"] {
            let answer = listing(scheme, name);
            let port = test_server::start_with_bodies(move |asked| {
                let status = if asked.method == "PROPFIND" { 207 } else { 200 };
                (status, String::new(), answer.clone())
            });
            let service = service_of(scheme, port);
            let walked = tokio::spawn(async move {
                let mut taken = Vec::new();
                let walked = service.walk("v1/index/main/", |value| taken.push(value.key));
                walked.await.map(|_| taken)
            });
            let walked = walked.await.expect("no panic");
            match walked {
                Ok(taken) => assert!(taken.is_empty(), "{scheme} {name}: {taken:?}"),
                Err(ServiceError::Failed(_)) => {}
                Err(error) => panic!("{scheme} {name}: {error:?}"),
            }
        }
    }
}

/// Origin: a server that ignores ranges was read up to where a row said that its object begins: some
/// gigabytes, for each object.
#[tokio::test]
async fn what_lies_before_a_part_is_not_read_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, sent) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty());
            assert!(head.count() > 0);
            // The client may be gone.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n");
            let mut count = 0_u64;
            while count < 256 << 20 && stream.write_all(&[b'x'; 1 << 16]).is_ok() {
                count += 1 << 16;
            }
            let _ = sender.send(count);
        }
    });
    let service = service_at(&format!("webdav+http://127.0.0.1:{port}/"), &[]);
    let begin = 0xf000_0000;
    let opened = service.open_part("v1/packs/a", begin..begin + 10).await;
    assert!(
        matches!(opened, Err(ServiceError::TooShort(_))),
        "it is not read"
    );
    drop(service);
    // What is in the system's buffers counts, too.
    let waited = tokio::task::spawn_blocking(move || sent.recv_timeout(LONG));
    let count = waited.await.unwrap().expect("the connection is closed");
    assert!(count < 64 << 20, "{count}");
}

/// Origin: a server that answered rightly, and then sent answers that nobody had asked for, kept a
/// processor busy and filled the memory for as long as a session lasted.
#[cfg(feature = "redis")]
#[tokio::test]
async fn redis_is_left_at_the_first_answer_that_nobody_has_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ((sender, left), (read, is_read)) = (channel(), channel());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while let Some(Ok(line)) = lines.next() {
                let answer = match line.as_str() {
                    "GETRANGE" => "$1\r\na\r\n",
                    "EXISTS" => ":1\r\n",
                    "SELECT" | "CLIENT" => "+OK\r\n",
                    _ => continue,
                };
                stream.write_all(answer.as_bytes()).unwrap();
                if line == "EXISTS" {
                    break;
                }
            }
            let _ = is_read.recv();
            let mut count = 0_u64;
            while count < 256 << 20 && stream.write_all(&b":1\r\n".repeat(16_384)).is_ok() {
                count += 1 << 16;
            }
            let _ = sender.send(count);
        }
    });
    let service = service_at(&format!("redis://127.0.0.1:{port}/"), &[]);
    let value = service.read("v1/a", 10).await.unwrap();
    assert_eq!(value.as_deref(), Some(&b"a"[..]));
    read.send(()).unwrap();
    let waited = tokio::task::spawn_blocking(move || left.recv_timeout(LONG));
    let count = waited.await.unwrap().expect("the connection is closed");
    assert!(count < 64 << 20, "{count}");
}
