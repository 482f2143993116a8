//! `cachewarden remote ls|verify|prune`: what is in a tier, whether it is whole, and what is old goes.

use std::fs;

use crate::support::*;

use super::{Bucket, LITTLE, Machine, remote_hits};

#[track_caller]
fn remote(bucket: &Bucket, words: &[&str]) -> Outcome {
    let url = bucket.url();
    let words: Vec<_> = ["remote"].iter().chain(words).copied().collect();
    let words: Vec<_> = words.into_iter().chain(["--remote", &url]).collect();
    bucket.sandbox.run(&words)
}

/// A bucket from which all was removed is filled by the next build, and the one after it finds that.
#[track_caller]
fn check_that_builds_go_on(bucket: &Bucket) {
    let machine = Machine::with(bucket.url());
    let built = machine.project_of(RUNES, "").go(&LITTLE).succeeded();
    assert_eq!(remote_hits(&built.stderr), 0, "{built:?}");
    machine.flush().succeeded();
    let other = Machine::with(bucket.url());
    let built = other.project_of(RUNES, "").go(&LITTLE).succeeded();
    assert!(remote_hits(&built.stderr) > 0, "{built:?}");
}

#[test]
fn packs_are_listed_hashed_and_removed_and_builds_go_on() {
    let bucket = Bucket::filled("");
    let listed = remote(&bucket, &["ls"]).succeeded().stdout;
    let line = listed.lines().find(|line| line.starts_with("  default: "));
    let count: u64 = line
        .and_then(|line| line.split(' ').nth(3)?.parse().ok())
        .expect("a count");
    assert!(
        count > 3 && listed.contains("(index): 2 values"),
        "{listed}"
    );
    let whole = remote(&bucket, &["verify"]).succeeded().stdout;
    let checked = format!("Checked {count} entries and ");
    assert!(
        whole.contains(&checked) && whole.contains("nothing is damaged"),
        "{whole}"
    );
    let pack = bucket.files("/v1/packs/").remove(0);
    let bytes = fs::read(&pack).expect("a pack");
    fs::write(&pack, &bytes[..bytes.len() - 1]).expect("a damaged pack");
    let damaged = remote(&bucket, &["verify"]).exited(1).stdout;
    let key = pack.strip_prefix(bucket.folder()).expect("its folder");
    assert!(
        damaged.contains(&format!("{}: ", key.display())),
        "{damaged}"
    );
    let segment = bucket.files("/v1/index/").remove(0);
    let bytes = fs::read(&segment).expect("a segment");
    fs::write(&segment, &bytes[..bytes.len() - 1]).expect("a damaged segment");
    let pruned = remote(&bucket, &["prune", "--older-than", "1h"]).exited(1);
    let key = segment.strip_prefix(bucket.folder()).expect("its folder");
    let named = format!("{}: ", key.display());
    for part in [named.as_str(), "1 part of the index is damaged"] {
        assert!(pruned.stdout.contains(part), "{part}: {pruned:?}");
    }
    fs::write(&segment, &bytes).expect("a whole segment");
    let pruned = remote(&bucket, &["prune", "--older-than", "0s"]).succeeded();
    assert!(
        pruned.stdout.contains(&format!("Removed {count} entries")),
        "{pruned:?}"
    );
    for part in ["/v1/packs/", "/v1/index/", "/v1/wanted/"] {
        assert!(bucket.files(part).is_empty(), "{part}");
    }
    check_that_builds_go_on(&bucket);
}

#[test]
fn a_tier_is_listed_and_hashed_and_what_is_damaged_is_named() {
    let bucket = Bucket::filled("?layout=single");
    let listed = remote(&bucket, &["ls"]).succeeded().stdout;
    let entries = bucket.files("/v1/entries/default/").len();
    let objects = bucket.files("/v1/objects/");
    let count = format!("  default: {entries} entries, ");
    assert!(listed.contains(&count), "{listed}");
    let count = format!(": {} object", objects.len());
    assert!(listed.contains(&count), "{listed}");
    let whole = remote(&bucket, &["verify"]).succeeded().stdout;
    assert!(whole.contains("nothing is damaged"), "{whole}");
    assert_eq!(whole.lines().count(), 1, "{whole}");
    let object = &objects[0];
    let mut bytes = fs::read(object).expect("an object");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(object, bytes).expect("a damaged object");
    let damaged = remote(&bucket, &["verify"]).exited(1).stdout;
    let key = object.strip_prefix(bucket.folder()).expect("its folder");
    let line = format!("{}: ", key.display());
    assert!(damaged.contains(&line), "{damaged}");
}

