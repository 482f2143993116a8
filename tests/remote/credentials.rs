//! Credentials of tiers: they come from variables or a private file, and show nowhere.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;

use crate::support::*;

use super::{LITTLE, Tier, served_by};

/// Nobody listens at this port of TCP, which is for discarding.
const DEAD: &str = "s3://bucket?endpoint=http://127.0.0.1:9&region=any";

const SECRET: &str = "very-secret-4711";

const ID: &str = "CACHEWARDEN_S3_ACCESS_KEY_ID";
const KEY: &str = "CACHEWARDEN_S3_SECRET_ACCESS_KEY";

/// The helper stops at once with this error.
#[track_caller]
fn is_refused(command: &mut Command, told: &[&str]) {
    let outcome = run_to_its_end(command).exited(2);
    for part in told {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
    assert!(!outcome.stderr.contains(SECRET), "{outcome:?}");
}

#[test]
fn a_credential_shows_nowhere() {
    let sandbox = Sandbox::new();
    let record = sandbox.path("record.jsonl");
    let options = [
        "-v",
        "--no-env",
        "--remote",
        DEAD,
        "--record",
        &text(record.clone()),
    ];
    let with_secrets = |arguments: &[&str]| {
        let mut command = sandbox.command(std::path::Path::new(PROGRAM));
        command
            .args(arguments)
            .args(["--dir", &text(sandbox.store())]);
        command.env(ID, "id").env(KEY, SECRET);
        command
    };
    let mut helper = Helper::start(with_secrets(&options));
    helper.put(&action("any"), b"any").kept();
    let told = helper.close();
    assert!(!told.contains(SECRET), "{told}");
    let recorded = fs::read_to_string(&record).expect("a recording");
    assert!(!recorded.contains(SECRET), "{recorded}");
    sandbox.settle();
    for arguments in [
        &["doctor", "--remote", DEAD][..],
        &["stats", "--remote", DEAD],
        &["flush", "--remote", DEAD],
    ] {
        let outcome = run_to_its_end(&mut with_secrets(arguments));
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains(SECRET), "{all}");
    }
    for path in files_below(&sandbox.store()) {
        let content = fs::read(&path).expect("a file of the store");
        let has_it = content
            .windows(SECRET.len())
            .any(|part| part == SECRET.as_bytes());
        assert!(!has_it, "{}", path.display());
    }
}

/// Answers a request with 403 and the request itself, as a debugging proxy does.
fn answer_with_the_request(mut client: TcpStream) {
    let request = BufReader::new(client.try_clone().expect("its other end"));
    let lines = request.lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let body = format!("Forbidden. Your request:\n{}", head.join("\n"));
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    // The client may be gone.
    let _ = client.write_all(answer.as_bytes());
}

#[test]
fn what_a_service_repeats_of_a_request_shows_nowhere() {
    // Base64 of `u:very-secret-4711`.
    const PAIR: &str = "dTp2ZXJ5LXNlY3JldC00NzEx";
    let socket = served_by(answer_with_the_request);
    for (url, variables) in [
        (
            format!("s3://bucket?endpoint=http://{socket}&region=any"),
            vec![
                (ID, "AKIA4711"),
                (KEY, SECRET),
                ("CACHEWARDEN_S3_SESSION_TOKEN", SECRET),
            ],
        ),
        (
            format!("webdav+http://{socket}/x"),
            vec![("CACHEWARDEN_WEBDAV_TOKEN", SECRET)],
        ),
        (
            format!("webdav+http://{socket}/x"),
            vec![
                ("CACHEWARDEN_WEBDAV_USERNAME", "u"),
                ("CACHEWARDEN_WEBDAV_PASSWORD", SECRET),
            ],
        ),
    ] {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name, value.into()));
        let tier = Tier {
            url: url.clone(),
            variables: variables.collect(),
        };
        let machine = tier.machine();
        let built = machine.project_of(RUNES, "").go(&LITTLE).succeeded();
        assert!(built.stderr.contains("HTTP status 403"), "{built:?}");
        machine.sandbox.settle();
        let flushed = machine.flush().exited(3);
        let doctor = machine.sandbox.run(&["doctor", "--remote", &url]);
        let stats = machine.sandbox.run(&["stats", "--remote", &url]);
        let mut all = [built, flushed, doctor, stats]
            .map(|said| format!("{said:?}"))
            .to_vec();
        for path in files_below(&machine.sandbox.store()) {
            let content = fs::read(&path).expect("a file of the store");
            all.push(String::from_utf8_lossy(&content).into_owned());
        }
        for text in all {
            let lower = text.to_ascii_lowercase();
            for secret in [SECRET, PAIR, "AKIA4711", "signature=", "authorization:"] {
                let has_it = lower.contains(&secret.to_ascii_lowercase());
                assert!(!has_it, "{url}: {secret}: {text}");
            }
        }
    }
}

