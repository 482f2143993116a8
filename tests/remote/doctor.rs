//! `doctor` says of each remote tier whether it can be read and written, and if not, the next step.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::*;

use super::{Bucket, LITTLE, Machine};

/// What the doctor says of a tier: the line, and the next step where there is one.
#[track_caller]
fn told_of(sandbox: &Sandbox, url: &str) -> String {
    let mut command = sandbox.cachewarden(&["doctor", "--remote", url]);
    let told = run_to_its_end(&mut command).stdout;
    let mut lines = told
        .lines()
        .skip_while(|line| !line.contains(" remote tier: "));
    let first = lines.next().unwrap_or_else(|| panic!("no tier: {told}"));
    assert!(first.contains(url), "{told}");
    let more = lines.take_while(|line| line.starts_with(' ') || line.contains(" remote tier: "));
    let more: Vec<_> = more.collect();
    format!("{first}\n{}", more.join("\n"))
}

#[track_caller]
fn has(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_tier_that_works_is_told_with_the_time_of_an_answer_and_is_left_as_it_was() {
    let bucket = Bucket::new();
    let told = told_of(&bucket.sandbox, &bucket.url());
    let works = ["ok     remote tier: ", "can be read and written", " ms"];
    has(&told, &works);
    has(&told, &["note   remote tier: nothing was sent to it yet"]);
    assert!(bucket.files("").is_empty(), "{:?}", bucket.files(""));
    let read = format!("{}?mode=read", bucket.url());
    has(
        &told_of(&bucket.sandbox, &read),
        &["ok     remote tier: ", "it is not written"],
    );
}

/// Origin: a reader who asked about a bucket before any build used it, and got exit status 1 for a
/// tier that works.
#[test]
fn the_status_is_that_of_the_tier_where_a_tier_is_asked_about() {
    let bucket = Bucket::new();
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let doctor = |url: &str| {
        let mut command = project.command(Path::new(PROGRAM));
        command.args(["doctor", "--remote", url]);
        run_to_its_end(command.env("GOCACHEPROG", ""))
    };
    let told = doctor(&bucket.url()).exited(0).stdout;
    has(
        &told,
        &[
            "ok     remote tier: ",
            "note   GOCACHEPROG: not set",
            &format!(
                "export GOCACHEPROG=\"'{PROGRAM}' --no-env --remote {}",
                bucket.url()
            ),
        ],
    );
    let told = doctor(&format!("{}/missing", bucket.url()))
        .exited(1)
        .stdout;
    has(&told, &["wrong  remote tier: "]);
}

#[test]
fn a_tier_that_cannot_be_used_is_told_with_the_next_step() {
    let mut bucket = Bucket::new();
    let url = bucket.url();
    let marker = bucket.folder().join("cachewarden-format");
    fs::write(&marker, "cachewarden remote format 9\n").expect("a marker");
    let told = told_of(&bucket.sandbox, &url);
    has(&told, &["wrong  remote tier: ", "format 9", "-> update"]);
    fs::write(&marker, "mine").expect("a marker");
    let told = told_of(&bucket.sandbox, &url);
    has(&told, &["not from cachewarden", "-> choose another prefix"]);
    fs::remove_file(&marker).expect("the marker");

    bucket.sandbox.drop_privileges();
    let set_mode = |mode: u32| {
        fs::set_permissions(bucket.folder(), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    set_mode(0o555);
    let told = told_of(&bucket.sandbox, &url);
    let unwritable = [
        "can be read, and cannot be written",
        "may write it",
        "mode=read",
    ];
    has(&told, &unwritable);
    set_mode(0o000);
    let told = told_of(&bucket.sandbox, &url);
    has(
        &told,
        &["wrong  remote tier: ", "cannot be read", "may read it"],
    );
    set_mode(0o555);
    let missing = format!("{url}/missing");
    let told = told_of(&bucket.sandbox, &missing);
    has(&told, &["wrong  remote tier: ", "the folder"]);
    set_mode(0o755);
}

/// Origin: a tier in packs was used with `layout=single`, and no build found anything in it.
#[test]
fn another_layout_is_told_by_the_doctor_and_the_upload() {
    for (first, second) in [("", "layout=single"), ("?layout=single", "layout=packs")] {
        let bucket = Bucket::filled(first);
        let url = format!("file://{}?{second}", bucket.folder().display());
        let found = match first {
            "" => "layout=packs",
            _ => "layout=single",
        };
        let told = told_of(&bucket.sandbox, &url);
        has(
            &told,
            &["wrong  remote tier: ", "no build finds any", found],
        );
        let files = bucket.files("");
        let machine = Machine::with(url);
        machine.project_of(RUNES, "").go(&LITTLE).succeeded();
        let told = machine.flush().exited(3).stderr;
        has(&told, &["CW0712", found]);
        assert_eq!(bucket.files(""), files);
    }
}

#[test]
fn a_service_that_is_not_there_is_told_with_the_next_step() {
    let sandbox = Sandbox::new();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its number").port()
    };
    let url = format!("s3://bucket?endpoint=http://127.0.0.1:{port}&region=any");
    let mut command = sandbox.cachewarden(&["doctor", "--remote", &url]);
    command.envs([
        ("CACHEWARDEN_S3_ACCESS_KEY_ID", "id"),
        ("CACHEWARDEN_S3_SECRET_ACCESS_KEY", "very-secret"),
    ]);
    let told = run_to_its_end(&mut command).exited(1).stdout;
    has(
        &told,
        &["wrong  remote tier: ", "see that the service runs"],
    );
    assert!(!told.contains("very-secret"), "{told}");
    let plain = "s3://bucket?endpoint=http://example.com";
    let told = sandbox.run(&["doctor", "--remote", plain]).exited(1).stdout;
    has(
        &told,
        &["wrong  remote tier: ", "CW0710", "allow-http=true"],
    );
}

#[test]
fn a_key_variable_that_is_empty_is_named() {
    let sandbox = Sandbox::new();
    let url = "s3://bucket?endpoint=http://127.0.0.1:1&region=any&disable-config-load=true&disable-ec2-metadata=true";
    let mut command = sandbox.cachewarden(&["doctor", "--remote", url]);
    command.envs([
        ("CACHEWARDEN_S3_ACCESS_KEY_ID", "id"),
        ("CACHEWARDEN_S3_SECRET_ACCESS_KEY", ""),
    ]);
    let told = run_to_its_end(&mut command).exited(1).stdout;
    has(
        &told,
        &[
            "wrong  remote tier: ",
            "no credential was found: CACHEWARDEN_S3_SECRET_ACCESS_KEY is empty or not set",
            "-> give credentials that may read",
        ],
    );
    assert!(!told.contains("the service does not allow it"), "{told}");
}
