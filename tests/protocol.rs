//! The messages, one by one, as cmd/go and its relatives send them.

use std::fs;
use std::time::SystemTime;

use crate::support::*;
#[test]
fn the_first_message_goes_out_before_the_policy_is_loaded() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.path("policy.wasm");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).expect("a FIFO");
    // Nobody ever writes the policy; whoever waits for it before speaking stays silent for ever.
    let helper = sandbox.helper(&["--policy", fifo.to_str().expect("UTF-8")]);
    helper.announced();
}

#[test]
fn the_first_message_goes_out_before_a_policy_is_refused() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&["--policy", "/nowhere/policy.wasm"]);
    helper.announced();
    let request = helper.send_get(&action("any"));
    let ending = helper.ending();
    assert_eq!(ending.status.code(), Some(2), "{ending:?}");
    assert_eq!(
        ending.unanswered,
        [request],
        "the text comes before the first answer"
    );
    assert!(ending.stderr.contains("/nowhere/policy.wasm"), "{ending:?}");
}

#[test]
fn a_hit_answers_every_field() {
    let sandbox = Sandbox::new();
    let before = SystemTime::now();
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action("a"), b"the bytes").kept();
    assert_eq!(fs::read(&path).expect("the object"), b"the bytes");
    assert_eq!(helper.close(), "", "silent unless something is wrong");

    let mut helper = sandbox.helper(&[]);
    helper.get(&action("another")).miss();
    let hit = helper.get(&action("a")).hit();
    assert_eq!(hit.output, sha256(b"the bytes"));
    assert_eq!(hit.bytes(), b"the bytes");
    assert!(
        before <= hit.time && hit.time <= SystemTime::now(),
        "the time of the put: {hit:?}"
    );
    assert_eq!(helper.close(), "");

    let mut helper = sandbox.helper(&[]);
    assert_eq!(
        helper.get(&action("a")).hit(),
        hit,
        "the time survives, as does the rest"
    );
    helper.close();
    assert_eq!(hit.bytes(), b"the bytes", "paths live on after close");
}

#[test]
fn an_output_is_called_object_id_by_older_clients() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    let both = format!(
        "\"OutputID\":\"{0}\",\"ObjectID\":\"{0}\"",
        base64(&sha256(b"old"))
    );
    let old = format!("\"ObjectID\":\"{}\"", base64(&sha256(b"old")));
    for (name, output) in [("old", old), ("both", both)] {
        let (id, key, body) = (helper.next_id(), base64(&action(name)), base64(b"old"));
        helper.write(format!(
            "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{key}\",{output},\"BodySize\":3}}\n\n\"{body}\"\n"
        ));
        helper.answer(id).kept();
        assert_eq!(helper.get(&action(name)).hit().bytes(), b"old");
    }
    helper.close();
}

#[test]
fn requests_are_json_in_any_shape() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    let output = base64(&sha256(b"shape"));
    let output = output.replace('/', "\\/");
    let key = base64(&action("shape"));
    let id = helper.next_id();
    helper.write(format!(
        " {{ \"BodySize\" : 5 ,\t\"Outp\\u0075tID\":\"{output}\", \"New\": {{\"a\": [1, null, \"}}\"]}},\r\n \"ActionID\" : \"{key}\",\
         \"Command\":\"p\\u0075t\", \"ID\": {id} }} \n\n\"{}\"\n",
        base64(b"shape"),
    ));
    helper.answer(id).kept();
    let id = helper.next_id();
    helper.write(format!(
        "{{\n  \"ActionID\": \"{key}\",\n  \"Command\": \"get\",\n  \"ID\": {id}\n}}\n\n"
    ));
    assert_eq!(helper.answer(id).hit().bytes(), b"shape");
    helper.close();
}

#[test]
fn an_empty_object_has_no_body() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    let empty = helper.send_put(&action("empty"), b"");
    let next = helper.send_put(&action("next"), b"next");
    assert_eq!(
        fs::read(helper.answer(empty).kept()).expect("the object"),
        b""
    );
    helper.answer(next).kept();
    let hit = helper.get(&action("empty")).hit();
    assert_eq!((hit.size, hit.output), (0, sha256(b"")));
    assert_eq!(hit.bytes(), b"");
    helper.close();
}

#[test]
fn an_action_put_again_has_the_new_bytes_and_a_new_time() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("test"), b"ok 0.01s").kept();
    let first = helper.get(&action("test")).hit();
    helper.put(&action("test"), b"ok 0.02s").kept();
    let second = helper.get(&action("test")).hit();
    assert_eq!(second.bytes(), b"ok 0.02s");
    assert!(second.time > first.time);
    assert_eq!(first.bytes(), b"ok 0.01s", "paths live until close");
    // After `go clean -testcache` a test that prints the very same must count as cached again.
    helper.put(&action("test"), b"ok 0.02s").kept();
    assert!(helper.get(&action("test")).hit().time > second.time);
    helper.close();

    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&action("test")).hit().bytes(), b"ok 0.02s");
    helper.put(&action("test"), b"ok 0.03s").kept();
    assert_eq!(
        helper.get(&action("test")).hit().bytes(),
        b"ok 0.03s",
        "a session's own puts come first"
    );
    helper.end_of_input();
}
