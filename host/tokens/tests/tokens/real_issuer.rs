//! An issuer that is not ours: oauth2-mock-server, on Node. `cargo xtask issuer` installs it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cachewarden_tokens::{Now, TokenError, Verifier};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::signing::{AUDIENCE, message, seconds};
use crate::{UID, later, verifier};

/// A running issuer.
struct Issuer {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The claim `iss`.
    url: String,
    port: u64,
}

impl Issuer {
    /// Starts it with one key, over HTTPS with these files of a key and a certificate.
    fn start(algorithm: &str, tls: &[PathBuf]) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let tools = target.join("tools/issuer");
        assert!(
            tools.join("node_modules").exists(),
            "there is no issuer in {}: run `cargo xtask issuer`",
            tools.display()
        );
        let mut child = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/issuer.mjs"))
            .arg(tools)
            .args(tls)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut issuer = Self {
            child,
            commands,
            answers,
            url: String::new(),
            port: 0,
        };
        issuer.rotate(algorithm, "first");
        issuer
    }

    fn ask(&mut self, command: Value) -> Value {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Throws all keys away, and makes a new one.
    fn rotate(&mut self, algorithm: &str, kid: &str) {
        let answer = self.ask(json!({"do": "start", "algorithm": algorithm, "kid": kid}));
        self.url = answer["url"].as_str().unwrap().into();
        self.port = answer["port"].as_u64().unwrap();
    }

    /// A token with these changes of its claims; `null` leaves one out.
    fn token(&mut self, kid: &str, mut changes: Value) -> String {
        for (name, value) in [("aud", AUDIENCE), ("sub", "job-1")] {
            if changes.get(name).is_none() {
                changes[name] = value.into();
            }
        }
        let answer = self.ask(json!({"do": "token", "kid": kid, "claims": changes}));
        answer["token"].as_str().unwrap().into()
    }

    fn verifier(&self, algorithms: &str) -> Verifier {
        let scheme = self.url.split("://").next().unwrap();
        verifier(&format!(
            "[[issuer]]\nname = 'real'\nissuer = '{}'\naudiences = ['{AUDIENCE}']\n\
             algorithms = [{algorithms}]\njwks-url = '{scheme}://localhost:{}/jwks'\n\
             labels = {{ repository-id = 'repository_id' }}\n",
            self.url, self.port
        ))
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.child.wait();
    }
}

#[test]
fn right_tokens_of_each_algorithm_become_labels() {
    let mut issuer = Issuer::start("RS256", &[]);
    let all = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ];
    for algorithm in all {
        issuer.ask(json!({"do": "key", "algorithm": algorithm, "kid": algorithm}));
    }
    let pinned = all.map(|algorithm| format!("'{algorithm}'")).join(", ");
    let verifier = issuer.verifier(&pinned);
    for algorithm in all {
        let token = issuer.token(algorithm, json!({"repository_id": "74"}));
        let verified = verifier.verify(&token, UID, Now::read()).unwrap();
        let labels = [("repository-id".to_owned(), "74".to_owned())];
        assert_eq!(verified.labels, labels, "{algorithm}");
        assert_eq!(verified.subject, "job-1");
    }
}

#[test]
fn wrong_tokens_are_refused() {
    let mut issuer = Issuer::start("RS256", &[]);
    let verifier = issuer.verifier("'RS256'");
    let now = seconds();
    for (changes, expected) in [
        (json!({"exp": now - 90}), "the token expired 1m "),
        (json!({"exp": null}), "no `exp`"),
        (json!({"iat": null}), "no `iat`"),
        (json!({"nbf": now + 600}), "`nbf` is"),
        (json!({"iat": now + 600}), "`iat` is"),
        (json!({"iat": now - 7200, "exp": now + 60}), "(`max-age`)"),
        (
            json!({"aud": "sts.amazonaws.com"}),
            "audience is `sts.amazonaws.com`",
        ),
        (json!({"aud": null}), "audience is missing"),
        (
            json!({"iss": "https://evil.example.com"}),
            "issuer is `https://evil.example.com`",
        ),
        (json!({"sub": null}), "no `sub`"),
        (json!({"repository_id": ["74"]}), "claim `repository_id`"),
    ] {
        let token = issuer.token("first", changes.clone());
        let error = verifier.verify(&token, UID, Now::read()).unwrap_err();
        assert!(error.to_string().contains(expected), "{changes}: {error}");
    }
}

