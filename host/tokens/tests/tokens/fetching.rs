//! Keys from a URL: when they are fetched, and what a server may do.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cachewarden_tokens::{Now, TokenError, Verifier};
use serde_json::json;

use crate::server::Server;
use crate::signing::{AUDIENCE, ISSUER, Signer, claims, key_set};
use crate::{UID, later, verifier};

fn verifier_for(server: &Server) -> Verifier {
    verifier(&format!(
        "[[issuer]]\nname = 'ci'\nissuer = '{ISSUER}'\naudiences = ['{AUDIENCE}']\n\
         algorithms = ['ES256']\njwks-url = '{}'\n",
        server.url
    ))
}

fn key_error(verifier: &Verifier, token: &str, now: Now) -> String {
    match verifier.verify(token, UID, now) {
        Err(error @ TokenError::Key(_)) => error.to_string(),
        other => panic!("expected a key that is not there: {other:?}"),
    }
}

#[test]
fn unknown_keys_lead_to_one_fetch_a_minute() {
    let (known, unknown) = (Signer::es256("known"), Signer::es256("unknown"));
    let server = Server::with(key_set(&[&known]));
    let (verifier, now) = (verifier_for(&server), Now::read());
    let flood = |now| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..50 {
                        let token = unknown.token(&claims(json!({ "number": number })));
                        key_error(&verifier, &token, now);
                    }
                });
            }
        });
    };
    assert_eq!(
        server.requests(),
        0,
        "nothing is fetched before it is needed"
    );
    let token = known.token(&claims(json!({})));
    verifier.verify(&token, UID, now).unwrap();
    assert_eq!(server.requests(), 1);
    for (seconds, expected) in [(0, 1), (59, 1), (60, 2), (61, 2), (119, 2), (120, 3)] {
        flood(later(now, seconds));
        assert_eq!(server.requests(), expected, "after {seconds} s");
    }
    // An attempt that fails counts, too.
    server.answer_with_head("500 Internal Server Error".into());
    for (seconds, expected) in [(180, 4), (239, 4), (240, 5)] {
        flood(later(now, seconds));
        assert_eq!(server.requests(), expected, "after {seconds} s");
    }
    let text = key_error(
        &verifier,
        &unknown.token(&claims(json!({}))),
        later(now, 250),
    );
    for part in [
        "key `unknown`",
        "issuer `ci`",
        &server.url,
        "status 500",
        "in 50s",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    verifier.verify(&token, UID, later(now, 250)).unwrap();
}

#[test]
fn a_new_key_is_found_and_one_that_was_withdrawn_counts_no_more() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let server = Server::with(key_set(&[&old]));
    let (verifier, now) = (verifier_for(&server), Now::read());
    let tokens = [&old, &new].map(|signer| signer.token(&claims(json!({}))));
    verifier.verify(&tokens[0], UID, now).unwrap();
    server.serve(key_set(&[&new]));
    let now = later(now, 60);
    verifier.verify(&tokens[1], UID, now).unwrap();
    let text = key_error(&verifier, &tokens[0], now);
    assert!(text.contains("1 usable keys"), "{text}");
}

#[test]
fn a_key_that_was_withdrawn_stops_counting_although_no_unknown_one_is_presented() {
    let signer = Signer::es256("key");
    let server = Server::with(key_set(&[&signer]));
    let (verifier, now) = (verifier_for(&server), Now::read());
    let token = signer.token(&claims(json!({})));
    verifier.verify(&token, UID, now).unwrap();
    server.serve(key_set(&[]));
    verifier.verify(&token, UID, later(now, 299)).unwrap();
    assert_eq!(server.requests(), 1);
    // The session that notices the age does not wait.
    let give_up = Instant::now() + Duration::from_secs(60);
    while verifier.verify(&token, UID, later(now, 300)).is_ok() {
        assert!(Instant::now() < give_up, "the key still counts");
        std::thread::yield_now();
    }
    assert_eq!(server.requests(), 2);
}

