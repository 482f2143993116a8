//! How services are spoken to over HTTP, and where their answers may lead.
//!
//! What always holds: what began with HTTPS does not go on without it, and a request that carries
//! credentials does not go to another host than it was made for. No proxy sees a request that is
//! not encrypted, unless the address allows plain HTTP. An answer that the library holds as a
//! whole has a bound, and who asks for a part gets no other bytes.

use std::io;
use std::sync::OnceLock;

use futures_util::StreamExt;
use http::{HeaderMap, Request, Response, Uri};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use opendal_http_transport_reqwest::ReqwestTransport;
use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};
use url::Url;

use crate::address::is_here;

use super::CALL_TIME;
use super::part::Part;

/// The most bytes of an answer that is an error. Some services answer with a page of HTML.
const MAX_ERROR: u64 = 1 << 20;

/// The most bytes of an answer that is no value: a part of a listing has 1,000 keys, or 5,000, of 1 KB
/// at most.
const MAX_PAGE: u64 = 16 << 20;

/// The same for WebDAV, which lists a folder as a whole. Servers write up to 1 KB for a name, so
/// this is a folder of 30,000: packs with 240 GB. The client needs five times as much memory.
const MAX_FOLDER: u64 = 32 << 20;

/// As many redirects as a browser follows.
const MAX_REDIRECTS: usize = 10;

/// Connections of its own for a service: those of a runtime that has ended are of no use to it.
pub(super) struct Transport {
    /// The host of the service, where it is spoken to by plain HTTP. Its address allows that, or it
    /// is this machine.
    plain_host: Option<String>,
    /// For each [`Use`]. Each is made when it is first needed, since that reads the system's
    /// certificates.
    clients: [OnceLock<ReqwestTransport>; 4],
}

/// What a client is for.
#[derive(Clone, Copy)]
struct Use {
    has_credentials: bool,
    /// The request may go through the proxy that the environment names.
    may_use_proxy: bool,
}

impl Transport {
    /// For a service at this endpoint.
    pub(super) fn to(endpoint: Option<&str>) -> Self {
        let url = endpoint.and_then(|endpoint| Url::parse(endpoint).ok());
        let plain = url.filter(|url| url.scheme() == "http");
        Self {
            plain_host: plain.and_then(|url| url.host_str().map(str::to_owned)),
            clients: Default::default(),
        }
    }

    /// Whether a request may go through the proxy that the environment names. It sees what is sent
    /// by plain HTTP, and is on another machine mostly. A request to where a machine has its role's
    /// credentials is plain, too.
    fn may_use_proxy(&self, uri: &Uri) -> bool {
        let Ok(url) = Url::parse(&uri.to_string()) else {
            return false;
        };
        match url.host_str() {
            None => false,
            Some(_) if is_here(&url) => false,
            Some(_) if url.scheme() == "https" => true,
            // A bucket may be a part of the host's name.
            Some(host) => self.plain_host.as_ref().is_some_and(|service| {
                host.strip_suffix(&**service)
                    .is_some_and(|bucket| bucket.is_empty() || bucket.ends_with('.'))
            }),
        }
    }
}

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let wanted = Use {
            has_credentials: has_credentials(request.headers()),
            may_use_proxy: self.may_use_proxy(request.uri()),
        };
        let place = usize::from(wanted.has_credentials) * 2 + usize::from(wanted.may_use_proxy);
        let place = &self.clients[place];
        let transport = match place.get() {
            Some(transport) => transport,
            None => {
                let client = client(wanted)?;
                place.get_or_init(|| ReqwestTransport::new(client))
            }
        };
        let most = most(&request);
        let asked = Part::asked(request.headers());
        let (mut parts, body) = transport.fetch(request).await?.into_parts();
        let most = match parts.status.is_success() {
            true => most,
            false => Some(MAX_ERROR),
        };
        let body = match most {
            Some(most) => bounded(body, most),
            None => body,
        };
        let body = match asked {
            Some(part) => part.of(&mut parts, body),
            None => body,
        };
        Ok(Response::from_parts(parts, body))
    }
}

