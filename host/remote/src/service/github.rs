//! GitHub's cache, as far as opendal's client does not know it: of all values whose keys begin alike,
//! the one that was written last. It is one call of the second version of the service, by Twirp with
//! JSON, and a request to the storage that the answer names.
//!
//! What always holds: the job's token goes to the service alone, and not to the storage.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::stream;
use http::{Request, Response, StatusCode, response};
use opendal::raw::oio::ReadStream;
use opendal::raw::with_error_response_context;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransporter};
use serde::Deserialize;
use tokio::time::{sleep, timeout};
use url::Url;

use cachewarden_types::Digest;

use crate::service_kind::ServiceKind;

use super::secrets::Secrets;
use super::transport::Transport;
use super::{BytesStream, CALL_TIME, IO_TIME, RETRIES, RETRY_AFTER};

/// The call, below the address of the service.
const CALL: &str = "twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL";

/// The most bytes of an answer to the call: a signed address has some hundred.
const MAX_ANSWER: usize = 64 * 1024;

/// In place of what an address does not say, as opendal's client has it.
const DEFAULT_VERSION: &str = "opendal";

/// The service of a job.
pub(super) struct GitHub {
    transport: HttpTransporter,
    url: String,
    token: String,
    /// What all keys of a tier have in common beside the prefix.
    version: String,
    /// What stands before each key.
    root: String,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the token.
        let mut parts = formatter.debug_struct("GitHub");
        parts.field("root", &self.root).finish_non_exhaustive()
    }
}

/// The answer to the call. Names of fields are written in two ways.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    ok: bool,
    #[serde(default, alias = "signedDownloadUrl")]
    signed_download_url: String,
    #[serde(default, alias = "matchedKey")]
    matched_key: String,
}

impl GitHub {
    pub(super) fn new(
        options: &BTreeMap<String, String>,
        secrets: &Arc<Secrets>,
    ) -> opendal::Result<Self> {
        let option = |name: &str, variable: &str| {
            let option = options.get(name).cloned();
            let value = option.or_else(|| std::env::var(variable).ok());
            value.ok_or_else(|| {
                let text = format!("{variable} is not set: pass it on to this step");
                Error::new(ErrorKind::ConfigInvalid, text)
            })
        };
        let service = option("endpoint", "ACTIONS_RESULTS_URL")?;
        let version = options.get("version").map(String::as_str);
        let version = Digest::of(version.unwrap_or(DEFAULT_VERSION).as_bytes());
        Ok(Self {
            transport: HttpTransporter::new(Transport::to(
                ServiceKind::Ghac,
                Some(&service),
                secrets,
            )),
            url: format!("{}/{CALL}", service.trim_end_matches('/')),
            token: option("runtime_token", "ACTIONS_RUNTIME_TOKEN")?,
            version: version.to_string(),
            root: options
                .get("root")
                .map(|root| root.trim_start_matches('/').to_owned())
                .unwrap_or_default(),
        })
    }

