//! The other side misbehaves: bodies that are not what was announced, lines without an end, ends at
//! any moment. The same holds for a helper and for a job of a daemon.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use super::*;
use crate::daemon::{Place, Way, each_way};

each_way! {
    input_that_ends_in_mid_body_keeps_nothing_of_it
    a_body_of_another_size_alphabet_or_hash_is_an_err_and_nothing_of_it_is_kept
    a_put_given_up_anywhere_in_its_body_is_forgotten_and_the_next_request_is_found
    an_id_that_is_repeated_is_answered_each_time
    a_line_without_an_end_is_refused_or_passed_over_in_bounded_memory
}

const MEBIBYTE: usize = 1 << 20;

/// A put's request without its body.
pub(super) fn put_head(id: u64, action: &Digest, output: &Digest, size: usize) -> String {
    format!(
        "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{}\",\"OutputID\":\"{}\",\"BodySize\":{size}}}\n\n",
        base64(action),
        base64(output)
    )
}

fn input_that_ends_in_mid_body_keeps_nothing_of_it(way: Way) {
    let body: Vec<u8> = (0..400_000_u32).flat_map(u32::to_le_bytes).collect();
    let whole = put_message(1, &action("cut"), &sha256(&body), &body);
    let start = whole.find("\n\n\"").expect("a body") + 2;
    // Before the body, in its first characters, in mid-quantum, behind what is decoded at once,
    // before its last quote.
    let places = [0, 1, 2, 4, 70_001, 1_000_000, whole.len() - start - 2];
    for position in places {
        let place = way.place();
        let mut helper = place.helper();
        helper.put(&action("known"), b"known").kept();
        helper.next_id();
        helper.write(&whole.as_bytes()[..start + position]);
        let ending = helper.ending();
        assert!(ending.status.success(), "{position}: {ending:?}");
        assert_eq!(ending.stderr, "", "{position}");
        let left = audit(&place.store()).whole();
        assert_eq!((left.entries, left.objects), (1, 1), "{position}");
        assert_eq!(left.temporaries, Vec::<PathBuf>::new(), "{position}");
    }
}

fn a_body_of_another_size_alphabet_or_hash_is_an_err_and_nothing_of_it_is_kept(way: Way) {
    let place = way.place();
    let mut helper = place.helper();
    helper.put(&action("known"), b"known").kept();
    let large: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    let (encoded, output) = (base64(&large), sha256(&large));
    let mut flipped = large.clone();
    flipped[100_000] ^= 1;
    let middle = encoded.len() / 2;
    let wrong = [
        (large.len() - 1, encoded.clone()),
        (large.len() + 1, encoded.clone()),
        (1, encoded.clone()),
        (usize::MAX, encoded.clone()),
        (large.len(), String::new()),
        (large.len(), format!("{encoded}AAAA")),
        (large.len(), encoded[..encoded.len() - 4].to_owned()),
        (large.len(), encoded[..encoded.len() - 1].to_owned()),
        (large.len(), encoded.replace('A', "*")),
        (large.len(), encoded.replace('A', "\\n")),
        (large.len(), encoded.replace('A', "\\u0000")),
        (large.len(), encoded.replace('A', "ä")),
        (
            large.len(),
            format!("{}={}", &encoded[..middle], &encoded[middle..]),
        ),
        (
            large.len(),
            format!("{}\u{0}{}", &encoded[..middle], &encoded[middle..]),
        ),
        (large.len(), base64(&flipped)),
    ];
    for (size, text) in wrong {
        let id = helper.next_id();
        helper.write(put_head(id, &action("large"), &output, size));
        helper.write(format!("\"{text}\"\n"));
        let shown = &text[..text.len().min(10)];
        assert!(!helper.answer(id).error().is_empty(), "{size} {shown}");
        helper.get(&action("large")).miss();
        assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    }
    // And what is right, in an unusual spelling, is taken.
    let id = helper.next_id();
    helper.write(put_head(id, &action("large"), &output, large.len()));
    helper.write(format!(
        "\n \"{}\"\n",
        encoded.replace('A', "\\u0041").replace('/', "\\/")
    ));
    assert_eq!(
        fs::read(helper.answer(id).kept()).expect("the object"),
        large
    );
    helper.close();
    let left = audit(&place.store()).whole();
    assert_eq!(
        (left.entries, left.objects, left.temporaries.len()),
        (2, 2, 0)
    );
}

