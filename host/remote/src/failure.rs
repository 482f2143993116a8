//! What an error of a service comes to: what a person is told of it, and when the service may be
//! asked again.
//!
//! What always holds: no text has anything of a request but what the service itself has said. An
//! address that was signed, and headers, may hold credentials.

use std::error::Error;
use std::iter;
use std::time::Duration;

use super::service::ServiceError;

/// What stands before the seconds where a service says when it may be asked again, in the text of
/// an error that has the headers of an answer.
const RETRY_AFTER: &str = "\"retry-after\": \"";

/// The most of a service's text that is shown. Some answer with a page of HTML.
const MAX_TEXT: usize = 300;

/// Why the service has not done it, for a person.
pub(crate) fn why(error: &ServiceError) -> String {
    let Some(cause) = cause(error) else {
        return error.to_string();
    };
    let first = cause as &dyn Error;
    let root = iter::successors(first.source(), |error| (*error).source()).last();
    let root = root
        .map(ToString::to_string)
        // Of an error that has no other cause, and names what it has asked for.
        .filter(|text| !text.contains("://"));
    let texts = [Some(error.to_string()), Some(cause.message().into()), root];
    let texts = texts.into_iter().flatten().filter(|text| !text.is_empty());
    let text = texts.collect::<Vec<_>>().join(": ");
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// How long the service wants not to be asked; `None` where it does not say.
pub(crate) fn retry_after(error: &ServiceError) -> Option<Duration> {
    // The library that speaks with services gives the headers in the text of its error alone.
    let text = cause(error)?.to_string();
    let (_, seconds) = text.split_once(RETRY_AFTER)?;
    let (seconds, _) = seconds.split_once('"')?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn cause(error: &ServiceError) -> Option<&opendal::Error> {
    match error {
        ServiceError::Config { source, .. } => Some(source),
        ServiceError::Denied(source)
        | ServiceError::Throttled(source)
        | ServiceError::Unsupported(source)
        | ServiceError::Failed(source) => Some(source),
        ServiceError::TooLarge { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opendal::ErrorKind;

    fn failed(error: opendal::Error) -> ServiceError {
        ServiceError::Failed(Box::new(error))
    }

    #[test]
    fn a_text_says_why_and_nothing_that_may_be_secret() {
        let url = "https://host/container?sig=SECRET";
        let error = opendal::Error::new(ErrorKind::Unexpected, "send http request")
            .with_context("uri", url)
            .with_context("response", "Parts { headers: {\"x\": \"SECRET\"} }");
        let refused = std::io::Error::other("Connection refused");
        let text = why(&failed(error.set_source(refused)));
        assert_eq!(
            text,
            "the service has failed: send http request: Connection refused"
        );
        let error = opendal::Error::new(ErrorKind::Unexpected, "a".repeat(5000))
            .set_source(std::io::Error::other(format!("timeout for {url}")));
        let text = why(&failed(error));
        assert!(text.len() < 400 && !text.contains("SECRET"), "{text}");
    }

    #[test]
    fn the_time_is_read_that_the_service_says() {
        let with = |headers: &str| {
            let error = opendal::Error::new(ErrorKind::RateLimited, "slow down");
            ServiceError::Throttled(Box::new(error.with_context("response", headers)))
        };
        let error = with("Parts { status: 429, headers: {\"retry-after\": \"17\"} }");
        assert_eq!(retry_after(&error), Some(Duration::from_secs(17)));
        for headers in [
            "",
            "{\"retry-after\": \"Wed, 21 Oct 2026 07:28:00 GMT\"}",
            "{\"retry-after\": \"1",
        ] {
            assert_eq!(retry_after(&with(headers)), None, "{headers}");
        }
    }
}