#[test]
fn what_is_old_is_removed_and_builds_go_on() {
    let bucket = Bucket::filled("?layout=single");
    let all = bucket.files("");
    let kept = remote(&bucket, &["prune", "--older-than", "1h"]).succeeded();
    assert!(
        kept.stdout.contains("Removed 0 entries and 0 objects"),
        "{kept:?}"
    );
    let would = remote(&bucket, &["prune", "--older-than", "0s", "--dry-run"]).succeeded();
    let entries = bucket.files("/v1/entries/").len();
    let count = format!("Would remove {entries} entries and 0 objects");
    assert!(would.stdout.contains(&count), "{would:?}");
    assert_eq!(bucket.files(""), all);
    let mut command = bucket
        .sandbox
        .cachewarden(&["remote", "prune", "--max-size", "1B"]);
    let read_only = format!("cachewarden --remote '{}&mode=read'", bucket.url());
    let read_only = run_to_its_end(command.env("GOCACHEPROG", read_only)).succeeded();
    assert!(read_only.stdout.contains("only read"), "{read_only:?}");
    assert_eq!(bucket.files(""), all);

    let pruned = remote(&bucket, &["prune", "--max-size", "1B"]).succeeded();
    assert!(
        pruned.stdout.contains(" that no entry names "),
        "{pruned:?}"
    );
    assert!(bucket.files("/v1/entries/").is_empty());
    assert!(!bucket.files("/v1/objects/").is_empty(), "they are young");
    check_that_builds_go_on(&bucket);
}

/// Origin: a reader who had mistyped a folder, and found an empty one of that name afterwards.
#[test]
fn a_folder_that_is_missing_is_said_and_not_made() {
    let bucket = Bucket::new();
    let folder = bucket.folder().join("mistyped");
    let url = format!("file://{}", folder.display());
    for verb in ["ls", "verify", "prune"] {
        let told = bucket.sandbox.run(&["remote", verb, "--remote", &url]);
        let told = told.exited(2).stderr;
        for part in ["CW0714", &url, "is not there", "correct the address"] {
            assert!(told.contains(part), "{verb}, {part}: {told}");
        }
    }
    let doctor = ["doctor", "--remote", &url];
    let told = bucket.sandbox.run(&doctor).exited(1).stdout;
    assert!(told.contains("wrong  remote tier: "), "{told}");
    assert!(told.contains("is not there"), "{told}");
    // A build that only reads says it too, and works.
    let reader = Machine::with(format!("{url}?mode=read"));
    let built = reader.project_of(RUNES, "").go(&LITTLE).succeeded();
    assert!(built.stderr.contains("CW0704"), "{built:?}");
    assert!(built.stderr.contains("is not there"), "{built:?}");
    assert!(!folder.exists());
    // Who writes makes it.
    let writer = Machine::with(&url);
    writer.project_of(RUNES, "").go(&LITTLE).succeeded();
    writer.flush().succeeded();
    assert!(folder.exists());
}

/// Origin: after a prune `ls` said that nothing is there, and perhaps the address is wrong, while all
/// packs were there.
#[test]
fn packs_that_no_entry_names_are_listed() {
    let bucket = Bucket::filled("");
    fs::remove_dir_all(bucket.folder().join("v1/index")).expect("an index");
    fs::remove_dir_all(bucket.folder().join("v1/wanted")).expect("what was asked for");
    let listed = remote(&bucket, &["ls"]).succeeded().stdout;
    let packs = bucket.files("/v1/packs/").len();
    let line =
        format!("(named by no entry; a prune removes those that are a day old): {packs} pack");
    assert!(listed.contains(&line), "{listed}");
    assert!(!listed.contains("another place"), "{listed}");
}

#[test]
fn an_empty_tier_is_said_to_be_empty() {
    let bucket = Bucket::new();
    let listed = remote(&bucket, &["ls"]).succeeded().stdout;
    let expected = format!("{}:\n  no entries are there; ", bucket.url());
    assert!(listed.starts_with(&expected), "{listed}");
}

#[test]
fn a_service_that_does_not_list_is_told_with_its_own_means() {
    let sandbox = Sandbox::new();
    for (url, means) in [
        ("redis://127.0.0.1:9", "maxmemory-policy"),
        ("memcached://127.0.0.1:9", "least used"),
    ] {
        for verb in ["ls", "verify", "prune"] {
            let told = sandbox.run(&["remote", verb, "--remote", url]).exited(2);
            let means = match verb {
                "prune" => means,
                // To let values go is no way to see them.
                _ => "the server's own tools",
            };
            let why = "the service cannot say what is there: it does not list its keys";
            for part in ["CW0713", url, why, means] {
                assert!(told.stderr.contains(part), "{part}: {told:?}");
            }
        }
    }
    let none = sandbox.run(&["remote", "ls"]).exited(2);
    assert!(none.stderr.contains("no remote tier is named"), "{none:?}");
    // One that fails keeps no other from it.
    let bucket = Bucket::new();
    let url = bucket.url();
    let both = [
        "remote",
        "ls",
        "--remote",
        "redis://127.0.0.1:9",
        "--remote",
        &url,
    ];
    let both = sandbox.run(&both).exited(2);
    assert!(both.stdout.contains(&url), "{both:?}");
}
