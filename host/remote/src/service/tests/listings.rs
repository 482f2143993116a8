//! Services that are asked which values they have, and answer something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::hostile::{listing, service_of};
use super::*;

const SCHEMES: [&str; 4] = ["s3", "gs", "azblob", "webdav"];

/// The name of a value as each service lists it.
fn name(scheme: &str) -> &'static str {
    match scheme {
        "webdav" => "/prefix/v1/index/main/a",
        _ => "prefix/v1/index/main/a",
    }
}

/// The keys that a service lists.
async fn keys(service: &Service) -> Result<Vec<String>, ServiceError> {
    let mut keys = Vec::new();
    let walked = service.walk("v1/index/main/", |value| keys.push(value.key));
    walked.await.map(|_| keys)
}

/// A service that lists one value, unless it is to answer with a status.
fn service_with_status(scheme: &'static str) -> (Service, Arc<AtomicU16>) {
    let answered = Arc::new(AtomicU16::new(0));
    let status = Arc::clone(&answered);
    let port = test_server::start_with_bodies(move |asked| match status.load(Ordering::SeqCst) {
        0 => {
            let status = if asked.method == "PROPFIND" { 207 } else { 200 };
            (status, String::new(), listing(scheme, name(scheme)))
        }
        status => (status, String::new(), Vec::new()),
    });
    (service_of(scheme, port), answered)
}

/// Origin: a page that asked to sign in, or an error with the status of success, was an empty tier.
#[tokio::test]
async fn an_answer_that_is_no_listing_is_a_failure() {
    for scheme in SCHEMES {
        for (status, body) in [
            (200, "<html><head><title>sign in</title></head></html>"),
            (207, "<html>sign in</html>"),
            (200, "<!DOCTYPE html>\n<html/>"),
            (
                200,
                "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>",
            ),
            (200, ""),
            (200, "sign in"),
        ] {
            let port = test_server::start_with_bodies(move |_| {
                (status, String::new(), body.as_bytes().to_vec())
            });
            let service = service_of(scheme, port);
            let mut errors = vec![keys(&service).await.unwrap_err()];
            errors.extend(service.has_below("v1/index/").await.err());
            assert_eq!(errors.len(), 2, "{scheme}: {status} {body}");
            for error in errors {
                let is_failure = matches!(error, ServiceError::Failed(_));
                let text = cachewarden_types::with_causes(&error);
                let is_said = text.contains("no listing") && text.contains("sign in");
                assert!(is_failure && is_said, "{scheme}: {status} {body}: {text}");
            }
        }
        let (service, _) = service_with_status(scheme);
        assert_eq!(
            keys(&service).await.unwrap(),
            ["v1/index/main/a"],
            "{scheme}"
        );
    }
}

/// Origin: a server whose bucket was not there was an empty tier.
#[tokio::test]
async fn what_is_not_there_is_empty_only_where_there_are_folders() {
    for scheme in SCHEMES {
        let port = test_server::start_with_bodies(|_| {
            let body = "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>";
            (404, String::new(), body.as_bytes().to_vec())
        });
        let service = service_of(scheme, port);
        let found = keys(&service).await;
        match scheme {
            "webdav" => assert_eq!(found.unwrap(), Vec::<String>::new()),
            _ => {
                let is_config = matches!(found, Err(ServiceError::Config { .. }));
                assert!(is_config, "{scheme}: {found:?}");
            }
        }
    }
}

/// Origin: one answer of a gateway, and a daemon listed nothing until it was started again.
#[tokio::test]
async fn a_service_that_lists_is_asked_again_whatever_it_has_answered() {
    for scheme in SCHEMES {
        for status in [405, 501] {
            let (service, answered) = service_with_status(scheme);
            // A server of WebDAV may lack it, as long as it has not listed anything.
            if scheme == "webdav" {
                keys(&service).await.unwrap();
            }
            answered.store(status, Ordering::SeqCst);
            let error = keys(&service).await.unwrap_err();
            let is_failure = matches!(error, ServiceError::Failed(_));
            assert!(is_failure, "{scheme} {status}: {error:?}");
            answered.store(0, Ordering::SeqCst);
            assert!(service.can_list(), "{scheme} {status}");
            assert_eq!(keys(&service).await.unwrap().len(), 1, "{scheme} {status}");
        }
    }
}

#[tokio::test]
async fn a_server_without_propfind_is_one_that_does_not_list() {
    for status in [405, 501] {
        let (service, answered) = service_with_status("webdav");
        answered.store(status, Ordering::SeqCst);
        let error = keys(&service).await.unwrap_err();
        let is_unsupported = matches!(error, ServiceError::Unsupported(_));
        assert!(is_unsupported && !service.can_list(), "{status}: {error:?}");
        // It was said just now.
        service.ask_again_whether_it_lists();
        assert!(!service.can_list(), "{status}");
    }
}
