//! How services are spoken to over HTTP, and where their answers may lead.
//!
//! What always holds: what began with HTTPS does not go on without it, and a request that carries
//! credentials does not go to another host than it was made for. No proxy sees a request that is
//! not encrypted, unless the address allows plain HTTP. An answer that the library holds as a
//! whole has a bound, what answers a listing is one, and who asks for a part gets no other bytes.

use std::io;
use std::sync::{Arc, OnceLock};

use futures_util::StreamExt;
use http::{HeaderMap, Request, Response, Uri};
use opendal::raw::Operation;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use opendal_http_transport_reqwest::ReqwestTransport;
use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};
use url::Url;

use crate::address::is_here;
use crate::service_kind::ServiceKind;

use super::CALL_TIME;
use super::listing::Root;
use super::part::Part;
use super::secrets::Secrets;

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
    /// What the listings of the service are.
    root: Option<Root>,
    /// Is told what a request has that opens the service, where something may be said of its answer.
    secrets: Arc<Secrets>,
}

/// What a client is for.
#[derive(Clone, Copy)]
struct Use {
    has_credentials: bool,
    /// The request may go through the proxy that the environment names.
    may_use_proxy: bool,
}

impl Transport {
    /// For a service of this kind, at this endpoint.
    pub(super) fn to(kind: ServiceKind, endpoint: Option<&str>, secrets: &Arc<Secrets>) -> Self {
        let url = endpoint.and_then(|endpoint| Url::parse(endpoint).ok());
        let plain = url.filter(|url| url.scheme() == "http");
        Self {
            plain_host: plain.and_then(|url| url.host_str().map(str::to_owned)),
            clients: Default::default(),
            root: Root::of(kind),
            secrets: Arc::clone(secrets),
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
        let root = self.root.filter(|_| is_listing(&request));
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        let (mut parts, body) = transport.fetch(request).await?.into_parts();
        // Nothing is said of a value.
        if !parts.status.is_success() || most.is_some() {
            self.secrets.remember(&headers, &uri);
        }
        let most = match parts.status.is_success() {
            true => most,
            false => Some(MAX_ERROR),
        };
        let body = match most {
            Some(most) => bounded(body, most),
            None => body,
        };
        let body = match root {
            Some(root) if parts.status.is_success() => root.check(body),
            _ => body,
        };
        let body = match asked {
            Some(part) => part.of(&mut parts, body)?,
            None => body,
        };
        Ok(Response::from_parts(parts, body))
    }
}

/// Whether a request is for a listing. With WebDAV, what is said of one value is one, too.
fn is_listing(request: &Request<Buffer>) -> bool {
    request.extensions().get() == Some(&Operation::List) || request.method().as_str() == "PROPFIND"
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
mod tests;
