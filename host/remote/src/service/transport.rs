//! How services are spoken to over HTTP, and where their answers may lead.
//!
//! What always holds: what began with HTTPS does not go on without it, and a request that carries
//! credentials does not go to another host than it was made for. An answer that the library holds as a
//! whole has a bound, and who asks for a part gets no other bytes.

use std::io;
use std::sync::OnceLock;

use futures_util::StreamExt;
use http::{HeaderMap, Request, Response};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use opendal_http_transport_reqwest::ReqwestTransport;
use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};
use url::Url;

use super::CALL_TIME;
use super::part::Part;

/// The most bytes of an answer that is an error. Some services answer with a page of HTML.
const MAX_ERROR: u64 = 1 << 20;

/// The most bytes of an answer that is no value: a part of a listing has 1,000 keys, or 5,000, of 1 KB
/// at most.
const MAX_PAGE: u64 = 16 << 20;

/// The same for WebDAV, which lists a folder as a whole: some 300,000 packs.
const MAX_FOLDER: u64 = 128 << 20;

/// As many redirects as a browser follows.
const MAX_REDIRECTS: usize = 10;

/// Connections of its own for a service: those of a runtime that has ended are of no use to it.
#[derive(Default)]
pub(super) struct Transport {
    /// For requests with credentials. Each is made when it is first needed, since that reads the
    /// system's certificates.
    with_credentials: OnceLock<ReqwestTransport>,
    without: OnceLock<ReqwestTransport>,
}

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let has_credentials = has_credentials(request.headers());
        let place = match has_credentials {
            true => &self.with_credentials,
            false => &self.without,
        };
        let transport = match place.get() {
            Some(transport) => transport,
            None => {
                let client = client(has_credentials)?;
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
    // Of S3, Azure and Google.
    let is_listing = query.contains("list-type=")
        || query.contains("comp=list")
        || request.uri().path().ends_with("/o");
    match request.method().as_str() {
        "GET" if !is_listing => None,
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

fn client(has_credentials: bool) -> opendal::Result<Client> {
    // Another part of the program may have done so before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let redirects = Policy::custom(move |attempt: Attempt| {
        let from = attempt.previous();
        let refused = match from.last() {
            _ if from.len() > MAX_REDIRECTS => Some("it leads from one place to the next"),
            Some(from) => refusal(from, attempt.url(), has_credentials),
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
        .referer(false)
        .build();
    client.map_err(|error| {
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

    #[tokio::test]
    async fn an_answer_that_is_held_as_a_whole_has_a_bound() {
        for (status, length) in [(500, MAX_ERROR), (200, MAX_PAGE)] {
            let server = test_server::start_with_bodies(move |_| {
                (status, String::new(), vec![b' '; length as usize + 1])
            });
            let address = format!(
                "s3://b?endpoint=http://127.0.0.1:{server}&region=us-east-1&skip-signature=true"
            );
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
