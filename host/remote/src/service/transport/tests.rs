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
        let secrets = Arc::default();
        let may = Transport::to(ServiceKind::Webdav, endpoint, &secrets)
            .may_use_proxy(&to.parse().unwrap());
        assert_eq!(may, expected, "{endpoint:?} {to}");
    }
}

/// Origin: a token that a service's own tools had in a file, and a service repeated, showed.
#[tokio::test]
async fn what_a_request_has_is_secret_wherever_it_comes_from() {
    let port = test_server::start(|_| (403, String::new()));
    let secrets = Arc::default();
    let transport = Transport::to(ServiceKind::S3, None, &secrets);
    let token = "an ordinary sentence of words";
    let authorization = "AWS4-HMAC-SHA256 Credential=somebody/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=abcdefabcdefabcdef";
    let request = Request::get(format!("http://127.0.0.1:{port}/a?sig=another%20one"))
        .header("x-amz-security-token", token)
        .header("authorization", authorization)
        .body(Buffer::new());
    transport.fetch(request.unwrap()).await.unwrap();
    for text in [token, "somebody", "abcdefabcdef abcdef", "Another One"] {
        let text = format!("It was {text} here");
        assert_eq!(secrets.told(["Denied", &text]), "Denied");
    }
    let region = "The region us-east-1 is wrong";
    assert_eq!(
        secrets.told(["Denied", region]),
        format!("Denied: {region}")
    );
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
        format!("s3://b?endpoint=http://127.0.0.1:{server}&region=us-east-1&skip-signature=true")
    };
    let webdav = |server: u16| format!("webdav+http://127.0.0.1:{server}/");
    for (status, length, begin, address) in [
        (500, MAX_ERROR, "<Error>", s3 as fn(u16) -> String),
        (200, MAX_PAGE, "<ListBucketResult>", s3),
        (207, MAX_FOLDER, "<multistatus>", webdav),
    ] {
        let server = test_server::start_with_bodies(move |_| {
            let mut body = begin.as_bytes().to_vec();
            body.resize(length as usize + 1, b' ');
            (status, String::new(), body)
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
