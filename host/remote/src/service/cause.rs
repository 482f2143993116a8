//! What a service has said of a failure.
//!
//! What always holds: of an answer its status is told, and its code and its message only where they are
//! plain words in a form that is known, without any credential. All else may repeat the whole request.

use std::error::Error;
use std::iter;
use std::time::{Duration, SystemTime};

use opendal::raw::Timestamp;
use thiserror::Error;

use super::secrets::Secrets;
use super::words::says_what;

/// What stands before the time where a service says when it may be asked again, in the text of
/// an error that has the headers of an answer.
const RETRY_AFTER: &str = "\"retry-after\": \"";

/// What stands before the status of an answer in the text of an error.
const STATUS: &str = "status: ";

/// The most letters of a text. Some services answer with a page of HTML.
const MAX_TEXT: usize = 300;

/// What TLS says of an answer that is plain HTTP.
pub(super) const NO_TLS: &str = "InvalidContentType";

/// What is told then.
const SPEAKS_NO_TLS: &str = "the server does not speak TLS; write `http://` instead of `https://`, and `webdav+http://` instead of `webdav+https://`";

/// What a service has said of a failure.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{text}")]
pub struct Cause {
    text: String,
    retry_after: Option<Duration>,
}

impl Cause {
    /// How long the service wants not to be asked; `None` where it does not say.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl Cause {
    /// What an error says, as far as it can have none of these secrets.
    pub(in crate::service) fn new(error: &opendal::Error, secrets: &Secrets) -> Self {
        Self::by(error, |texts| secrets.told(texts))
    }

    /// The same for an error from before the service was asked, which can have nothing of an answer.
    pub(super) fn from_before(error: &opendal::Error, secrets: &Secrets) -> Self {
        Self::by(error, |texts| secrets.told_before(texts))
    }

    fn by(error: &opendal::Error, tell: impl Fn(Vec<&str>) -> String) -> Self {
        // The library gives the headers of an answer in the text of its error alone.
        let all = error.to_string();
        let retry_after = wait_after(&all, RETRY_AFTER, SystemTime::now());
        let status = status(&all);
        // Of an error that has no other cause, and names what it has asked for.
        let root = root(error).filter(|text| !text.contains("://"));
        let said = error.message();
        let is_known = status.is_none() || says_what(said);
        let mut texts: Vec<_> = is_known.then_some(said).into_iter().collect();
        texts.extend(root.as_deref());
        let text = match root.as_deref().is_some_and(|text| text.contains(NO_TLS)) {
            true => SPEAKS_NO_TLS.to_owned(),
            false => tell(texts),
        };
        let is_page = said.trim_start().starts_with('<');
        let mut text = match status {
            Some(status) if text.is_empty() => format!("HTTP status {status}"),
            // A page is for people who see the status elsewhere.
            Some(status) if is_page && !text.contains(status) => {
                format!("HTTP status {status}: {text}")
            }
            None if text.is_empty() => error.kind().to_string(),
            _ => text,
        };
        if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
            text.truncate(end);
            text.push('…');
        }
        Self { text, retry_after }
    }
}

/// The last of an error's causes, which has led to all others.
pub(super) fn root(error: &opendal::Error) -> Option<String> {
    let causes = iter::successors(error.source(), |error| (*error).source());
    causes.last().map(ToString::to_string)
}

/// The status of an answer, in the text of an error.
fn status(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(STATUS)?;
    let (status, _) = rest.split_once(',')?;
    status.parse::<u16>().is_ok().then_some(status)
}

