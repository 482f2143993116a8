use super::*;

#[test]
fn fuzz_messages() {
    cachewarden_fuzz::fuzz("messages", fuzzing::messages);
}

/// The layout that both sides keep in all versions.
#[test]
fn messages_are_as_documented() {
    let refused = Frame::Refused(Refused::new("no-tenant", "no"));
    let bytes = refused.encode().expect("a frame");
    let body = b"{\"code\":\"no-tenant\",\"text\":\"no\"}";
    assert_eq!(bytes, [&[2, body.len() as u8, 0, 0, 0][..], body].concat());
    let hello = Hello::new(Want::Whoami).encode().expect("a hello");
    let body = b"{\"version\":1,\"want\":\"whoami\",\"verbose\":false}";
    assert_eq!(hello, [&[body.len() as u8, 0, 0, 0][..], body].concat());
}

#[test]
fn what_is_too_large_is_not_sent() {
    let frame = Frame::Answers(vec![0; MAX_BODY + 1]);
    assert!(matches!(frame.encode(), Err(WireError::TooLarge { .. })));
    let hello = Hello {
        settings: Some("x".repeat(MAX_HELLO)),
        ..Hello::new(Want::Session)
    };
    let error = hello.encode().expect_err("too large").to_string();
    assert!(error.contains("may have 65536"), "{error}");
    let refused = Frame::Refused(Refused::new("hello", "ä".repeat(MAX_BODY)));
    assert!(refused.encode().is_ok());
}

/// No more is held than has arrived.
#[test]
fn a_length_alone_takes_no_memory() {
    let mut frames = FrameReader::default();
    frames.take(&[5, 0, 0, 1, 0]);
    assert!(matches!(frames.next_frame(), Ok(None)));
    assert!(format!("{frames:?}").len() < 100);
    let mut hello = HelloReader::default();
    let length = (MAX_HELLO as u32).to_le_bytes();
    assert!(matches!(hello.take(&length), Ok(None)));
    assert!(format!("{hello:?}").len() < 100);
}
