//! The cache of GitHub Actions, as a job has it: by variables of the process, so each test runs
//! itself again in a process that has them.

use std::process::Command;

use cachewarden_remote::{Address, Credentials, Layout, Service, ServiceError};
use cachewarden_servers::{GitHub, READER, WRITER, node};

use crate::support::{at, bytes};

/// The variable of a process that is such a job.
const JOB: &str = "CACHEWARDEN_TEST_JOB";

/// The service of this job; or, where this is none, `None` once the test has run in one.
fn in_a_job(test: &str, uploads: usize, token: &str) -> Option<Service> {
    if std::env::var_os(JOB).is_some() {
        return Some(at("ghac:", &Vec::new()));
    }
    succeeds(job(test).envs(GitHub::with_uploads(uploads).job(token)));
    None
}

/// This test in a process of its own.
fn job(test: &str) -> Command {
    let mut job = Command::new(std::env::current_exe().unwrap());
    job.args(["--exact", &format!("github::{test}"), "--nocapture"])
        .env(JOB, "1");
    job
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
}

#[tokio::test]
async fn a_value_is_there_once_it_was_written_and_stays() {
    let test = "a_value_is_there_once_it_was_written_and_stays";
    let Some(service) = in_a_job(test, 200, WRITER) else {
        return;
    };
    let large = bytes(20_000_000);
    for (key, value) in [("v1/small", &b"value"[..]), ("v1/large", &large)] {
        assert_eq!(service.read(key, u64::MAX).await.unwrap(), None, "{key}");
        assert!(!service.has(key).await.unwrap(), "{key}");
        service.write(key, value.to_vec()).await.unwrap();
        assert!(service.has(key).await.unwrap(), "{key}");
        assert!(service.read(key, u64::MAX).await.unwrap().unwrap() == value);
        // It is kept for ever, and another value is not taken.
        service.write(key, b"other".to_vec()).await.unwrap();
        assert!(service.read(key, u64::MAX).await.unwrap().unwrap() == value);
    }
    let error = service.read("v1/small", 4).await.unwrap_err();
    assert!(matches!(error, ServiceError::TooLarge { .. }), "{error:?}");
    assert!(!service.can_list() && !service.can_replace());
}

#[tokio::test]
async fn a_value_that_changes_is_read_as_it_was_written_last() {
    let test = "a_value_that_changes_is_read_as_it_was_written_last";
    let Some(service) = in_a_job(test, 3, WRITER) else {
        return;
    };
    let key = "v1/lists/main";
    let large = bytes(3_000_000);
    assert_eq!(service.read_latest(key, 10).await.unwrap(), None);
    for value in [&b"first"[..], &large] {
        service.write_latest(key, value.to_vec()).await.unwrap();
        let read = service.read_latest(key, 3_000_000).await.unwrap();
        assert!(read.as_deref() == Some(value));
    }
    let other = at("ghac:prefix", &Vec::new());
    assert_eq!(other.read_latest(key, 10).await.unwrap(), None);
    other.write_latest(key, b"other".to_vec()).await.unwrap();
    let read = other.read_latest(key, 10).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"other"[..]));
    let read = service.read_latest(key, 3_000_000).await.unwrap();
    assert!(read.as_ref() == Some(&large));
    // A key that begins like another one.
    for key in ["v1/lists/mai", "v1/lists/main-2"] {
        assert_eq!(service.read_latest(key, 10).await.unwrap(), None);
    }
    let error = service.read_latest(key, 2_999_999).await.unwrap_err();
    assert!(matches!(error, ServiceError::TooLarge { .. }), "{error:?}");
    let error = service.write_latest(key, b"x".to_vec()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Throttled(_)), "{error:?}");
}