#[test]
fn known_keys_do_not_wait_for_a_fetch() {
    let (known, new) = (Signer::es256("known"), Signer::es256("new"));
    let server = Server::with(key_set(&[&known]));
    let (verifier, now) = (verifier_for(&server), Now::read());
    let token = known.token(&claims(json!({})));
    verifier.verify(&token, UID, now).unwrap();
    let (arrived, has_arrived) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let body = key_set(&[&known, &new]);
    server.answer(move |stream| {
        arrived.send(()).unwrap();
        is_released.recv().unwrap();
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        );
    });
    let now = later(now, 60);
    std::thread::scope(|scope| {
        // Both wait for one fetch, and both get its result.
        let waiting = [0, 1].map(|number| {
            let token = new.token(&claims(json!({ "number": number })));
            let verifier = &verifier;
            scope.spawn(move || verifier.verify(&token, UID, now))
        });
        has_arrived.recv().unwrap();
        verifier.verify(&token, UID, now).unwrap();
        release.send(()).unwrap();
        for waiting in waiting {
            waiting.join().unwrap().unwrap();
        }
    });
    assert_eq!(server.requests(), 2);
}

#[test]
fn keys_that_cannot_be_fetched_again_are_used_for_a_bounded_time() {
    let signer = Signer::es256("key");
    let server = Server::with(key_set(&[&signer]));
    let (verifier, now) = (verifier_for(&server), Now::read());
    let token = signer.token(&claims(json!({})));
    verifier.verify(&token, UID, now).unwrap();
    server.answer_with_head("503 Service Unavailable".into());
    verifier.verify(&token, UID, later(now, 3600)).unwrap();
    let text = key_error(&verifier, &token, later(now, 3700));
    assert!(text.contains("status 503"), "{text}");
    server.serve(key_set(&[&signer]));
    verifier.verify(&token, UID, later(now, 3760)).unwrap();
}

#[test]
fn what_a_server_may_do_is_bounded() {
    let signer = Signer::es256("key");
    let token = signer.token(&claims(json!({})));
    let elsewhere = Server::with(key_set(&[&signer]));
    let server = Server::with(String::new());
    let text = |expected: &str| {
        let text = key_error(&verifier_for(&server), &token, Now::read());
        assert!(text.contains(expected), "{expected}: {text}");
    };
    text("not a JSON Web Key Set");
    server.answer_with_head(format!("302 Found\r\nLocation: {}", elsewhere.url));
    text("redirects");
    server.answer_with_head("404 Not Found".into());
    text("status 404");
    // A body without an end, of which little is read.
    server.answer(|stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    text("more than 262144 bytes");
    // A body that comes too slowly: its second byte never does.
    server.answer(|stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{{");
        let _ = stream.read(&mut [0]);
    });
    text("within 3s");
    assert_eq!(elsewhere.requests(), 0, "redirects are not followed");
}

#[test]
fn a_token_does_not_say_where_its_key_is() {
    let (honest, attacker) = (Signer::es256("key"), Signer::es256("key"));
    let server = Server::with(key_set(&[&honest]));
    let elsewhere = Server::with(key_set(&[&attacker]));
    let verifier = verifier_for(&server);
    for (name, value) in [
        ("jku", json!(elsewhere.url)),
        ("x5u", json!(elsewhere.url)),
        ("jwk", attacker.jwk()),
    ] {
        let mut header = attacker.header();
        header[name] = value;
        let token = attacker.sign(&header.to_string(), &claims(json!({})).to_string());
        let error = verifier.verify(&token, UID, Now::read()).unwrap_err();
        assert_eq!(error, TokenError::Signature, "{name}");
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[test]
fn keys_can_be_loaded_before_a_token_needs_them() {
    let signer = Signer::es256("key");
    let server = Server::with(key_set(&[&signer]));
    let (verifier, now) = (verifier_for(&server), Now::read());
    assert_eq!(verifier.load_keys(now), []);
    verifier
        .verify(&signer.token(&claims(json!({}))), UID, now)
        .unwrap();
    assert_eq!(server.requests(), 1);
    server.serve(key_set(&[&Signer::eddsa("of another algorithm")]));
    let failed = verifier.load_keys(now);
    assert_eq!(failed.len(), 1);
    let (issuer, reason) = &failed[0];
    assert_eq!(issuer, "ci");
    assert!(reason.contains("0 usable keys, 1 ignored"), "{reason}");
}
