//! `stats`: what it says of builds, and the fields of its JSON, as the page describes them.

mod screen;

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use cachewarden_store::{SessionId, SharedStore, Store, TierId, TierTraffic};
use cachewarden_types::since_1970;
use serde_json::{Value, json};

use crate::support::*;

/// The page that describes it.
const PAGE: &str = include_str!("../../docs/operate.md");

/// A session of a large build, as one writes it.
const SESSION: &str = r#"{"form":1,"sessions":11,"session":"c6c99da1856f416f","started":1790000000,"gets":12100,"hits":11740,"refused-gets":12,"puts":410,"refused-puts":3,"bytes-put":167200000,"diverged":0,"remote-hits":1060,"remote-bytes":41000000,"remote-wait":1234,"parts":{"own":{"hits":37,"bytes":48000},"remote":{"hits":1060,"bytes":100000000},"kinds":{"empty":{"hits":2904,"misses":72},"package-archive":{"hits":6120,"bytes":3960000000,"misses":230,"step-hits":6120,"step-bytes":3960000000,"made":230,"made-bytes":150000000,"made-micros":112000000},"module-index":{"hits":2679,"bytes":250000000,"misses":50,"step-hits":2679,"step-bytes":250000000,"made":60,"made-bytes":6200000,"made-micros":900000}},"scopes":{"main":{"hits":10000,"bytes":4000000000,"puts":370},"pr-17":{"hits":1703,"bytes":210000000,"puts":37}}}}"#;

/// A store of which everything can be told.
fn full() -> Sandbox {
    let sandbox = Sandbox::new();
    for (scope, name, body) in [
        ("main", "index", &b"go index v2\n\0"[..]),
        ("main", "nothing", b""),
        ("pr-17", "other index", b"go index v2\n\0\0"),
    ] {
        sandbox.fill(&["--scope", scope], &[action(name)], body);
    }
    sandbox.settle();
    fs::write(
        sandbox.store().join("sessions.jsonl"),
        format!("{SESSION}\n"),
    )
    .expect("the file");
    let store = Store::open(&sandbox.store(), SharedStore::Deny).expect("the store");
    let traffic = TierTraffic {
        hits: 1060,
        misses: 1,
        bytes_down: 41_000_000,
        bytes_saved: 59_000_000,
        waited: 2_300,
        sent: 40,
        bytes_up: 3_100_000,
        ..TierTraffic::default()
    };
    let (named, other) = (TierId::of("named"), TierId::of("other"));
    let url = "s3://builds/cache?region=eu-central-1";
    store
        .add_tier_traffic(named, url, &traffic)
        .expect("counters");
    let since = since_1970(SystemTime::now()) - Duration::from_secs(200);
    let state = json!({
        "failures": 3,
        "since": since.as_millis() as u64,
        "reason": "it has failed",
    });
    let state = state.to_string();
    store
        .keep_tier_state(named, state.as_bytes())
        .expect("its state");
    // As it was kept before addresses were.
    let folder = sandbox.folder(&format!("store/tiers/{other}"));
    fs::write(folder.join("traffic"), "{\"hits\":7}").expect("counters");
    let outbox = store.outbox(named).expect("an outbox");
    let scope = "main".parse().expect("a scope");
    let noted = cachewarden_types::Digest::from_hex(&hex(&action("index"))).expect("a digest");
    let mut session = outbox.of_session(SessionId(1));
    session.note(&scope, &noted).expect("a note");
    drop(session);
    let reason = Some("access denied");
    outbox.note_end(reason).expect("the end of an upload");
    sandbox
}

