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
fn a_secret_is_hidden_in_each_form() {
    let options = credentials(&["username", "password", "token"]);
    let secrets = Secrets::of(ServiceKind::Webdav, &options);
    let pair = STANDARD.encode(format!("{USER}:{SECRET}"));
    let percent = utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string();
    let all = [
        SECRET.to_owned(),
        SECRET.to_ascii_uppercase(),
        USER.to_owned(),
        STANDARD.encode(SECRET),
        URL_SAFE.encode(SECRET),
        pair.clone(),
        pair.to_ascii_lowercase(),
        utf8_percent_encode(&pair, NON_ALPHANUMERIC).to_string(),
        percent.to_ascii_lowercase(),
        percent,
        of_html(SECRET),
        serde_json::to_string(SECRET)
            .unwrap()
            .trim_matches('"')
            .to_owned(),
    ];
    for form in all {
        let told = secrets.in_words(&format!("[{form}] x{form}y is wrong"));
        // What fills the last letters of base64 says nothing.
        let told = told.replace('=', "").replace("%3D", "");
        assert_eq!(told, "[***] x***y is wrong", "{form}");
    }
}

#[test]
fn a_short_secret_is_hidden_as_a_word_and_others_are_left() {
    let options = BTreeMap::from([("access_key_id".to_owned(), "id".to_owned())]);
    let secrets = Secrets::of(ServiceKind::S3, &options);
    let told = secrets.in_words("the id ID, \"id\" is invalid");
    assert_eq!(told, "the *** ***, \"***\" is invalid");
}

#[test]
fn what_is_said_to_be_a_credential_is_hidden_though_nobody_knows_it() {
    let secrets = Secrets::default();
    for (text, expected) in [
        (
            "Forbidden. Authorization: Bearer a b\nHost: c",
            "Forbidden. Authorization: ***",
        ),
        ("X-Amz-Security-Token: a", "X-Amz-Security-Token: ***"),
        ("x-amz-content-sha256 : a", "x-amz-content-sha256 : ***"),
        (
            "/b?X-Amz-Signature=a%2F/+&x=1",
            "/b?X-Amz-Signature=***&x=1",
        ),
        (
            "/b?sv=1&sig=a&X-Amz-Credential=b c",
            "/b?sv=1&sig=***&X-Amz-Credential=*** c",
        ),
        (r#"{"authorization":"Basic a"}"#, r#"{"authorization":"***"#),
        (
            "ExpiredToken: it has expired",
            "ExpiredToken: it has expired",
        ),
        ("no key: look, a=b", "no key: look, a=b"),
    ] {
        assert_eq!(secrets.in_words(text), expected);
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
                let parts = text.split(name).skip(1);
                for part in parts {
                    assert!(part.starts_with("***"), "{address} {before}: {text}");
                }
            }
        }
    }
}