#[test]
fn a_token_that_is_not_signed_with_the_private_key_is_refused() {
    let mut issuer = Issuer::start("RS256", &[]);
    let verifier = issuer.verifier("'RS256'");
    let token = issuer.token("first", json!({}));
    verifier.verify(&token, UID, Now::read()).unwrap();
    let mut parts = token.split('.');
    let [header, claims] = [parts.next(), parts.next()]
        .map(|part| URL_SAFE_NO_PAD.decode(part.unwrap()).unwrap())
        .map(|part| String::from_utf8(part).unwrap());
    let with = |algorithm: &str| message(&header.replace("RS256", algorithm), &claims);
    let verify = |token: &str| verifier.verify(token, UID, Now::read()).unwrap_err();
    // Not signed.
    let error = verify(&format!("{}.", with("none")));
    assert!(error.to_string().contains("`none`"), "{error}");
    assert_eq!(
        verify(&format!("{}.", with("RS256"))),
        TokenError::Signature
    );
    // Signed with the public key as a shared secret.
    let url = format!("http://127.0.0.1:{}/jwks", issuer.port);
    let client: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let mut keys = client.get(url).call().unwrap();
    let keys: Value = serde_json::from_str(&keys.body_mut().read_to_string().unwrap()).unwrap();
    let modulus = keys["keys"][0]["n"].as_str().unwrap();
    let secret = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(modulus).unwrap()).unwrap();
    for algorithm in ["HS256", "RS256"] {
        let message = with(algorithm);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
        let error = verify(&format!("{message}.{signature}"));
        match algorithm {
            "HS256" => assert!(error.to_string().contains("`HS256`"), "{error}"),
            _ => assert_eq!(error, TokenError::Signature),
        }
    }
}

#[test]
fn a_key_that_was_rotated_away_counts_no_more() {
    let mut issuer = Issuer::start("RS256", &[]);
    let verifier = issuer.verifier("'RS256'");
    let now = Now::read();
    let old = issuer.token("first", json!({}));
    verifier.verify(&old, UID, now).unwrap();
    issuer.rotate("RS256", "second");
    let new = issuer.token("second", json!({}));
    let error = verifier.verify(&new, UID, now).unwrap_err();
    assert!(error.to_string().contains("in 1m"), "{error}");
    let now = later(now, 60);
    verifier.verify(&new, UID, now).unwrap();
    let error = verifier.verify(&old, UID, now).unwrap_err();
    assert!(
        error.to_string().contains("key `first` is not among"),
        "{error}"
    );
}

#[test]
fn a_token_that_another_user_has_presented_is_refused() {
    let mut issuer = Issuer::start("ES256", &[]);
    let verifier = issuer.verifier("'ES256'");
    let token = issuer.token("first", json!({}));
    verifier.verify(&token, 1000, Now::read()).unwrap();
    let error = verifier.verify(&token, 1001, Now::read());
    assert_eq!(error, Err(TokenError::OtherUser));
}

/// The variable by which the test below starts itself: another process has other trusted
/// certificates.
const URL: &str = "CACHEWARDEN_TEST_ISSUER";

#[test]
fn keys_over_https_need_a_certificate_that_the_machine_trusts() {
    if let Ok(url) = std::env::var(URL) {
        let verifier = verifier(&format!(
            "[[issuer]]\nname = 'real'\nissuer = 'x'\naudiences = ['{AUDIENCE}']\n\
             algorithms = ['RS256']\njwks-url = '{url}'\n"
        ));
        assert_eq!(verifier.load_keys(Now::read()), []);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let [key, certificate] = ["key.pem", "certificate.pem"].map(|name| folder.path().join(name));
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    let issuer = Issuer::start("RS256", &[key, certificate.clone()]);
    assert!(issuer.url.starts_with("https://"), "{}", issuer.url);
    let mut again = Command::new(std::env::current_exe().unwrap());
    let name = "real_issuer::keys_over_https_need_a_certificate_that_the_machine_trusts";
    again
        .args(["--exact", name, "--nocapture"])
        .env(URL, format!("{}/jwks", issuer.url))
        .env_remove("SSL_CERT_DIR")
        .env_remove("SSL_CERT_FILE");
    let untrusted = again.output().unwrap();
    let text = String::from_utf8_lossy(&untrusted.stderr);
    assert!(!untrusted.status.success());
    assert!(text.contains("certificate"), "{text}");
    let trusted = again.env("SSL_CERT_FILE", certificate).output().unwrap();
    let text = String::from_utf8_lossy(&trusted.stderr);
    assert!(trusted.status.success(), "{text}");
}