/// A time to wait, as seconds or as a date (RFC 9110, 10.2.3), of which that in the past is none.
fn wait_after(text: &str, name: &str, now: SystemTime) -> Option<Duration> {
    let (_, value) = text.split_once(name)?;
    let (value, _) = value.split_once('"')?;
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = Timestamp::parse_rfc2822(value.trim()).ok()?;
    SystemTime::from(date).duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opendal::{Error, ErrorKind};

    /// For tests of those who decide by an error.
    impl From<&Error> for Cause {
        fn from(error: &Error) -> Self {
            Self::new(error, &Secrets::default())
        }
    }

    #[test]
    fn a_text_says_why_and_nothing_that_may_be_secret() {
        let url = "https://host/container?sig=SECRET";
        let error = Error::new(ErrorKind::Unexpected, "send http request")
            .with_context("uri", url)
            .with_context("response", "Parts { headers: {\"x\": \"SECRET\"} }");
        let refused = std::io::Error::other("Connection refused");
        let text = Cause::from(&error.set_source(refused)).to_string();
        assert_eq!(text, "send http request: Connection refused");
        let error = Error::new(ErrorKind::Unexpected, "a".repeat(5000))
            .set_source(std::io::Error::other(format!("timeout for {url}")));
        assert_eq!(Cause::from(&error).to_string(), "Unexpected");
    }

    #[test]
    fn the_words_of_a_service_are_a_sentence_on_one_line() {
        let page = "<html>\n <head>\n  <Title>503 Service\n Unavailable</title></head><body><h1>Sorry</h1></body></html>";
        for (said, expected) in [
            (
                r#"S3Error { code: "NoSuchBucket", message: "The \"b\" is\nnot there", resource: "/b", request_id: "17F" }"#,
                r#"NoSuchBucket: The "b" is not there"#,
            ),
            (
                r#"AzblobError { code: "ContainerNotFound", message: "" }"#,
                "ContainerNotFound",
            ),
            (
                r#"GcsErrorResponse { error: GcsError { code: 404, message: "No bucket.", errors: [GcsErrorDetail { message: "other" }] } }"#,
                "404: No bucket.",
            ),
            (page, "503 Service Unavailable"),
            (
                "<?xml version=\"1.0\"?><d:error><s:message>No such\nfolder</s:message></d:error>",
                "No such folder",
            ),
            ("two\n  lines", "two lines"),
            // What may be encoded, and what is no words.
            ("in { braces }", "Unexpected"),
            ("no: dXNlci00NzExOnN1cGVyc2VjcmV0", "no"),
        ] {
            let error = Error::new(ErrorKind::Unexpected, said);
            assert_eq!(Cause::from(&error).to_string(), expected);
        }
        let with_status = |said: &str| {
            let error = Error::new(ErrorKind::Unexpected, said)
                .with_context("response", "Parts { status: 403, version: HTTP/1.1 }");
            Cause::from(&error).to_string()
        };
        for (said, expected) in [
            (
                r#"{"code": "unauthenticated", "msg": "No token.", "x": "y"}"#,
                "unauthenticated: No token.",
            ),
            (r#"{"error": {"code": 403, "message": "No."}}"#, "403: No."),
            // What may have anything in it.
            ("Forbidden. Your request:\nx: y", "HTTP status 403"),
            (r#"{"headers": {"x": "y"}}"#, "HTTP status 403"),
            (
                "<html><body><code>x</code><message>y</message></body></html>",
                "HTTP status 403",
            ),
            ("<pre>x: y</pre>", "HTTP status 403"),
        ] {
            assert_eq!(with_status(said), expected);
        }
        let silent = r#"S3Error { code: "", message: "", resource: "", request_id: "" }"#;
        let error = Error::new(ErrorKind::Unexpected, silent)
            .with_context("response", "Parts { status: 502, version: HTTP/1.1 }");
        assert_eq!(Cause::from(&error).to_string(), "HTTP status 502");
        let page = "<head><title>Error response</title></head>";
        let error = Error::new(ErrorKind::Unexpected, page)
            .with_context("response", "Parts { status: 501, version: HTTP/1.1 }");
        assert_eq!(
            Cause::from(&error).to_string(),
            "HTTP status 501: Error response"
        );
    }

    #[test]
    fn the_time_is_read_that_the_service_says() {
        let with = |headers: &str| {
            let error = Error::new(ErrorKind::RateLimited, "slow down");
            let error = error.with_context("response", headers);
            Cause::from(&error).retry_after()
        };
        let headers = "Parts { status: 429, headers: {\"retry-after\": \"17\"} }";
        assert_eq!(with(headers), Some(Duration::from_secs(17)));
        for headers in [
            "",
            "{\"retry-after\": \"soon\"}",
            "{\"retry-after\": \"Wed, 21 Oct 2015 07:28:00 GMT\"}",
            "{\"retry-after\": \"1",
        ] {
            assert_eq!(with(headers), None, "{headers}");
        }
        let date = "retry-after: \"Wed, 21 Oct 2015 07:28:00 GMT\"";
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_470);
        let wait = wait_after(date, "retry-after: \"", now);
        assert_eq!(wait, Some(Duration::from_secs(10)));
    }
}
