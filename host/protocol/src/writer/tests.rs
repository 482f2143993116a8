//! Tests of the writer, on pipes.

use super::*;
use std::io::{BufRead, BufReader};

use cachewarden_types::Code;

#[test]
fn the_sender_never_waits_for_a_slow_reader_and_nothing_is_lost() {
    let (reader, writer) = io::pipe().unwrap();
    let mut sink = ResponseWriter::new(writer);
    let count = 50_000;
    for id in 0..count {
        sink.send(&Response::Miss(id)).unwrap();
        if id % 3 == 0 {
            sink.flush().unwrap();
        }
    }
    let lines = thread::spawn(move || {
        BufReader::new(reader)
            .lines()
            .map(|line| line.unwrap())
            .collect::<Vec<_>>()
    });
    sink.finish().unwrap();
    drop(sink);
    let lines = lines.join().unwrap();
    assert_eq!(lines.len(), count as usize);
    for (id, line) in lines.iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["ID"], id);
    }
}

/// A stream whose frames must be sent as a whole takes nothing at once, and loses nothing.
#[test]
fn a_stream_may_have_its_own_way_to_write_without_blocking() {
    let (reader, writer) = io::pipe().unwrap();
    let mut sink = ResponseWriter::with(writer, |_, _| Ok(0));
    for id in 0..10_000 {
        sink.send(&Response::Miss(id)).unwrap();
        sink.flush().unwrap();
    }
    let lines = thread::spawn(move || BufReader::new(reader).lines().count());
    sink.finish().unwrap();
    drop(sink);
    assert_eq!(lines.join().unwrap(), 10_000);
}

#[test]
fn what_waits_for_a_reader_is_bounded_in_bytes_however_long_each_answer_is() {
    const LENGTH: usize = 60_000;
    let most = MAX_PENDING + LENGTH + 100;
    let count = 3 * MAX_PENDING / LENGTH;
    let (reader, writer) = io::pipe().unwrap();
    let mut sink = ResponseWriter::new(writer);
    let shared = Arc::clone(&sink.shared);
    let sender = thread::spawn(move || {
        for id in 0..count {
            let answer = Response::Failed(id as i64, Code::InvalidRequest, "x".repeat(LENGTH));
            sink.send(&answer).unwrap();
            let waiting = sink.shared.lock().bytes();
            assert!(waiting <= most, "{waiting} bytes wait");
        }
        sink.finish().unwrap();
    });
    // The client reads nothing until the bound is reached.
    while shared.lock().bytes() + 2 * LENGTH < MAX_PENDING {
        thread::yield_now();
    }
    drop(shared);
    let lines = BufReader::new(reader)
        .lines()
        .take(count)
        .map(Result::unwrap);
    assert_eq!(lines.filter(|line| line.len() > LENGTH).count(), count);
    sender.join().unwrap();
}

#[test]
fn a_reader_that_is_gone_is_an_error_and_not_a_hang() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut sink = ResponseWriter::new(writer);
    sink.send(&Response::Miss(1)).unwrap();
    assert_eq!(sink.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
