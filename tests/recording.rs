//! `--record`: a session written down line by line, for people, for replay and as a policy's tests.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::lookup::{HIT, LOOP, MISS, TRAP};
use crate::support::*;

/// The lines of one kind.
fn lines<'a>(recording: &'a [Value], kind: &str) -> Vec<&'a Value> {
    recording
        .iter()
        .filter(|line| line["line"] == kind)
        .collect()
}

#[track_caller]
fn one<'a>(recording: &'a [Value], kind: &str) -> &'a Value {
    let [line] = lines(recording, kind)[..] else {
        panic!("one `{kind}` line: {recording:#?}")
    };
    line
}

#[test]
fn a_list_that_is_unsafe_is_told_from_what_is_no_list() {
    let sandbox = Sandbox::with_kept_policies();
    let file = sandbox.path("record.jsonl");
    let mut helper = sandbox.helper(&["--record", &text(file.clone())]);
    let bodies: [(&[u8], &str); 8] = [
        (b"../a.go\n", "unsafe-names"),
        (b"./a.go\n/etc/passwd\n", "wrong-kind"),
        (b"", "wrong-kind"),
        (b"\x7fELF../a.go\n", "wrong-kind"),
        (b"\x02\x01\x02\n../a.go\n", "unsafe-names"),
        // Behind a NUL byte nothing is copied.
        (b"\0\x01\x02\n../a.go\n", "wrong-kind"),
        (b"no newline at its end", "wrong-kind"),
        (b"!<arch>\n__.PKGDEF       0           0", "wrong-kind"),
    ];
    for (number, (body, _)) in bodies.iter().enumerate() {
        let package = action(&format!("package {number}"));
        helper.get(&package).miss();
        helper.put(&subkey(&package, "srcfiles"), body).kept();
    }
    helper.close();

    let recorded = recording(&file);
    let puts = lines(&recorded, "answer");
    let puts: Vec<_> = puts
        .iter()
        .filter(|line| line["command"] == "put")
        .collect();
    assert_eq!(puts.len(), bodies.len(), "{recorded:#?}");
    for (put, (body, reason)) in puts.iter().zip(bodies) {
        assert_eq!(put["reason"], reason, "{}", body.escape_ascii());
    }
}

#[test]
fn a_recording_tells_the_whole_session() {
    let sandbox = Sandbox::with_kept_policies();
    let (hit, miss) = (
        asking(HIT, reach::LOCAL, "a"),
        asking(MISS, reach::SESSION, "b"),
    );
    let mut helper = sandbox.helper(&[]);
    helper.put(&hit, b"known").kept();
    helper.put(&miss, b"go index v2\n").kept();
    helper.close();

    let file = sandbox.path("record.jsonl");
    let path = text(file.clone());
    let policy_path = policy("as-asked");
    let options = [
        "--policy",
        &policy_path,
        "--record",
        &path,
        "--label",
        "A=1",
        "--settings",
        "{\"a\":[1]}",
        "--allow-write",
        "d*",
    ];
    let mut helper = sandbox.helper(&options);
    helper.get(&hit).hit();
    helper.get(&miss).miss();
    helper.get(&action("unknown")).miss();
    helper.put(&miss, b"made").kept();
    helper.get(&miss).hit();
    helper.put(&hit, b"known").kept();
    helper.close();

    let recorded = recording(&file);
    let session = one(&recorded, "session");
    assert_eq!(&recorded[0], session);
    let digest = hex(&sha256(&std::fs::read(policy_path).expect("the policy")));
    assert_eq!(session["policy"], digest);
    assert_eq!(session["settings"], json!({"a": [1]}));
    assert_eq!(
        (&session["readable"], &session["writable"]),
        (&json!(["*"]), &json!(["d*"]))
    );
    assert!(
        session["seed"].is_u64() && session["started"].is_u64(),
        "{session}"
    );
    let label = &session["labels"][0];
    assert_eq!(
        (&label["name"], &label["value"], &label["verified"]),
        (&json!("A"), &json!("1"), &json!(false))
    );
    assert_eq!(label["scope"], "1");

    let open = one(&recorded, "open");
    assert_eq!(open["grant"]["read"], json!(["default"]));
    assert_eq!(open["grant"]["write"], "default");

    let gets = lines(&recorded, "get");
    let [first, second] = gets[..] else {
        panic!("two questions about gets: {recorded:#?}")
    };
    assert_eq!(first["action"], hex(&hit));
    assert_eq!(first["output"], hex(&sha256(b"known")));
    assert_eq!(
        (
            &first["size"],
            &first["scope"],
            &first["kind"],
            &first["facts"]
        ),
        (&json!(5), &json!(0), &json!("other"), &json!([]))
    );
    assert!(first["age"].is_u64());
    assert_eq!(
        (&first["verdict"], &second["verdict"]),
        (&json!("hit"), &json!("miss"))
    );
    assert_eq!(second["kind"], "module-index");

    let puts = lines(&recorded, "put");
    let verdicts: Vec<_> = puts.iter().map(|put| put["verdict"].clone()).collect();
    assert_eq!(verdicts, ["ephemeral", "local"]);
    assert_eq!(puts[0]["output"], hex(&sha256(b"made")));

    let unasked = lines(&recorded, "answer");
    let actions: Vec<_> = unasked.iter().map(|line| line["action"].clone()).collect();
    assert_eq!(
        actions,
        [hex(&action("unknown")), hex(&miss)],
        "no candidate; the session's own: {unasked:?}"
    );

    let totals = &one(&recorded, "close")["totals"];
    let expected = json!({
        "gets": 4, "hits": 2, "refused-gets": 1, "puts": 2, "refused-puts": 1, "bytes-put": 9, "diverged": 0
    });
    assert_eq!(totals, &expected);
    assert_eq!(recorded.last().expect("a last line")["line"], "close");
}