#[test]
fn an_address_that_is_refused_is_not_proposed() {
    let sandbox = Sandbox::new();
    for address in [
        format!("s3://u:{SECRET}@b/x"),
        format!("s3:///x?secret-access-key={SECRET}"),
        format!("file://host/x?password={SECRET}"),
        format!("s3://b/x?endpoint=//u:{SECRET}@127.0.0.1:1"),
    ] {
        let told = sandbox.run(&["doctor", "--remote", &address]).exited(1);
        assert!(told.stdout.contains("CW0710"), "{told:?}");
        assert!(!format!("{told:?}").contains(SECRET), "{told:?}");
        is_refused(
            &mut sandbox.cachewarden(&["--remote", &address]),
            &["CW0710"],
        );
    }
}

#[test]
fn a_variable_of_a_credential_is_known_and_a_mistyped_one_is_not() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.cachewarden(&[]);
    command.env(ID, "id").env(KEY, SECRET);
    // As in a job that may not know it.
    command.env("CACHEWARDEN_GS_TOKEN", "");
    assert_eq!(Helper::start(command).close(), "");
    let mut command = sandbox.cachewarden(&[]);
    let command = command.env("CACHEWARDEN_S3_SECRET_KEY", SECRET);
    is_refused(command, &["CW0402", "CACHEWARDEN_S3_SECRET_KEY", KEY]);
}

/// Origin: a library that reads all variables panicked, and the text had the value.
#[test]
fn a_variable_that_is_not_utf8_is_named_without_its_value() {
    let sandbox = Sandbox::new();
    let value = OsString::from_vec([SECRET.as_bytes(), b"\xff"].concat());
    let store = text(sandbox.store());
    let run = |variable: &str, tier: &str, arguments: &[&str]| {
        let mut command = sandbox.command(std::path::Path::new(PROGRAM));
        command.args(arguments).args(["--remote", tier]);
        command.env("AWS_ACCESS_KEY_ID", "id");
        command.env("AWS_SECRET_ACCESS_KEY", SECRET);
        command.env(variable, &value);
        run_to_its_end(&mut command)
    };
    let mut helper = sandbox.cachewarden(&["-v", "--remote", DEAD]);
    helper.env("FOO", &value);
    let mut helper = Helper::start(helper);
    helper.put(&action("any"), b"any").kept();
    helper.get(&action("other")).miss();
    let told = helper.close();
    assert!(told.contains("variable FOO is not valid UTF-8"), "{told}");
    assert!(!told.contains(SECRET) && !told.contains("CW0001"), "{told}");
    for tier in [DEAD, "gs://bucket", "azblob://c?account-name=name"] {
        for (variable, told) in [
            ("FOO", "variable FOO is not valid UTF-8"),
            (
                KEY,
                "variable CACHEWARDEN_S3_SECRET_ACCESS_KEY is not valid UTF-8",
            ),
        ] {
            for arguments in [
                &["doctor", "--dir", &store][..],
                &["remote", "ls"],
                &["flush", "--dir", &store],
            ] {
                let outcome = run(variable, tier, arguments);
                let all = format!("{}{}", outcome.stdout, outcome.stderr);
                assert!(!all.contains(SECRET) && !all.contains("CW0001"), "{all}");
                // Nothing waits for the others.
                if tier == DEAD || arguments[0] != "flush" || variable == KEY {
                    assert!(all.contains(told), "{tier} {arguments:?}: {all}");
                }
            }
        }
    }
}

