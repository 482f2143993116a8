//! What must hold for any bytes on the socket, in either direction.

use super::*;

/// The same messages come out, and the same end, however the bytes arrive; a message that was read
/// is written as one that says the same.
pub fn messages(bytes: &[u8]) {
    let (frames, hello) = (frames_of(bytes, bytes.len()), hello_of(bytes, bytes.len()));
    for step in [1, 3, 61] {
        assert_eq!(frames_of(bytes, step), frames, "in steps of {step}");
        let same = hello_of(bytes, step);
        // Bytes after a hello are seen only where they arrive together with its end.
        let is_followed = matches!(hello, Err(ref error) if error.contains("follow"));
        assert!(is_followed || same == hello, "{same:?} {hello:?}");
    }
    for frame in frames.0 {
        let again = frame.encode();
        // A text that was not UTF-8 may have grown.
        if let Ok(again) = again {
            assert_eq!(frames_of(&again, again.len()).0, [frame]);
        }
    }
    if let Ok(Some(hello)) = hello {
        let again = hello.encode().expect("a hello that was read");
        assert_eq!(hello_of(&again, again.len()), Ok(Some(hello)));
    }
}

fn frames_of(bytes: &[u8], step: usize) -> (Vec<Frame>, Option<String>) {
    let mut reader = FrameReader::default();
    let mut frames = Vec::new();
    for part in bytes.chunks(step.max(1)) {
        reader.take(part);
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error.to_string())),
            }
        }
    }
    (frames, None)
}

fn hello_of(bytes: &[u8], step: usize) -> Result<Option<Hello>, String> {
    let mut reader = HelloReader::default();
    for part in bytes.chunks(step.max(1)) {
        let hello = reader.take(part).map_err(|error| error.to_string())?;
        if hello.is_some() {
            return Ok(hello);
        }
    }
    Ok(None)
}
