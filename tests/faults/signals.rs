//! Signals in mid-body.

use std::os::unix::process::ExitStatusExt as _;

use rustix::process::Signal;

use super::client::put_head;
use super::*;

#[test]
fn signals_that_a_terminal_sends_end_no_session_and_others_leave_a_whole_store() {
    let body = vec![7; 2_000_000];
    for signal in [Signal::INT, Signal::HUP, Signal::PIPE, Signal::XFSZ] {
        let sandbox = Sandbox::new();
        let mut helper = sandbox.helper(&[]);
        let id = begin_a_put(&mut helper, &body);
        helper.signal(signal);
        helper.write(format!("{}\"\n", rest_of(&body)));
        assert_eq!(
            fs::read(helper.answer(id).kept()).expect("the object"),
            body,
            "{signal:?}"
        );
        assert_eq!(helper.end_of_input(), "", "{signal:?}");
        audit(&sandbox.store()).whole();
    }
    for signal in [Signal::TERM, Signal::ABORT, Signal::KILL] {
        let sandbox = Sandbox::new();
        let mut helper = sandbox.helper(&[]);
        helper.put(&action("known"), b"known").kept();
        begin_a_put(&mut helper, &body);
        helper.signal(signal);
        let ending = helper.ending();
        assert_eq!(ending.status.signal(), Some(signal.as_raw()), "{ending:?}");
        let left = audit(&sandbox.store()).whole();
        assert_eq!((left.entries, left.objects), (1, 1), "{signal:?}: {left:?}");
        sweep(&sandbox);
        let mut helper = sandbox.helper(&[]);
        assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
        helper.close();
    }
}

/// Sends a put as far as the middle of its body; all of that is in the pipe or taken in.
fn begin_a_put(helper: &mut Helper, body: &[u8]) -> u64 {
    let id = helper.next_id();
    helper.write(put_head(
        id,
        &action("in mid-body"),
        &sha256(body),
        body.len(),
    ));
    let text = base64(body);
    helper.write(format!("\"{}", &text[..text.len() / 2]));
    id
}

fn rest_of(body: &[u8]) -> String {
    let text = base64(body);
    text[text.len() / 2..].to_owned()
}