#[tokio::test]
async fn too_many_uploads_are_throttled() {
    let Some(service) = in_a_job("too_many_uploads_are_throttled", 2, WRITER) else {
        return;
    };
    for key in ["v1/a", "v1/b"] {
        service.write(key, b"value".to_vec()).await.unwrap();
    }
    let error = service.write("v1/c", b"value".to_vec()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Throttled(_)), "{error:?}");
    let text = format!("{error:?}");
    assert!(text.contains("retry_after: Some(37s)"), "{text}");
    assert!(service.has("v1/b").await.unwrap());
}

#[tokio::test]
async fn a_job_that_may_only_read_is_denied_to_write() {
    let test = "a_job_that_may_only_read_is_denied_to_write";
    let Some(service) = in_a_job(test, 200, READER) else {
        return;
    };
    assert_eq!(service.read("v1/a", 10).await.unwrap(), None);
    assert_eq!(service.read_latest("v1/a", 10).await.unwrap(), None);
    let error = service.write("v1/a", b"value".to_vec()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Denied(_)), "{error:?}");
}

#[tokio::test]
async fn a_token_that_is_wrong_is_denied() {
    let Some(service) = in_a_job("a_token_that_is_wrong_is_denied", 200, "wrong") else {
        return;
    };
    for error in [
        service.read("v1/a", 10).await.unwrap_err(),
        service.read_latest("v1/a", 10).await.unwrap_err(),
        service.has("v1/a").await.unwrap_err(),
        service.write("v1/a", b"value".to_vec()).await.unwrap_err(),
    ] {
        assert!(matches!(error, ServiceError::Denied(_)), "{error:?}");
    }
}

/// Without this variable the library asks a service that GitHub has switched off, and takes its
/// answer for one that has nothing.
#[test]
fn a_job_without_the_version_of_the_service_is_told_so() {
    let test = "a_job_without_the_version_of_the_service_is_told_so";
    if std::env::var_os(JOB).is_some() {
        let address = Address::parse("ghac:").unwrap();
        let error = Service::at(&address, &Credentials::default()).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("ACTIONS_CACHE_SERVICE_V2"), "{text}");
        return;
    }
    let service = GitHub::with_uploads(200);
    succeeds(
        job(test)
            .envs(service.job(WRITER))
            .env_remove("ACTIONS_CACHE_SERVICE_V2")
            .env_remove("ACTIONS_CACHE_URL"),
    );
}

/// A server of GitHub Enterprise finds no value by the beginning of its key.
#[test]
fn the_first_version_of_the_service_has_an_entry_at_each_key() {
    let test = "the_first_version_of_the_service_has_an_entry_at_each_key";
    if std::env::var_os(JOB).is_some() {
        let at = |text: &str| {
            let address = Address::parse(text).unwrap();
            let service = Service::at(&address, &Credentials::default());
            (address.layout(), service)
        };
        let (layout, service) = at("ghac:");
        assert_eq!(layout, Layout::Single);
        service.unwrap();
        let text = format!("{:?}", at("ghac:?layout=packs").1.unwrap_err());
        assert!(text.contains("layout=single"), "{text}");
        return;
    }
    succeeds(
        job(test)
            .env("ACTIONS_CACHE_URL", "http://127.0.0.1:9/")
            .env("ACTIONS_RUNTIME_TOKEN", WRITER)
            .env("ACTIONS_CACHE_SERVICE_V2", "True")
            .env("GITHUB_SERVER_URL", "https://github.example.com"),
    );
}

#[test]
fn the_fake_serves_githubs_own_client_with_actions_cache() {
    let folder = tempfile::tempdir().unwrap();
    let service = GitHub::with_uploads(2);
    succeeds(
        node()
            .args(["--input-type=module", "-e", CLIENT])
            .current_dir(folder.path())
            .envs(service.job(WRITER))
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_WORKSPACE", folder.path())
            .env_remove("GITHUB_SERVER_URL"),
    );
}

/// Saves and restores as an action does.
const CLIENT: &str = include_str!("actions_cache.mjs");
