use base64::engine::general_purpose::URL_SAFE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::address::{Address, Credentials};
use crate::service::Service;
use crate::test_server;

const SECRET: &str = "s3cr/T+&\"4711";
const USER: &str = "user-4711";

fn credentials(names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &str| match name {
        "username" | "access_key_id" => USER,
        _ => SECRET,
    };
    let pairs = names.iter();
    pairs
        .map(|name| ((*name).to_owned(), value(name).to_owned()))
        .collect()
}

#[test]
fn a_text_with_a_secret_in_any_form_is_not_told() {
    let options = credentials(&["username", "password", "token"]);
    let secrets = Secrets::of(ServiceKind::Webdav, &options);
    let pair = STANDARD.encode(format!("{USER}:{SECRET}"));
    let percent = utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string();
    let all = [
        SECRET.to_owned(),
        SECRET.to_ascii_uppercase(),
        USER.to_owned(),
        "us er-4 711".to_owned(),
        STANDARD.encode(SECRET),
        STANDARD.encode(format!("xy{USER}")),
        URL_SAFE.encode(SECRET),
        pair.clone(),
        pair.to_ascii_lowercase(),
        percent.to_ascii_lowercase(),
        percent,
        "s3cr&#x2f;T".to_owned(),
    ];
    for form in all {
        for text in [format!("({form}) is wrong"), format!("x{form}y is wrong")] {
            assert_eq!(secrets.told(["Denied", &text]), "Denied", "{text}");
        }
    }
    let text = "Denied: The user is not known";
    assert_eq!(secrets.told([text]), text);
}

#[test]
fn a_short_secret_is_looked_for_as_a_word() {
    let options = BTreeMap::from([("access_key_id".to_owned(), "id".to_owned())]);
    let secrets = Secrets::of(ServiceKind::S3, &options);
    for text in ["the key ID is wrong", "the key \"id\" is wrong"] {
        assert_eq!(secrets.told([text]), "", "{text}");
    }
    assert_eq!(secrets.told(["it is invalid"]), "it is invalid");
}

/// Origin: a password of five letters with a sign among them was told in a title.
#[test]
fn a_short_secret_with_signs_is_looked_for_in_words_and_among_letters() {
    let options = BTreeMap::from([
        ("username".to_owned(), "builder".to_owned()),
        ("password".to_owned(), "k2-X9".to_owned()),
    ]);
    let secrets = Secrets::of(ServiceKind::Webdav, &options);
    for form in ["k2-x9", "K2-X9", "k2 x9", "k2x9", "ak2-x9b", "(k2_x9)"] {
        let text = format!("Wrong password {form} for user");
        assert_eq!(secrets.told(["Denied", &text]), "Denied", "{text}");
    }
    for text in ["the rack2 x9b is full", "no k2 here"] {
        assert_eq!(secrets.told([text]), text);
    }
}

/// Origin: a service repeated the first 15 letters of a token, which are too few for a key.
#[test]
fn the_beginning_of_a_secret_is_not_told() {
    let options = BTreeMap::from([
        (
            "session_token".to_owned(),
            "IQoJb3JpZ2luX2VjEJr9xkq0aVbN3TzQ".to_owned(),
        ),
        (
            "secret_access_key".to_owned(),
            "supersecret-token-4711".to_owned(),
        ),
    ]);
    let secrets = Secrets::of(ServiceKind::S3, &options);
    for cut in [
        "IQoJb3JpZ2luX2V",
        "IQoJb3Jp",
        "iqojb3jp",
        "supersecret-token",
        "super-secret",
        "c3VwZXJzZWN",
    ] {
        let text = format!("The token {cut} is not allowed");
        assert_eq!(secrets.told(["Denied", &text]), "Denied", "{text}");
    }
    let text = "The token super is not allowed";
    assert_eq!(secrets.told([text]), text);
}

/// Origin: a bucket listed a name with the credentials of the request in it.
#[test]
fn a_name_with_a_secret_is_not_told() {
    let options = credentials(&["access_key_id", "secret_access_key"]);
    let secrets = Secrets::of(ServiceKind::S3, &options);
    for name in [
        "main",
        "pr/17",
        "v1/index/~main/0000019abcdef012-0123456789abcdef",
        "a (1).txt",
    ] {
        assert!(secrets.may_name(name), "{name}");
    }
    for name in [
        SECRET,
        "v1/index/main/user-4711/0000019abcdef012-0123456789abcdef",
        "~user-4711",
        "v1/Authorization: AWS4 abc",
        "v1/a%2db",
        "v1/&#x2d;",
        "v1/\u{1b}[2J",
    ] {
        assert!(!secrets.may_name(name), "{name}");
    }
}

#[test]
fn what_is_said_to_be_a_credential_is_not_told_though_nobody_knows_it() {
    let secrets = Secrets::default();
    for text in [
        "Forbidden. Authorization: Bearer 4711 b\nHost: c",
        "X-Amz-Security-Token: 4711",
        "x-amz-content-sha256 : 4711",
        "/b?X-Amz-Signature=4711%2F/+&x=1",
        "{\"authorization\":\"Basic 4711\"}",
        "the Password: '4711'",
    ] {
        assert!(!secrets.told([text]).contains("4711"), "{text}");
    }
    for text in ["ExpiredToken: it has expired", "no key: look at it"] {
        assert_eq!(secrets.told([text]), text);
    }
}

/// Each service is asked for a value, and answers with the whole request.
#[tokio::test]
async fn a_service_that_repeats_the_request_does_not_get_its_credentials_told() {
    let forms = [
        "",
        "<html><head><title>",
        "<Error><Code>X</Code><Message>",
        "{\"code\": 1, \"message\": \"",
    ];
    for (before, status) in forms
        .into_iter()
        .flat_map(|form| [(form, 403), (form, 500)])
    {
        let port = test_server::start_with_bodies(move |asked| {
            let request = format!("{before}{} {}", asked.path, asked.headers);
            (status, String::new(), request.into_bytes())
        });
        for (address, names) in [
            (
                format!("s3://b?endpoint=http://127.0.0.1:{port}&region=x"),
                &["access_key_id", "secret_access_key", "session_token"][..],
            ),
            (
                format!("webdav+http://127.0.0.1:{port}/"),
                &["username", "password"],
            ),
            (format!("webdav+http://127.0.0.1:{port}/"), &["token"]),
            (
                format!("gs://b?endpoint=http://127.0.0.1:{port}"),
                &["token"],
            ),
        ] {
            let address = Address::parse(&address).unwrap();
            let mut options = credentials(names);
            for value in options.values_mut() {
                // A header has no other letters.
                *value = value.replace('"', "_");
            }
            let secrets = [SECRET.replace('"', "_"), USER.to_owned()];
            let service = Service::at(&address, &Credentials(options)).unwrap();
            let error = service.read("v1/a", 10).await.unwrap_err();
            let text = cachewarden_types::with_causes(&error).to_ascii_lowercase();
            let pair = format!("{}:{}", secrets[1], secrets[0]);
            for secret in [&secrets[0], &secrets[1], &STANDARD.encode(pair)] {
                let secret = secret.to_ascii_lowercase();
                assert!(!text.contains(&secret), "{address} {before}: {text}");
            }
            for name in ["signature=", "authorization: "] {
                assert!(!text.contains(name), "{address} {before}: {text}");
            }
        }
    }
}
