//! A daemon with a remote tier: what its jobs put another daemon's jobs find, and no job has its
//! credentials.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::world::*;
use crate::support::*;

const SECRET: &str = "very-secret-4711";

/// A daemon whose tier is a folder, and a file of credentials.
fn daemon_with(bucket: &Path) -> World {
    let mut world = World::without_daemon();
    let credentials = world.sandbox.file(
        "credentials",
        format!("CACHEWARDEN_S3_SECRET_ACCESS_KEY={SECRET}\n"),
    );
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).expect("its mode");
    world.configure(&format!(
        r#"
[[remote]]
url = "file://{}"
credentials = "{}"
[[tenant]]
name = "main"
match = {{ "peer.uid" = "{MAIN}" }}
write = ["main"]
read = ["main"]
"#,
        bucket.display(),
        credentials.display()
    ));
    world.start();
    world.check_out(MAIN, GREETING);
    world
}

#[track_caller]
fn build(world: &World) -> Outcome {
    world.go(MAIN, "-v", &["build", "./..."]).succeeded()
}

#[test]
fn jobs_of_two_daemons_share_a_tier_whose_credentials_no_job_can_read() {
    if !is_root() {
        return;
    }
    let shared = Sandbox::new();
    let bucket = shared.folder("bucket");
    let first = daemon_with(&bucket);
    let built = build(&first);
    let cold = Totals::of(&built.stderr);
    assert_eq!(cold.hits, 0);
    let waits = || !files_below(&first.store().join("outbox")).is_empty();
    soon(|| !files_below(&bucket).is_empty() && !waits());

    let second = daemon_with(&bucket);
    let read = build(&second);
    let totals = Totals::of(&read.stderr);
    assert!(totals.hits > totals.gets / 2, "{read:?}");

    // A job can neither read them nor is told of them.
    let credentials = second.sandbox.path("credentials");
    let mut cat = second.command_as(MAIN, Path::new("cat"));
    let denied = run_to_its_end(cat.arg(credentials)).exited(1);
    assert!(denied.stderr.contains("Permission denied"), "{denied:?}");
    for told in [&built.stderr, &read.stderr, &second.log()] {
        assert!(!told.contains(SECRET), "{told}");
    }
}