#[test]
fn failures_of_a_policy_are_written_down() {
    let sandbox = Sandbox::with_kept_policies();
    let (trap, endless) = (asking(TRAP, 0, "a"), asking(LOOP, 0, "b"));
    let mut helper = sandbox.helper(&[]);
    helper.put(&trap, b"known").kept();
    helper.put(&endless, b"known").kept();
    helper.close();
    let file = sandbox.path("record.jsonl");
    let options = [
        "--policy",
        &policy("as-asked"),
        "--record",
        &text(file.clone()),
        "--policy-deadline",
        "20ms",
    ];
    let mut helper = sandbox.helper(&options);
    helper.get(&trap).miss();
    helper.get(&endless).miss();
    helper.close();
    let kinds: Vec<_> = recording(&file)
        .iter()
        .map(|line| line["line"].as_str().expect("a name").to_owned())
        .collect();
    let expected = ["trap", "reopened", "timeout", "reopened"];
    let failures: Vec<_> = kinds
        .iter()
        .filter(|kind| expected.contains(&kind.as_str()))
        .collect();
    assert_eq!(failures, expected.each_ref(), "{kinds:?}");

    let file = sandbox.path("refused.jsonl");
    sandbox
        .helper(&[
            "--policy",
            &policy("refuses-session"),
            "--record",
            &text(file.clone()),
        ])
        .close();
    let refusal = one(&recording(&file), "open")["refusal"].to_string();
    assert!(
        refusal.contains("session") && refusal.contains("nobody I know"),
        "{refusal}"
    );
}

#[test]
fn an_empty_variable_is_no_label() {
    let sandbox = Sandbox::with_kept_policies();
    let file = sandbox.path("record.jsonl");
    let mut command = sandbox.cachewarden(&["--policy", &policy("closes"), "--record"]);
    command.arg(&file);
    for name in ["SET", "EMPTY", "UNSET"] {
        command.args(["--label-env", name]);
    }
    command.env("SET", "refs/heads/x y").env("EMPTY", "");
    Helper::start(command).close();
    let recorded = recording(&file);
    let labels = one(&recorded, "session")["labels"]
        .as_array()
        .expect("labels")
        .clone();
    let of_the_job: Vec<_> = labels
        .iter()
        .filter(|label| {
            ["SET", "EMPTY", "UNSET"].contains(&label["name"].as_str().expect("a name"))
        })
        .collect();
    let [label] = of_the_job[..] else {
        panic!("one label: {labels:?}")
    };
    assert_eq!(label["value"], "refs/heads/x y");
    let scope = label["scope"].as_str().expect("a text");
    let fits = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    assert!(scope.len() <= 80 && scope.chars().all(fits), "{scope}");
}

#[test]
fn values_that_differ_give_scopes_that_differ() {
    let sandbox = Sandbox::with_kept_policies();
    let long = "refs/heads/".to_owned() + &"x".repeat(200);
    let values = [
        "a/b",
        "a-b",
        "a_b",
        "a.b",
        "a b",
        "A-b",
        "ä-b",
        "a%2Fb",
        "a--b",
        &long,
        &format!("{long}y"),
    ];
    let mut scopes = std::collections::BTreeSet::new();
    for (number, value) in values.iter().enumerate() {
        let file = sandbox.path(&format!("{number}.jsonl"));
        sandbox
            .helper(&[
                "--policy",
                &policy("closes"),
                "--record",
                &text(file.clone()),
                "--label",
                &format!("REF={value}"),
            ])
            .close();
        let recorded = recording(&file);
        let labels = one(&recorded, "session")["labels"]
            .as_array()
            .expect("labels")
            .clone();
        let label = labels
            .iter()
            .find(|label| label["name"] == "REF")
            .expect("the label");
        let scope = label["scope"].as_str().expect("a text").to_owned();
        assert!(scope.len() <= 80, "{scope}");
        assert!(
            scopes.insert(scope.clone()),
            "{value:?} has the same scope as another: {scope}"
        );
    }
}

#[test]
fn whole_lines_survive_a_kill() {
    let sandbox = Sandbox::with_kept_policies();
    let file = sandbox.path("record.jsonl");
    let options = [
        "--policy",
        &policy("as-asked"),
        "--record",
        &text(file.clone()),
    ];
    let mut helper = sandbox.helper(&options);
    for number in 0..200_u32 {
        helper.send_put(
            &asking(HIT, reach::LOCAL, &number.to_string()),
            &number.to_be_bytes(),
        );
    }
    let last = helper.send_get(&asking(HIT, reach::LOCAL, "199"));
    for number in 200..2000_u32 {
        helper.send_put(
            &asking(HIT, reach::LOCAL, &number.to_string()),
            &number.to_be_bytes(),
        );
    }
    helper.answer(last).hit();
    helper.signal(Signal::KILL);
    helper.ending();
    let content = std::fs::read_to_string(&file).expect("the recording");
    assert!(content.ends_with('\n'));
    assert!(
        lines(&recording(&file), "put").len() >= 200,
        "what was answered is written down"
    );
}
