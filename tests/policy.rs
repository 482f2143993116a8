//! What a policy is told and what its verdicts do, through a real process. Every verdict, kind and
//! rule has its row in `host/session/src/tests/`.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::lookup::{AUDIT, HIT, HIT_VERIFIED, MISS, SKIP};
use crate::support::reach::{LOCAL, SESSION, SHARED};
use crate::support::*;
#[test]
fn a_get_follows_its_verdict() {
    let sandbox = Sandbox::with_kept_policies();
    let verdicts = [HIT, HIT_VERIFIED, SKIP, MISS, AUDIT];
    let actions = verdicts.map(|verdict| asking(verdict, LOCAL, "get"));
    sandbox.fill(&[], &actions, b"known");

    let mut helper = sandbox.helper(&["--policy", &policy("as-asked"), "-v"]);
    for action in &actions[..2] {
        assert_eq!(helper.get(action).hit().bytes(), b"known");
    }
    for action in &actions[2..] {
        helper.get(action).miss();
    }
    helper.get(&asking(HIT, LOCAL, "unknown")).miss();
    let stderr = helper.close();
    let expected = Totals {
        gets: 6,
        hits: 2,
        refused_gets: 3,
        puts: 0,
        refused_puts: 0,
    };
    assert_eq!(
        Totals::of(&stderr),
        expected,
        "a get without a candidate is not refused"
    );
}

#[test]
fn a_put_travels_as_far_as_its_verdict() {
    let sandbox = Sandbox::with_kept_policies();
    let actions = [SESSION, LOCAL, SHARED].map(|verdict| asking(HIT, verdict, "put"));
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked"), "-v"]);
    let paths = actions.map(|action| helper.put(&action, &action).kept());
    for (action, path) in actions.iter().zip(&paths) {
        assert_eq!(fs::read(path).expect("the object"), action);
        assert_eq!(helper.get(action).hit().bytes(), action);
    }
    let stderr = helper.close();
    let expected = Totals {
        gets: 3,
        hits: 3,
        refused_gets: 0,
        puts: 3,
        refused_puts: 1,
    };
    assert_eq!(Totals::of(&stderr), expected);
    assert_eq!(
        fs::read(&paths[0]).expect("it lives on after close"),
        actions[0]
    );

    let store = sandbox.store();
    assert!(find_entry(&store, "default", &actions[0]).is_none());
    assert_eq!(
        entry(&store, "default", &actions[1]).field("reach"),
        "local"
    );
    assert_eq!(
        entry(&store, "default", &actions[2]).field("reach"),
        "shared"
    );
    let mut helper = sandbox.helper(&[]);
    helper.get(&actions[0]).miss();
    assert_eq!(helper.get(&actions[1]).hit().bytes(), actions[1]);
    helper.close();
}

#[test]
fn a_policy_is_told_what_the_host_knows() {
    let sandbox = Sandbox::with_kept_policies();
    let bodies: [(&[u8], u8); 5] = [
        (b"some bytes", 0),
        (b"", 1),
        (b"go index v2\n\0\0\0\x01", 3),
        (b"# test log\ngetenv HOME\n", 5),
        (b"ok  \texample.org/greeting/lib\t0.012s\n", 5),
    ];
    let mut helper = sandbox.helper(&["--policy", &policy("told")]);
    let actions = bodies.map(|(body, kind)| {
        let output = sha256(body);
        let mut action = [0; 32];
        action[..8].copy_from_slice(&output[..8]);
        action[8..16].copy_from_slice(&output[24..]);
        action[16..24].copy_from_slice(&(body.len() as u64).to_be_bytes());
        action[31] = kind;
        helper.put(&action, body).kept();
        action
    });
    assert_eq!(
        helper.close(),
        "",
        "it traps where it is told something else"
    );

    let put = SystemTime::now() - Duration::from_secs(5400);
    for action in &actions {
        entry(&sandbox.store(), "default", action).rewrite("put-time", &nanoseconds(put));
    }
    let mut helper = sandbox.helper(&["--policy", &policy("told")]);
    for (action, (body, _)) in actions.iter().zip(bodies) {
        let hit = helper.get(action).hit();
        assert_eq!(hit.bytes(), body);
        assert_eq!(hit.time, put);
    }
    assert_eq!(helper.close(), "");
}

/// What a rule of the host refuses may be what shows that the entry was wrong.
#[test]
fn an_audit_compares_what_a_rule_then_refuses() {
    let sandbox = Sandbox::with_kept_policies();
    let audited = asking(AUDIT, LOCAL, "a program");
    sandbox.fill(&[], &[audited], b"a text in its place");
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
    helper.get(&audited).miss();
    let program = std::fs::read("/proc/self/exe").expect("this program");
    helper.put(&audited, &program).kept();
    let said = helper.close();
    assert!(said.contains("audit: action"), "{said}");
}

#[test]
fn an_audit_lets_the_build_do_it_again_and_compares() {
    let sandbox = Sandbox::with_kept_policies();
    let (same, other) = (action("the same again"), action("something else"));
    sandbox.fill(&[], &[same, other], b"first");
    let mut helper = sandbox.helper(&["--policy", &policy("careful")]);
    helper.get(&same).miss();
    helper.get(&other).miss();
    helper.put(&same, b"first").kept();
    helper.put(&other, b"second").kept();
    helper.put(&action("not audited"), b"third").kept();
    let stderr = helper.close();

    let told: Vec<_> = stderr.lines().collect();
    let [line] = told[..] else {
        panic!("one loud line: {stderr}")
    };
    for name in [other, sha256(b"first"), sha256(b"second")] {
        assert!(
            line.contains(&hex(&name)),
            "{} is missing: {line}",
            hex(&name)
        );
    }
    let output = |action| {
        entry(&sandbox.store(), "default", action)
            .field("output")
            .to_owned()
    };
    assert_eq!(output(&same), hex(&sha256(b"first")));
    assert_eq!(
        output(&other),
        hex(&sha256(b"first")),
        "the policy kept the rebuild to the session"
    );
    assert_eq!(output(&action("not audited")), hex(&sha256(b"third")));
}
