//! What the store does with files that are damaged, lost, swapped or from another boot, and how it
//! looks from outside.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::*;

/// Fills an action of the default scope; the paths of its entry and its object.
#[track_caller]
fn filled(sandbox: &Sandbox, name: &str, body: &[u8]) -> (Entry, std::path::PathBuf) {
    let mut helper = sandbox.helper(&[]);
    helper.put(&action(name), body).kept();
    assert_eq!(helper.close(), "");
    (
        entry(&sandbox.store(), "default", &action(name)),
        object_path(&sandbox.store(), &sha256(body)),
    )
}

#[test]
fn the_layout_is_as_documented() {
    let sandbox = Sandbox::new();
    let (entry, object) = filled(&sandbox, "layout", b"layout");
    assert_eq!(entry.object(&sandbox.store()), object);
    assert_eq!(entry.field("size"), "6");
    assert_eq!(entry.kind(), "other");
    assert!(!entry.names_its_action());
    assert_eq!(mode(&object), 0o444);
    assert_eq!(mode(&sandbox.store()), 0o700);
    let tag =
        fs::read_to_string(sandbox.store().join("CACHEDIR.TAG")).expect("a tag for backup tools");
    assert!(
        tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55"),
        "{tag}"
    );
    assert!(sandbox.store().join("VERSION").is_file());
}

#[test]
fn every_session_leaves_a_line() {
    let sandbox = Sandbox::new();
    for number in 1..=3 {
        asked(&sandbox, "nothing").miss();
        let sessions =
            fs::read_to_string(sandbox.store().join("sessions.jsonl")).expect("the sessions");
        let lines: Vec<serde_json::Value> = sessions
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect();
        assert_eq!(lines.len(), number);
        assert!(lines.iter().all(|line| line.is_object()), "{sessions}");
    }
}

#[test]
fn a_missing_or_resized_object_is_a_miss_and_a_put_heals_it() {
    let sandbox = Sandbox::new();
    let body = b"bytes that will be lost";
    let (_, object) = filled(&sandbox, "lost", body);
    let spoil: [&dyn Fn(); 3] = [
        &|| lose(&object),
        &|| overwrite(&object, b"bytes that will be lost, and more"),
        &|| overwrite(&object, b""),
    ];
    for spoil in spoil {
        spoil();
        asked(&sandbox, "lost").miss();
        filled(&sandbox, "lost", body);
        assert_eq!(asked(&sandbox, "lost").hit().bytes(), body);
        assert_eq!(mode(&object), 0o444);
    }
}

#[test]
fn a_put_compares_what_is_there_and_replaces_damage() {
    let sandbox = Sandbox::new();
    let body = b"package archive ".repeat(50_000);
    let (_, object) = filled(&sandbox, "large", &body);
    let whole = identity(&object);
    filled(&sandbox, "same bytes, another action", &body);
    assert_eq!(
        identity(&object),
        whole,
        "what is whole is left where it is"
    );

    damage(&object);
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action("a third"), &body).kept();
    assert_eq!(fs::read(path).expect("the object"), body);
    assert_eq!(
        helper.get(&action("large")).hit().bytes(),
        body,
        "healed for everyone"
    );
    helper.close();
    assert_eq!(fs::read(&object).expect("the object"), body);
}

#[test]
fn bytes_are_hashed_again_after_a_boot() {
    let sandbox = Sandbox::new();
    let (mut entry, object) = filled(&sandbox, "boot", b"whole");
    let boot = entry.field("boot").to_owned();
    entry.rewrite("boot", "0123456789abcdef");
    assert_eq!(asked(&sandbox, "boot").hit().bytes(), b"whole");
    let seen = crate::support::entry(&sandbox.store(), "default", &action("boot"));
    assert_eq!(seen.field("boot"), boot, "hashed once, not at every get");
    assert_eq!(seen.field("put-time"), entry.field("put-time"));

    entry.rewrite("boot", "0123456789abcdef");
    damage(&object);
    asked(&sandbox, "boot").miss();
    assert!(object.exists(), "a get removes nothing");
    filled(&sandbox, "boot", b"whole");
    assert_eq!(asked(&sandbox, "boot").hit().bytes(), b"whole");
}

#[test]
fn a_restored_copy_of_the_store_serves() {
    let sandbox = Sandbox::new();
    let (mut entry, _) = filled(&sandbox, "copy", b"copied");
    entry.rewrite("boot", "0123456789abcdef");
    let copy = sandbox.path("copy");
    let copied = run_to_its_end(
        sandbox
            .command(Path::new("cp"))
            .args(["-r"])
            .arg(sandbox.store())
            .arg(&copy),
    );
    copied.succeeded();
    let mut helper = sandbox.helper(&["--dir", copy.to_str().expect("UTF-8")]);
    let hit = helper.get(&action("copy")).hit();
    assert_eq!(hit.bytes(), b"copied");
    assert!(hit.path.starts_with(&copy), "{hit:?}");
    helper.close();
}