    /// The value that was written last of those whose keys begin like this.
    pub(super) async fn open_latest(&self, prefix: &str) -> opendal::Result<BytesStream> {
        let mut tries = 0;
        loop {
            let error = match self.try_open(prefix).await {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            if !error.is_temporary() || tries == RETRIES {
                return Err(error);
            }
            sleep(RETRY_AFTER * (1 << tries)).await;
            tries += 1;
        }
    }

    async fn try_open(&self, prefix: &str) -> opendal::Result<BytesStream> {
        let url = self.find(&format!("{}{prefix}", self.root)).await?;
        if self.url.starts_with("https:") && !url.starts_with("https:") {
            let text = "the service leads from HTTPS to plain HTTP, which is not followed";
            return Err(Error::new(ErrorKind::ConfigInvalid, text));
        }
        let request = Request::get(url).body(Buffer::new()).map_err(wrong)?;
        let response = timeout(IO_TIME, self.transport.fetch(request)).await;
        let response = response.map_err(|_| too_late())??;
        let (parts, body) = response.into_parts();
        if parts.status != StatusCode::OK {
            return Err(refused(Response::from_parts(parts, Bytes::new())));
        }
        Ok(Box::pin(stream::try_unfold(body, |mut body| async move {
            let part = next_part(&mut body).await?;
            Ok((!part.is_empty()).then_some((part, body)))
        })))
    }

    /// The whole answer to a request.
    async fn whole_answer(
        &self,
        request: Request<Buffer>,
    ) -> opendal::Result<(response::Parts, Vec<u8>)> {
        let (parts, mut body) = self.transport.fetch(request).await?.into_parts();
        let mut bytes = Vec::new();
        loop {
            let part = next_part(&mut body).await?;
            if part.is_empty() {
                return Ok((parts, bytes));
            }
            bytes.extend_from_slice(&part);
            if bytes.len() > MAX_ANSWER {
                let text = "the service's answer has too many bytes";
                return Err(Error::new(ErrorKind::Unexpected, text));
            }
        }
    }

    /// Where the newest value is whose key begins like this.
    async fn find(&self, prefix: &str) -> opendal::Result<String> {
        let question = serde_json::json!({
            "key": prefix,
            "restore_keys": [prefix],
            "version": self.version,
        });
        let request = Request::post(&self.url)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Buffer::from(question.to_string().into_bytes()))
            .map_err(wrong)?;
        let answered = timeout(CALL_TIME, self.whole_answer(request)).await;
        let (parts, bytes) = answered.map_err(|_| too_late())??;
        if parts.status != StatusCode::OK {
            return Err(refused(Response::from_parts(parts, bytes.into())));
        }
        let answer: Answer = serde_json::from_slice(&bytes)
            .map_err(|_| Error::new(ErrorKind::Unexpected, "the service's answer is no JSON"))?;
        match answer.ok && answer.matched_key.starts_with(prefix) {
            true => Ok(answer.signed_download_url),
            false => Err(Error::new(ErrorKind::NotFound, "the key has no value")),
        }
    }
}

/// The next part of a body; an empty one at its end.
async fn next_part(body: &mut HttpBody) -> opendal::Result<Bytes> {
    let part = timeout(IO_TIME, body.read()).await;
    let mut part = part.map_err(|_| too_late())??;
    Ok(part.copy_to_bytes(part.remaining()))
}

fn wrong(error: http::Error) -> Error {
    let text = "an address of GitHub's cache is wrong";
    Error::new(ErrorKind::ConfigInvalid, text).set_source(error)
}

fn too_late() -> Error {
    let text = "the service has not answered in time";
    Error::new(ErrorKind::Unexpected, text).set_temporary()
}

/// The error for an answer that is none.
fn refused(response: Response<Bytes>) -> Error {
    let (parts, body) = response.into_parts();
    let status = parts.status;
    let kind = match status {
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::PermissionDenied,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        _ => ErrorKind::Unexpected,
    };
    let error = Error::new(kind, String::from_utf8_lossy(&body));
    let error = with_error_response_context(error, parts);
    match status.is_server_error() {
        true => error.set_temporary(),
        false => error,
    }
}

/// Whether this job has the second version of the service, by which opendal's client speaks then too.
pub(crate) fn is_second_of_github() -> bool {
    let variable = |name| std::env::var(name).unwrap_or_default();
    is_second(
        &variable("ACTIONS_CACHE_SERVICE_V2"),
        &variable("GITHUB_SERVER_URL"),
    )
}

/// The same for these variables. A server of GitHub Enterprise has the first version, whatever it says.
fn is_second(version: &str, server: &str) -> bool {
    let server = Url::parse(server).ok();
    let is_enterprise_server = server.is_some_and(|server| {
        let host = server.host_str().unwrap_or_default();
        host != "github.com" && !host.ends_with(".ghe.com") && !host.ends_with(".localhost")
    });
    !is_enterprise_server && !version.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_github_enterprise_has_the_first_version() {
        for (version, server, expected) in [
            ("True", "https://github.com", true),
            ("True", "", true),
            ("True", "https://team.ghe.com", true),
            ("True", "https://github.example.com", false),
            ("", "https://github.com", false),
        ] {
            assert_eq!(is_second(version, server), expected, "{version} {server}");
        }
    }
}
