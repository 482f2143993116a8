//! Much at once: large bodies in little memory, requests without a reader, and ends with requests
//! in flight.

use std::fs;
use std::io::Write as _;

use rustix::process::Signal;

use crate::support::*;

const MEBIBYTE: usize = 1 << 20;

/// A MiB of a large object; each is different, so that no shortcut can tell them apart by one look.
fn mebibyte(number: usize) -> Vec<u8> {
    let seed = sha256(&number.to_le_bytes());
    seed.iter().copied().cycle().take(MEBIBYTE).collect()
}

#[test]
fn a_put_of_half_a_gibibyte_takes_little_memory() {
    let size = 512 * MEBIBYTE;
    let mut hash = LargeHash::default();
    (0..512).for_each(|number| hash.update(&mebibyte(number)));
    let output = hash.finish();

    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("warm up"), b"warm up").kept();
    let before = peak_memory(helper.process());
    let (id, key) = (helper.next_id(), base64(&action("large")));
    helper.write(format!(
        "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{key}\",\"OutputID\":\"{}\",\"BodySize\":{size}}}\n\n\"",
        base64(&output),
    ));
    let mut rest = Vec::new();
    for number in 0..512 {
        rest.extend(mebibyte(number));
        // Base64 comes in groups of three bytes.
        let whole = rest.len() / 3 * 3;
        helper
            .input()
            .write_all(base64(&rest[..whole]).as_bytes())
            .expect("it reads on");
        rest.drain(..whole);
    }
    helper.write(format!("{}\"\n", base64(&rest)));
    let path = helper.answer(id).kept();
    let extra = peak_memory_since(before, helper.process());
    assert!(extra < 32 * 1024, "{extra} KiB more");
    assert_eq!(fs::metadata(path).expect("the object").len(), size as u64);
    let hit = helper.get(&action("large")).hit();
    assert_eq!((hit.size, hit.output), (size as u64, output));
    helper.close();
}

#[test]
fn reading_does_not_wait_for_whoever_reads_the_answers() {
    let sandbox = Sandbox::new();
    let mut helper = Helper::start_unread(sandbox.cachewarden(&[]));
    let known: Vec<_> = (0..500)
        .map(|number| action(&format!("known {number}")))
        .collect();
    let puts: Vec<_> = known
        .iter()
        .map(|action| helper.send_put(action, action))
        .collect();
    // With these, as many as the program promises to hold back: far more than a pipe holds.
    let gets: Vec<_> = (500..65_536)
        .map(|number| helper.send_get(&known[number % known.len()]))
        .collect();
    // All was taken in without a single answer being read.
    helper.read();
    for id in puts {
        helper.answer(id).kept();
    }
    for (number, id) in (500..).zip(gets) {
        assert_eq!(
            helper.answer(id).hit().output,
            sha256(&known[number % known.len()])
        );
    }
    helper.close();
}

#[test]
fn requests_in_flight_are_answered_at_the_end_of_input_and_at_close() {
    let sandbox = Sandbox::new();
    for close in [false, true] {
        let mut helper = sandbox.helper(&[]);
        for number in 0..500_u32 {
            let body = number.to_be_bytes().repeat(100);
            helper.send_put(&action(&format!("flight {close} {number}")), &body);
            helper.send_get(&action(&format!("flight {close} {number}")));
            helper.send_get(&action(&format!("unknown {close} {number}")));
        }
        // Either checks that nothing is left unanswered.
        if close {
            helper.close()
        } else {
            helper.end_of_input()
        };
        let kept = entries(&sandbox.store(), "default").len();
        assert_eq!(kept, if close { 1000 } else { 500 });
    }
}

#[test]
fn a_session_without_requests_ends_cleanly() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.helper(&[]).end_of_input(), "");
    assert_eq!(sandbox.helper(&[]).close(), "");
}

#[test]
fn an_interrupt_reaches_the_whole_group_and_is_ignored() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("before"), b"before").kept();
    helper.signal(Signal::INT);
    helper.put(&action("after"), b"after").kept();
    assert_eq!(helper.get(&action("before")).hit().bytes(), b"before");
    assert_eq!(helper.end_of_input(), "", "the end is the end of input");
}

#[test]
fn a_reader_that_goes_away_is_an_end_too() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.cachewarden(&[]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("stdin");
    // Nobody listens: it may end before all of this is written.
    let _ = input.write_all(get_message(1, &action("a")).as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code().is_some(),
        "it is not killed by a signal: {:?}",
        output.status
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
}