/// The most bytes of an answer; `None` where it is a value, which is read in parts.
fn most(request: &Request<Buffer>) -> Option<u64> {
    let query = request.uri().query().unwrap_or_default();
    let path = request.uri().path();
    // Listings of S3 and Azure; all of Google's that is no value; and where GitHub has one.
    let is_held = query.contains("list-type=")
        || query.contains("comp=list")
        || (path.starts_with("/storage/v1/b/") && !query.contains("alt=media"))
        || path.ends_with("/_apis/artifactcache/cache");
    match request.method().as_str() {
        "GET" if !is_held => None,
        "PROPFIND" => Some(MAX_FOLDER),
        _ => Some(MAX_PAGE),
    }
}

/// A body that is an error beyond so many bytes.
fn bounded(body: HttpBody, most: u64) -> HttpBody {
    let mut left = most;
    body.map_inner(|stream| {
        Box::new(stream.map(move |part| {
            let part = part?;
            let rest = left.checked_sub(part.len() as u64);
            left = rest.ok_or_else(|| {
                let text = format!("the service's answer has more than {most} bytes");
                Error::new(ErrorKind::Unexpected, text)
            })?;
            Ok(part)
        }))
    })
}

fn client(wanted: Use) -> opendal::Result<Client> {
    // Another part of the program may have done so before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let redirects = Policy::custom(move |attempt: Attempt| {
        let from = attempt.previous();
        let refused = match from.last() {
            _ if from.len() > MAX_REDIRECTS => Some("it leads from one place to the next"),
            Some(from) => refusal(from, attempt.url(), wanted.has_credentials),
            None => None,
        };
        match refused {
            Some(why) => attempt.error(io::Error::other(why)),
            None => attempt.follow(),
        }
    });
    let client = Client::builder()
        .connect_timeout(CALL_TIME)
        .redirect(redirects)
        // The query of an address may be what opens the service.
        .referer(false);
    let client = match wanted.may_use_proxy {
        true => client,
        false => client.no_proxy(),
    };
    client.build().map_err(|error| {
        Error::new(ErrorKind::ConfigInvalid, "TLS cannot be used").set_source(error)
    })
}

/// Whether a request carries what opens the service.
fn has_credentials(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        ["authorization", "cookie", "token", "key"]
            .iter()
            .any(|part| name.contains(part))
    })
}

