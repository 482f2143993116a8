//! Requests that are wrong: each is an Err of its own as long as the next one can be found, and
//! garbage is an end. The same holds for a helper and for a job of a daemon.

use crate::daemon::{Way, each_way};
use crate::support::*;

each_way! {
    what_is_not_understood_gets_an_err_with_its_id
    an_err_has_a_bounded_length_however_long_the_request_is
    ids_of_another_length_are_an_err_and_their_body_is_skipped
    bytes_that_do_not_hash_to_their_id_are_an_err_and_not_kept
    a_body_of_another_length_than_announced_is_an_err
    a_put_that_is_given_up_in_mid_body_does_not_swallow_the_next_request
    garbage_ends_with_a_text_that_says_where_and_what_was_expected
    a_request_cut_short_is_garbage
}

fn what_is_not_understood_gets_an_err_with_its_id(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    let wrong = [
        "\"Command\":\"verify\"",
        "\"Command\":\"\"",
        "\"Command\":\"get\"",
        "\"Command\":\"get\",\"ActionID\":\"!!\"",
        "\"Command\":\"get\",\"ActionID\":\"AAAA\"",
        "\"Command\":\"put\",\"ActionID\":\"AAAA\",\"OutputID\":\"AAAA\"",
    ];
    for fields in wrong {
        let id = helper.next_id();
        helper.write(format!("{{\"ID\":{id},{fields}}}\n\n"));
        helper.answer(id).error();
    }
    assert!(
        helper.put(&action("after"), b"after").kept().exists(),
        "it serves on"
    );
    helper.close();
}

fn an_err_has_a_bounded_length_however_long_the_request_is(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    // As much as a request may hold, of what grows most in an answer.
    let (long, half) = ("\\u0001".repeat(10_000), "\\u0001".repeat(5_000));
    for fields in [
        format!("\"Command\":\"{long}\""),
        format!("\"Command\":\"get\",\"ActionID\":\"{long}\""),
        format!("\"Command\":\"put\",\"ActionID\":\"{half}\",\"OutputID\":\"{half}\""),
    ] {
        let id = helper.next_id();
        helper.write(format!("{{\"ID\":{id},{fields}}}\n\n"));
        let error = helper.answer(id).error();
        assert!(error.len() < 1000, "{} bytes", error.len());
    }
    helper.close();
}

fn ids_of_another_length_are_an_err_and_their_body_is_skipped(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    let (key, output) = (action("length"), sha256(b"length"));
    let long = [key.as_slice(), &[0]].concat();
    for (key, output) in [
        (&key[..31], &output[..]),
        (&long, &output),
        (&key, &output[..5]),
        (&key, &[]),
        (&[], &output),
    ] {
        let id = helper.next_id();
        helper.write(put_message(id, key, output, b"length"));
        helper.answer(id).error();
        let id = helper.next_id();
        helper.write(get_message(id, &key[..key.len().min(31)]));
        helper.answer(id).error();
    }
    helper.get(&key).miss();
    helper.close();
    assert_eq!(place.objects(), Vec::<std::path::PathBuf>::new());
}

fn bytes_that_do_not_hash_to_their_id_are_an_err_and_not_kept(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    helper.put(&action("honest"), b"honest").kept();
    let before = listing(&place.store());
    let large = vec![b'x'; 300_000];
    for body in [b"forged".as_slice(), b"", &large] {
        let id = helper.next_id();
        helper.write(put_message(
            id,
            &action("forged"),
            &sha256(b"something else"),
            body,
        ));
        helper.answer(id).error();
        helper.get(&action("forged")).miss();
    }
    assert_eq!(
        listing(&place.store()),
        before,
        "nothing is kept, not even a temporary file"
    );
    helper.close();
}

fn a_body_of_another_length_than_announced_is_an_err(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    for announced in [3, 5, 600] {
        let (id, key, output) = (
            helper.next_id(),
            base64(&action("body")),
            base64(&sha256(b"body")),
        );
        helper.write(format!(
            "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{key}\",\"OutputID\":\"{output}\",\"BodySize\":{announced}}}\n\n\"{}\"\n",
            base64(b"body"),
        ));
        helper.answer(id).error();
        helper.get(&action("body")).miss();
    }
    helper.close();
}

fn a_put_that_is_given_up_in_mid_body_does_not_swallow_the_next_request(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    helper.put(&action("known"), b"known").kept();
    let body = vec![b'y'; 3000];
    for sent in [1, 40, 1001, 3999] {
        let whole = put_message(helper.next_id(), &action("given up"), &sha256(&body), &body);
        let start = whole.find("\n\n\"").expect("a body") + 3;
        helper.write(&whole.as_bytes()[..start + sent]);
        assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
        helper.get(&action("given up")).miss();
    }
    // Whether a put that its own client gave up is answered is nobody's business: only how it ends
    // is.
    let ending = helper.ending();
    assert!(ending.status.success(), "{ending:?}");
    assert_eq!(
        place.objects(),
        [object_path(&place.store(), &sha256(b"known"))]
    );
}

fn garbage_ends_with_a_text_that_says_where_and_what_was_expected(way: Way) {
    let good = get_message(1, &action("good"));
    for garbage in [
        "hello?\n",
        "[1]\n\n",
        "\"abc\"\n",
        "{\"ID\":2 \"Command\":\"get\"}\n\n",
    ] {
        let place = way.place();
        let mut helper = place.helper();
        helper.next_id();
        helper.write(&good);
        helper.write(garbage);
        let ending = helper.ending();
        assert_eq!(ending.status.code(), Some(2), "{garbage}: {ending:?}");
        assert!(
            ending.unanswered.is_empty(),
            "what came before it is answered: {ending:?}"
        );
        let position = format!("byte {}", good.len());
        assert!(
            ending.stderr.contains(&position),
            "{garbage} is at {position}: {ending:?}"
        );
        assert!(ending.stderr.contains("expected"), "{ending:?}");
    }
}

fn a_request_cut_short_is_garbage(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    helper.write("{\"ID\":1,\"Command\":\"ge");
    let ending = helper.ending();
    // A go command that is killed in mid-request leaves this; it is no fault of the cache.
    assert!(
        matches!(ending.status.code(), Some(0 | 2)),
        "it ends by itself: {ending:?}"
    );
}