fn a_put_given_up_anywhere_in_its_body_is_forgotten_and_the_next_request_is_found(way: Way) {
    let place = way.place();
    let body: Vec<u8> = (0..60_000_u32).flat_map(u32::to_le_bytes).collect();
    let text = base64(&body);
    rounds("puts given up", 40, |round| {
        let mut helper = place.helper();
        helper.put(&action("known"), b"known").kept();
        for _ in 0..4 {
            let sent = match round.chance.u8(..3) {
                0 => round.chance.usize(..8),
                1 => 4 * 16 * 1024 + round.chance.usize(..8) - 4,
                _ => round.chance.usize(..text.len()),
            };
            let id = helper.next_id();
            helper.write(put_head(
                id,
                &action("given up"),
                &sha256(&body),
                body.len(),
            ));
            helper.write(format!("\"{}", &text[..sent]));
            // The next request follows on the same line (docs/protocol.md#abandoned-put).
            if round.chance.bool() {
                helper.get(&action("given up")).miss();
            } else {
                helper.put(&action("next"), b"next").kept();
            }
            assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
        }
        let ending = helper.ending();
        assert!(
            ending.status.success() && ending.stderr.is_empty(),
            "{ending:?}"
        );
        assert!(
            ending.unanswered.len() == 4,
            "one that was given up gets no answer: {ending:?}"
        );
        let left = audit(&place.store()).whole();
        assert!(left.objects <= 2 && left.temporaries.is_empty(), "{left:?}");
    });
}

fn an_id_that_is_repeated_is_answered_each_time(way: Way) {
    let place = way.place();
    let requests = [
        get_message(7, &action("one")),
        put_message(7, &action("one"), &sha256(b"one"), b"one"),
        get_message(7, &action("one")),
        "{\"ID\":7,\"Command\":\"what\"}\n\n".to_owned(),
        "{\"ID\":-7,\"Command\":\"close\"}\n\n".to_owned(),
    ];
    let output = speak(&place, requests.concat().as_bytes());
    let answers: Vec<serde_json::Value> = serde_json::Deserializer::from_slice(&output)
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("JSON to the last byte");
    let ids: Vec<_> = answers.iter().map(|answer| answer["ID"].as_i64()).collect();
    assert_eq!(ids, [0, 7, 7, 7, 7, -7].map(Some));
    assert_eq!(answers[1]["Miss"], true);
    assert_eq!(answers[3]["Size"], 3);
    assert!(answers[4]["Err"].is_string());
}

/// Runs a session that is told these bytes; all it answers.
fn speak(place: &Place, input: &[u8]) -> Vec<u8> {
    let mut child = place
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(input)
        .expect("it listens");
    let mut output = Vec::new();
    child
        .stdout
        .take()
        .expect("stdout")
        .read_to_end(&mut output)
        .expect("it ends");
    assert!(child.wait().expect("it ends").success());
    output
}

fn a_line_without_an_end_is_refused_or_passed_over_in_bounded_memory(way: Way) {
    // Many times the memory that it may take. What a daemon's session does with it is the same; a
    // part of it shows that.
    let mebibytes = match way {
        Way::Plain => 128,
        Way::Connected | Way::Relayed => 32,
    };
    let output = sha256(b"never");
    let head = put_head(2, &action("endless"), &output, 3);
    let endless = put_head(2, &action("endless"), &output, 1 << 40);
    // What comes before, what then comes without an end, and how the helper ends.
    for (before, filler, status) in [
        ("{\"ID\":2,\"Command\":\"".to_owned(), "x", 2),
        (
            "{\"ID\":2,\"Command\":\"get\",\"Later\":".to_owned(),
            "[",
            2,
        ),
        (
            "{\"ID\":2,\"Command\":\"get\",\"Later\":[".to_owned(),
            "1,",
            2,
        ),
        (String::new(), "A", 2),
        (String::new(), " \n\t\r", 0),
        (format!("{head}\""), "AAAA", 0),
        (format!("{head}\""), "!", 0),
        (format!("{head}\""), "\\u0041", 0),
        (format!("{endless}\""), "AAAA", 0),
        (head.clone(), " \n", 0),
    ] {
        let place = way.place();
        let mut helper = place.helper();
        helper.put(&action("known"), b"known").kept();
        helper.next_id();
        let server = place.server_of(helper.process());
        let memory = peak_memory(server);
        helper.write(&before);
        let part = filler.repeat(MEBIBYTE / filler.len());
        let mut peak = memory;
        for _ in 0..mebibytes * MEBIBYTE / part.len() {
            if helper.input().write_all(part.as_bytes()).is_err() {
                break;
            }
            // Where it has ended by now, the last look counts.
            peak = peak.max(peak_memory_if_there(server).unwrap_or(0));
        }
        let extra = peak - memory;
        assert!(
            extra < 8 * 1024,
            "{before:?}, then {filler:?}: {extra} KiB more"
        );
        let ending = helper.ending();
        assert_eq!(
            ending.status.code(),
            Some(status),
            "{before:?}, then {filler:?}: {ending:?}"
        );
        assert!(ending.stderr.len() < 1000, "{ending:?}");
        let left = audit(&place.store()).whole();
        assert_eq!((left.entries, left.temporaries.len()), (1, 0), "{left:?}");
    }
}