/// The paths of all fields, with `*` for names and `[]` for items.
fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let last = path.rsplit('.').next().unwrap_or_default();
            let has_names = ["kinds", "scopes"].contains(&last);
            for (name, value) in object {
                let name = if has_names { "*" } else { name };
                let path = match path {
                    "" => name.to_owned(),
                    _ => format!("{path}.{name}"),
                };
                fields(value, &path, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                fields(item, &format!("{path}[]"), found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

fn json(sandbox: &Sandbox) -> Value {
    let told = sandbox.run(&["stats", "--json"]).succeeded().stdout;
    serde_json::from_str(&told).expect("JSON")
}

#[test]
fn the_json_has_the_fields_that_the_page_describes_and_no_others() {
    let told = json(&full());
    let mut found = BTreeSet::new();
    fields(&told, "", &mut found);
    let (_, table) = PAGE.split_once("| field |").expect("the table");
    let rows = table.lines().map_while(|line| match line {
        "" => None,
        _ => Some(line.strip_prefix("| `")),
    });
    let described: BTreeSet<_> = rows
        .flatten()
        .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .collect();
    assert!(found.len() > 50, "{told:#}");
    assert_eq!(found, described, "{told:#}");
    assert_eq!(told["format"], 1);
    // An empty store has them, too, but for names, items, and what is said to be absent.
    let sandbox = Sandbox::new();
    sandbox.helper(&[]).close();
    fs::remove_file(sandbox.store().join("sessions.jsonl")).expect("the file");
    let mut always = BTreeSet::new();
    fields(&json(&sandbox), "", &mut always);
    let is_named = |field: &&String| !field.contains(['*', '[']) && !field.contains("time-saved.");
    let mut expected: BTreeSet<_> = described.iter().filter(is_named).cloned().collect();
    expected.insert("sessions.time-saved".to_owned());
    assert_eq!(always, expected);
}

/// A line without what differs between two stores: numbers, ages, and the spaces that follow from
/// them.
fn shape(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let has_digit = word.contains(|letter: char| letter.is_ascii_digit());
        match has_digit && !word.contains("://") {
            true if word.ends_with(|letter: char| letter.is_ascii_lowercase()) => "AGE",
            true => "NUMBER",
            false => word,
        }
    });
    let mut words: Vec<_> = words.collect();
    // An age has one unit or two.
    words.dedup_by(|one, other| *one == "AGE" && *other == "AGE");
    let is_size = |word: &&str| ["B", "kB", "MB", "GB"].contains(word);
    words.retain(|word| !is_size(word));
    words.join(" ")
}

#[test]
fn what_the_page_shows_is_what_is_printed() {
    let told = full().run(&["stats"]).succeeded().stdout;
    let (_, section) = PAGE.split_once("## Is it of use?").expect("the section");
    let (_, shown) = section.split_once("```text\n").expect("a sample");
    let (shown, _) = shown.split_once("```").expect("its end");
    // The first line has the folder.
    let shapes = |text: &str| text.lines().skip(1).map(shape).collect::<Vec<_>>();
    assert_eq!(shapes(shown), shapes(&told), "{told}");
    for line in shown.lines().chain(told.lines().skip(1)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // What sessions did is the same to the letter.
    let sessions = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("  "));
        lines.take(8).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sessions(shown), sessions(&told));
    assert!(sessions(shown)[7].starts_with("  time saved "), "{shown}");
}

#[test]
fn a_tier_that_nobody_names_has_the_address_by_which_it_was_used() {
    let told = full().run(&["stats"]).succeeded().stdout;
    let url = "s3://builds/cache?region=eu-central-1";
    for line in [url, &format!("  {url}: 1 entry, the oldest for")] {
        assert!(told.lines().any(|shown| shown.starts_with(line)), "{told}");
    }
    assert!(told.contains("\nother tiers"), "{told}");
    assert!(!told.contains(&TierId::of("other").to_string()), "{told}");
    assert!(!told.contains(&TierId::of("named").to_string()), "{told}");
}

#[test]
fn a_build_counts_by_kind_and_what_it_took_is_what_the_next_one_saves() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, GREETING).with_helper("--scope main");
    let build = ["build", "-o", "program"];
    project.go(&build).succeeded();
    let cold = json(&sandbox)["sessions"].clone();
    let archives = &cold["kinds"]["package-archive"];
    let count = |value: &Value| value.as_u64().expect("a number");
    let made = count(&archives["made"]);
    assert!(made > 10, "{cold:#}");
    assert_eq!(count(&archives["misses"]), made, "{cold:#}");
    assert!(count(&archives["made-micros"]) > 0, "{cold:#}");
    let kept = count(&cold["scopes"]["main"]["puts"]);
    assert!(kept >= made && kept <= count(&cold["puts"]), "{cold:#}");

    project.go(&build).succeeded();
    let warm = json(&sandbox)["sessions"].clone();
    let archives = &warm["kinds"]["package-archive"];
    assert!(count(&archives["step-hits"]) > 10, "{warm:#}");
    assert_eq!(
        count(&archives["made"]),
        made,
        "nothing was built: {warm:#}"
    );
    // Each object is found once for each time that it was made.
    let of_all = |sessions: &Value, field: &str| {
        let kinds = sessions["kinds"].as_object().expect("kinds").values();
        kinds.map(|kind| count(&kind[field])).sum::<u64>()
    };
    let saved = count(&warm["time-saved"]["milliseconds"]) * 1000;
    let took = of_all(&warm, "made-micros");
    assert!(
        saved > 0 && saved <= 2 * took,
        "{saved} and {took}: {warm:#}"
    );
    let hits = of_all(&warm, "hits") + count(&warm["own-hits"]);
    assert_eq!(hits, count(&warm["hits"]), "{warm:#}");
    assert!(
        of_all(&warm, "misses") <= count(&warm["misses"]),
        "{warm:#}"
    );
    let text = sandbox.run(&["stats"]).succeeded().stdout;
    assert!(text.contains("  time saved "), "{text}");
    assert!(
        text.contains("\nestimated, against no cache at all:"),
        "{text}"
    );
}