#[test]
fn an_entry_that_is_damaged_is_a_miss() {
    let sandbox = Sandbox::new();
    let (entry, _) = filled(&sandbox, "entry", b"entry");
    let line = fs::read_to_string(&entry.path).expect("the entry");
    let output = entry.field("output");
    let damaged = [
        String::new(),
        "\n".to_owned(),
        "garbage".to_owned(),
        line[..line.len() / 2].to_owned(),
        line.replace("v2 ", "v9 "),
        line.replace(output, &output[..40]),
        line.replace(output, &format!("../../{}", &output[6..])),
        line.replace(" 5 ", " five "),
        "\0".repeat(line.len()),
    ];
    for content in damaged {
        overwrite(&entry.path, content.as_bytes());
        asked(&sandbox, "entry").miss();
    }
    overwrite(
        &entry.path,
        format!("{} later fields\n", line.trim_end()).as_bytes(),
    );
    assert_eq!(
        asked(&sandbox, "entry").hit().bytes(),
        b"entry",
        "later fields are ignored"
    );
}

#[test]
fn later_fields_are_kept_when_an_entry_is_rewritten() {
    let sandbox = Sandbox::new();
    let (mut entry, _) = filled(&sandbox, "later", b"later");
    entry.rewrite("boot", "0123456789abcdef a-field-of-a-later-version");
    asked(&sandbox, "later").hit();
    let line = fs::read_to_string(&entry.path).expect("the entry");
    assert!(
        line.trim_end().ends_with(" a-field-of-a-later-version")
            && !line.contains("0123456789abcdef"),
        "{line}"
    );
}

#[test]
fn entry_and_object_are_touched_each_by_its_own_time_at_most_once_an_hour() {
    let sandbox = Sandbox::new();
    let (entry, object) = filled(&sandbox, "touch", b"touch");
    let (young, old) = (Duration::from_secs(1800), 2 * HOUR);
    for (entry_age, object_age) in [(young, young), (old, young), (young, old), (old, old)] {
        let before = [
            sandbox.set_age(&entry.path, entry_age),
            sandbox.set_age(&object, object_age),
        ];
        asked(&sandbox, "touch").hit();
        let touched = [
            modified(&entry.path) > before[0],
            modified(&object) > before[1],
        ];
        assert_eq!(
            touched,
            [entry_age == old, object_age == old],
            "entry {entry_age:?}, object {object_age:?}"
        );
    }
}

#[test]
fn a_put_of_what_is_there_touches_it() {
    let sandbox = Sandbox::new();
    let (_, object) = filled(&sandbox, "first", b"the same");
    let before = sandbox.set_age(&object, 100 * HOUR);
    filled(&sandbox, "second", b"the same");
    assert!(
        modified(&object) > before,
        "or the trimmer would take it from the new entry"
    );
}

#[test]
fn a_path_begins_with_gocache_and_leads_to_the_store() {
    let sandbox = Sandbox::new();
    let gocache = sandbox.path("gocache");
    let mut command = sandbox.cachewarden(&[]);
    command.env("GOCACHE", &gocache);
    let mut helper = Helper::start(command);
    let path = helper.put(&action("moved"), b"moved").kept();
    let hit = helper.get(&action("moved")).hit();
    helper.close();
    for path in [path, hit.path] {
        let text = path.to_str().expect("UTF-8");
        assert!(
            text.starts_with(gocache.to_str().expect("UTF-8")),
            "cmd/go would move {text} away"
        );
        assert_eq!(
            identity(&path),
            identity(&object_path(&sandbox.store(), &sha256(b"moved")))
        );
    }
}

#[test]
fn a_newer_layout_is_refused_with_a_text_and_the_build_goes_on() {
    let sandbox = Sandbox::new();
    filled(&sandbox, "newer", b"newer");
    let version = sandbox.store().join("VERSION");
    let text = fs::read_to_string(&version).expect("the version");
    let newer = text.replacen(|character: char| character.is_ascii_digit(), "999", 1);
    assert_ne!(newer, text, "the version is a number");
    overwrite(&version, newer.as_bytes());
    sandbox.settle();
    let before = listing(&sandbox.store());

    let mut helper = sandbox.helper(&[]);
    helper.get(&action("newer")).miss();
    let path = helper.put(&action("newer"), b"newer").kept();
    assert!(!path.starts_with(sandbox.store()), "{}", path.display());
    assert_eq!(helper.get(&action("newer")).hit().bytes(), b"newer");
    let stderr = helper.close();
    assert!(
        stderr.contains("VERSION") && stderr.contains("999"),
        "{stderr}"
    );
    assert_eq!(fs::read(path).expect("it lives on after close"), b"newer");
    assert_eq!(
        listing(&sandbox.store()),
        before,
        "a newer store is left alone"
    );
}
