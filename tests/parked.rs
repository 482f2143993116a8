//! Gets whose object has to be hashed before it counts: a large one is hashed beside the session,
//! which answers others meanwhile.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::*;

/// Bytes of an object that is hashed beside the session.
const LARGE: usize = 3 << 20;

/// Bytes that nobody hashes while a test runs. They are a hole in a file, which takes no room.
const ENDLESS: u64 = 1 << 40;

/// An action whose object was not hashed since the machine started.
fn put_on_an_earlier_boot(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Entry {
    sandbox.fill(&[], &[action(name)], bytes);
    let mut entry = entry(&sandbox.store(), "default", &action(name));
    entry.rewrite("boot", "0123456789abcdef");
    entry
}

/// An action whose object takes longer to hash than any test runs.
fn put_endless(sandbox: &Sandbox, name: &str) {
    let mut entry = put_on_an_earlier_boot(sandbox, name, name.as_bytes());
    let object = entry.object(&sandbox.store());
    fs::set_permissions(&object, Permissions::from_mode(0o644)).expect("it is ours");
    let file = OpenOptions::new()
        .write(true)
        .open(&object)
        .expect("the object");
    file.set_len(ENDLESS).expect("a hole");
    entry.rewrite("size", &ENDLESS.to_string());
}

fn large(name: &str) -> Vec<u8> {
    name.as_bytes()
        .iter()
        .copied()
        .cycle()
        .take(LARGE)
        .collect()
}

#[test]
fn a_get_that_waits_for_its_object_to_be_hashed_delays_no_other_request() {
    let sandbox = Sandbox::new();
    put_endless(&sandbox, "endless");
    sandbox.fill(&[], &[action("known")], b"known");
    let mut helper = sandbox.helper(&[]);
    let waits = helper.send_get(&action("endless"));
    let waits_too = helper.send_get(&action("endless"));
    assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    helper.get(&action("unknown")).miss();
    helper.put(&action("new"), b"new").kept();
    assert_eq!(helper.get(&action("new")).hit().bytes(), b"new");
    assert!(!helper.has_answered(waits) && !helper.has_answered(waits_too));
    // The end of the session ends the wait.
    assert_eq!(helper.close(), "");
}

#[test]
fn the_end_of_a_session_makes_what_waits_a_miss() {
    let sandbox = Sandbox::new();
    put_endless(&sandbox, "endless");
    for ends_with_close in [true, false] {
        let file = sandbox.path(&format!("recording-{ends_with_close}"));
        let name = file.to_string_lossy().into_owned();
        let mut helper = sandbox.helper(&["--record", &name]);
        helper.send_get(&action("endless"));
        match ends_with_close {
            true => assert_eq!(helper.close(), ""),
            false => assert_eq!(helper.end_of_input(), ""),
        }
        let lines = recording(&file);
        let answers: Vec<_> = lines
            .iter()
            .filter(|line| line["line"] == "answer")
            .collect();
        assert_eq!(answers.len(), 1, "{lines:?}");
        assert_eq!(answers[0]["reason"], "session-ends");
        let totals = &lines.last().expect("the end")["totals"];
        assert_eq!((&totals["gets"], &totals["hits"]), (&1.into(), &0.into()));
    }
}

/// Origin: a reader of commit 9d336eb. What was one too many was hashed on the loop's thread, and
/// `close` waited for that.
#[test]
fn one_get_too_many_is_a_miss_and_the_end_waits_for_no_hash() {
    const MAY_WAIT: usize = 256;
    let sandbox = Sandbox::new();
    put_endless(&sandbox, "endless");
    let file = sandbox.path("recording");
    let name = file.to_string_lossy().into_owned();
    let mut helper = sandbox.helper(&["--record", &name]);
    for _ in 0..MAY_WAIT {
        helper.send_get(&action("endless"));
    }
    helper.get(&action("endless")).miss();
    assert_eq!(helper.close(), "");
    let lines = recording(&file);
    let reasons = |reason: &str| lines.iter().filter(|line| line["reason"] == reason).count();
    assert_eq!(reasons("not-hashed"), 1);
    assert_eq!(reasons("session-ends"), MAY_WAIT);
}

#[test]
fn what_was_hashed_beside_the_session_is_answered_as_ever() {
    let sandbox = Sandbox::new();
    let names: Vec<_> = (0..20).map(|number| format!("object {number}")).collect();
    let mut damaged_object = None;
    for name in &names {
        let entry = put_on_an_earlier_boot(&sandbox, name, &large(name));
        if name == "object 7" {
            damaged_object = Some(entry.object(&sandbox.store()));
        }
    }
    damage(&damaged_object.expect("it was put"));
    let mut helper = sandbox.helper(&[]);
    // More objects than are hashed at once, and each several times.
    let sent: Vec<_> = (0..250)
        .map(|number| {
            let name = &names[number % names.len()];
            (name, helper.send_get(&action(name)))
        })
        .collect();
    for (name, id) in sent {
        match name.as_str() {
            "object 7" => helper.answer(id).miss(),
            name => assert_eq!(helper.answer(id).hit().bytes(), large(name)),
        }
    }
    assert_eq!(helper.close(), "");
    // It was noted that they were hashed: nothing waits now.
    let mut helper = sandbox.helper(&[]);
    assert_eq!(
        helper.get(&action("object 3")).hit().bytes(),
        large("object 3")
    );
    helper.close();
}