/// Why an answer that leads from one address to another is not followed; `None` where it is.
fn refusal(from: &Url, to: &Url, has_credentials: bool) -> Option<&'static str> {
    let is_upgrade = from.scheme() == "http" && to.scheme() == "https";
    let is_same_port = from.port_or_known_default() == to.port_or_known_default();
    if from.scheme() == "https" && to.scheme() != "https" {
        Some("it leads from HTTPS to plain HTTP, which is not followed")
    } else if has_credentials && (from.host() != to.host() || !(is_same_port || is_upgrade)) {
        Some("it leads to another host, which is not given the credentials")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::address::{Address, Credentials};
    use crate::service::Service;
    use crate::test_server;

    #[test]
    fn nothing_leads_away_from_https_and_no_credentials_go_to_another_host() {
        let refused = |from: &str, to: &str, has_credentials| {
            refusal(
                &from.parse().unwrap(),
                &to.parse().unwrap(),
                has_credentials,
            )
        };
        for has_credentials in [true, false] {
            for to in ["http://a/", "http://b/"] {
                let why = refused("https://a/", to, has_credentials);
                assert!(why.unwrap().contains("HTTPS"), "{to}");
            }
            for (from, to) in [
                ("https://a/x", "https://a/y"),
                ("http://a/", "http://a/"),
                ("http://a/", "https://a/"),
                ("https://a/", "https://a:443/"),
            ] {
                assert_eq!(refused(from, to, has_credentials), None, "{from} {to}");
            }
        }
        for to in ["https://b/", "https://a:8443/"] {
            assert!(refused("https://a/", to, true).is_some(), "{to}");
            assert_eq!(refused("https://a/", to, false), None, "{to}");
        }
    }

    #[test]
    fn a_proxy_is_for_https_and_for_plain_http_that_an_address_allows() {
        for (endpoint, to, expected) in [
            (None, "https://b.s3.amazonaws.com/a", true),
            (Some("https://a"), "https://a/x", true),
            (Some("https://127.0.0.1:1"), "https://127.0.0.1:1/x", false),
            (Some("http://127.0.0.2:1"), "http://127.0.0.2:1/x", false),
            (Some("http://localhost:1"), "http://localhost:1/x", false),
            (Some("http://[::1]:1"), "http://[::1]:1/x", false),
            (Some("http://a:1"), "http://a:1/x", true),
            (Some("http://a:1"), "http://bucket.a:1/x", true),
            (Some("http://a:1"), "http://other-a/x", false),
            (Some("http://a:1"), "http://169.254.169.254/latest", false),
            (Some("https://a"), "http://a/x", false),
            (None, "http://169.254.169.254/latest", false),
        ] {
            let may = Transport::to(endpoint).may_use_proxy(&to.parse().unwrap());
            assert_eq!(may, expected, "{endpoint:?} {to}");
        }
    }

    #[tokio::test]
    async fn a_service_that_leads_to_another_host_is_followed_without_credentials_alone() {
        let (sender, asked) = channel();
        let other = test_server::start(move |request| {
            sender.send(request.headers.clone()).unwrap();
            (404, String::new())
        });
        let first = test_server::start(move |request| {
            let to = format!("Location: http://localhost:{other}{}\r\n", request.path);
            (307, to)
        });
        let address = Address::parse(&format!("webdav+http://127.0.0.1:{first}/")).unwrap();
        let credentials = ["username", "password"].map(|name| (name.to_owned(), "x".to_owned()));
        let service = Service::at(&address, &Credentials(BTreeMap::from(credentials))).unwrap();
        let error = service.read("v1/a", 10).await.unwrap_err();
        let text = cachewarden_types::with_causes(&error);
        assert!(text.contains("another host"), "{text}");
        assert!(asked.try_recv().is_err());
        let service = Service::at(&address, &Credentials::default()).unwrap();
        assert_eq!(service.read("v1/a", 10).await.unwrap(), None);
        assert!(!asked.recv().unwrap().contains("referer"));
    }

    #[test]
    fn a_value_alone_is_read_in_parts() {
        let most = |to: &str| most(&Request::get(to).body(Buffer::new()).unwrap());
        for value in [
            "/v1/packs/a",
            "/storage/v1/b/bucket/o/a?alt=media",
            "/a?sig=x",
        ] {
            assert_eq!(most(value), None, "{value}");
        }
        for held in [
            "/b?list-type=2&prefix=a",
            "/c?restype=container&comp=list",
            "/storage/v1/b/bucket/o?prefix=a",
            "/storage/v1/b/bucket/o/a",
            "/x/_apis/artifactcache/cache?keys=a",
        ] {
            assert_eq!(most(held), Some(MAX_PAGE), "{held}");
        }
    }

    /// Origin: a second try of a folder that WebDAV had denied found no folder, and a session took the
    /// tier for an empty one.
    #[tokio::test]
    async fn a_folder_that_cannot_be_read_is_no_empty_one() {
        for status in [403, 500, 503] {
            let server =
                test_server::start_with_bodies(move |_| (status, String::new(), b"no".to_vec()));
            let address = format!("webdav+http://127.0.0.1:{server}/");
            let service = Service::at(&address.parse().unwrap(), &Credentials::default()).unwrap();
            let walked = service.walk("v1/index/main/", |_| ()).await;
            assert!(walked.is_err(), "{status}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_held_as_a_whole_has_a_bound() {
        let s3 = |server: u16| {
            format!(
                "s3://b?endpoint=http://127.0.0.1:{server}&region=us-east-1&skip-signature=true"
            )
        };
        let webdav = |server: u16| format!("webdav+http://127.0.0.1:{server}/");
        for (status, length, address) in [
            (500, MAX_ERROR, s3 as fn(u16) -> String),
            (200, MAX_PAGE, s3),
            (207, MAX_FOLDER, webdav),
        ] {
            let server = test_server::start_with_bodies(move |_| {
                (status, String::new(), vec![b' '; length as usize + 1])
            });
            let address = address(server);
            let service = Service::at(&address.parse().unwrap(), &Credentials::default()).unwrap();
            let error = service.walk("v1/", |_| ()).await.unwrap_err();
            let text = cachewarden_types::with_causes(&error);
            assert!(
                text.contains(&format!("more than {length} bytes")),
                "{text}"
            );
        }
    }
}