/// Origin: HTTP_PROXY led the password of a tier on this machine to another one, in the clear.
#[test]
fn a_proxy_gets_nothing_in_the_clear_unless_the_address_allows_it() {
    let sandbox = Sandbox::new();
    for (tier, expected) in [
        ("webdav+http://127.0.0.1:9/", None),
        (
            "webdav+http://tier.invalid/?allow-http=true",
            Some(" http://tier.invalid/"),
        ),
        ("webdav+https://tier.invalid/", Some("CONNECT tier.invalid")),
    ] {
        let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", proxy.local_addr().expect("an address"));
        let (sender, asked) = channel();
        thread::spawn(move || {
            for stream in proxy.incoming().flatten() {
                let mut first = String::new();
                // Whatever it is, it is not answered.
                let _ = BufReader::new(stream).read_line(&mut first);
                if sender.send(first).is_err() {
                    break;
                }
            }
        });
        let mut command = sandbox.cachewarden(&["doctor", "--remote", tier]);
        command.env("CACHEWARDEN_WEBDAV_USERNAME", "user");
        command.env("CACHEWARDEN_WEBDAV_PASSWORD", SECRET);
        command.env("HTTP_PROXY", &address);
        command.env("HTTPS_PROXY", &address);
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        let outcome = run_to_its_end(&mut command);
        let asked: Vec<_> = asked.try_iter().collect();
        match expected {
            None => assert!(asked.is_empty(), "{asked:?}"),
            Some(begin) => {
                let is_asked = asked.iter().any(|line| line.contains(begin));
                assert!(is_asked, "{tier}: {asked:?}: {outcome:?}");
            }
        }
    }
}

#[test]
fn an_address_that_is_none_stops_the_helper() {
    let sandbox = Sandbox::new();
    let with_secret = format!("s3://id:{SECRET}@bucket");
    let with_query = format!("s3://bucket?secret-access-key={SECRET}");
    for (address, told) in [
        ("", "no URL"),
        ("bucket", "no URL"),
        ("s4://bucket", "`s4:`"),
        ("s3://bucket?mode=rw", "read, write or readwrite"),
        (&with_secret, "`ps` shows it"),
        (&with_query, KEY),
    ] {
        let mut command = sandbox.cachewarden(&["--remote", address]);
        is_refused(&mut command, &["CW0710", "--remote", told]);
    }
    let mut command = sandbox.cachewarden(&[]);
    let command = command.env("CACHEWARDEN_REMOTE", "file:///a\ns4://b,c\n");
    is_refused(
        command,
        &["CW0710", "s4", "the variable CACHEWARDEN_REMOTE"],
    );
    for (option, value) in [("--remote-budget", "0s"), ("--remote-level", "20")] {
        is_refused(
            &mut sandbox.cachewarden(&[option, value]),
            &["CW0401", option],
        );
    }
}

#[test]
fn a_file_of_credentials_is_private_and_has_nothing_else() {
    let sandbox = Sandbox::new();
    let good = format!("# of CI\n{ID}=id\n{KEY}={SECRET}\n");
    let options = |file: std::path::PathBuf| {
        ["--remote", DEAD, "--remote-credentials", &text(file)].map(str::to_owned)
    };
    let refused = |content: &str, mode: u32, told: &[&str]| {
        let file = sandbox.file("credentials", content);
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        let mut command = sandbox.cachewarden(&["flush"]);
        is_refused(command.args(options(file.clone())), told);
    };
    refused(&good, 0o644, &["CW0711", "by other users", "chmod 600"]);
    refused(&good, 0o640, &["CW0711"]);
    refused(&good, 0o602, &["CW0711"]);
    refused(SECRET, 0o600, &["CW0711", "credentials:1", "NAME=VALUE"]);
    refused(
        &format!("\nHOME={SECRET}"),
        0o600,
        &["CW0711", "credentials:2"],
    );
    let file = sandbox.file("credentials", &good);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    sandbox.fill(&[], &[action("any")], b"any");
    let mut command = sandbox.cachewarden(&["flush"]);
    run_to_its_end(command.args(options(file.clone()))).succeeded();
    let mut command = sandbox.cachewarden(&["--remote", DEAD, "--remote-credentials", "c"]);
    is_refused(&mut command, &["CW0408", "--remote-credentials"]);
}
