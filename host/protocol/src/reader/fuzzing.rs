//! What must hold for any stream.

use super::*;

/// The same requests and bodies come out, and the same end, however the stream is cut.
pub fn protocol(bytes: &[u8]) {
    let at_once = all_of(bytes);
    for step in [1, 2, 3, 61] {
        assert_eq!(all_of(Trickle(bytes, step)), at_once, "in steps of {step}");
    }
}

/// Everything that a stream gives, request by request, and how it ends.
fn all_of(stream: impl Read) -> Vec<String> {
    let mut reader = RequestReader::in_memory(stream);
    let mut all = Vec::new();
    loop {
        match reader.next_request() {
            Ok(Some(request)) => {
                all.push(format!("{request:?}"));
                // Every third body is passed over unread.
                if request.id % 3 != 0 {
                    all.push(format!("{:?}", read_body(&mut reader)));
                }
            }
            Err(ProtocolError::NotTheProtocol { offset, .. }) => {
                all.push(format!("garbage at {offset}"));
                return all;
            }
            end => {
                all.push(format!("{end:?}"));
                return all;
            }
        }
    }
}

/// A stream that gives a few bytes at a time.
pub(super) struct Trickle<'bytes>(pub(super) &'bytes [u8], pub(super) usize);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// All of the body that comes next.
pub(super) fn read_body<R: Read>(reader: &mut RequestReader<R>) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(part) = reader.next_part()? {
        body.extend_from_slice(part);
    }
    Ok(body)
}
