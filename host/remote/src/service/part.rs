//! Parts of values, from servers that give the whole value instead.
//!
//! What always holds: whoever asks for a part gets bytes of that part alone. A server may ignore
//! which part is asked for (RFC 9110, 14.2), and does then not say so but by its status.

use std::future::ready;

use futures_util::{StreamExt, stream};
use http::header::{CONTENT_LENGTH, RANGE};
use http::response;
use http::{HeaderMap, HeaderValue, StatusCode};
use opendal::{Buffer, Error, ErrorKind, HttpBody};

/// The most bytes before a part that are read in vain. A pack has some 8 MiB, and an object in it at most
/// 4 MiB; a row may name any place.
const MOST_BEFORE: u64 = 16 << 20;

/// The part of a value that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    begin: u64,
    length: u64,
}

impl Part {
    /// What these headers of a request ask for: `bytes=7-9`.
    pub(super) fn asked(headers: &HeaderMap) -> Option<Self> {
        let range = headers.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
        let (begin, last) = range.split_once('-')?;
        let (begin, last): (u64, u64) = (begin.parse().ok()?, last.parse().ok()?);
        let length = last.checked_sub(begin)?.checked_add(1)?;
        Some(Self { begin, length })
    }

    /// The part of an answer that may have the whole value. What is before it is read, and what is
    /// behind it is not.
    ///
    /// # Errors
    /// When it is not in the value, or begins further back than in any that has parts.
    pub(super) fn of(
        self,
        head: &mut response::Parts,
        body: HttpBody,
    ) -> opendal::Result<HttpBody> {
        if head.status != StatusCode::OK {
            return Ok(body);
        }
        if self.begin > MOST_BEFORE {
            let text = format!(
                "the server gives no parts of values, and more than {MOST_BEFORE} bytes are before this one"
            );
            return Err(Error::new(ErrorKind::RangeNotSatisfied, text));
        }
        head.status = StatusCode::PARTIAL_CONTENT;
        let whole = head.headers.get(CONTENT_LENGTH);
        let whole = whole.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if let Some(whole) = whole {
            if whole <= self.begin {
                let text = "the value has fewer bytes";
                return Err(Error::new(ErrorKind::RangeNotSatisfied, text));
            }
            let length = whole.saturating_sub(self.begin).min(self.length);
            let length = HeaderValue::from(length);
            head.headers.insert(CONTENT_LENGTH, length);
        }
        // The body knows how many bytes the whole has, and would miss the others.
        let mut part = HttpBody::new(stream::empty(), None);
        drop(body.map_inner(|whole| {
            let pieces = whole.scan(self, |left, piece| {
                ready((left.length > 0).then(|| piece.map(|piece| left.take(&piece))))
            });
            // A piece without bytes would be the end.
            let has_bytes = |piece: &opendal::Result<Buffer>| {
                ready(!piece.as_ref().is_ok_and(|piece| piece.is_empty()))
            };
            part = HttpBody::new(pieces.filter(has_bytes), None);
            Box::new(stream::empty())
        }));
        Ok(part)
    }

    /// What of the next bytes is in the part; from then on it is what is left.
    fn take(&mut self, bytes: &Buffer) -> Buffer {
        let size = bytes.len() as u64;
        let begin = self.begin.min(size);
        let length = self.length.min(size - begin);
        self.begin -= begin;
        self.length -= length;
        bytes.slice(begin as usize..(begin + length) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_out_of_bytes_that_come_in_any_pieces() {
        let whole: Vec<u8> = (0..100).collect();
        for (begin, length) in [(0, 1), (0, 100), (7, 13), (99, 1), (50, 50), (99, 9)] {
            for size in [1, 3, 7, 100] {
                let mut part = Part { begin, length };
                let mut taken = Vec::new();
                for piece in whole.chunks(size) {
                    taken.extend(part.take(&Buffer::from(piece.to_vec())).to_vec());
                }
                let end = (begin + length).min(100) as usize;
                assert_eq!(taken, whole[begin as usize..end], "{begin} {length} {size}");
            }
        }
    }

    #[test]
    fn the_header_of_a_part_is_read() {
        let asked = |value: &'static str| {
            let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static(value))]);
            Part::asked(&headers)
        };
        let (begin, length) = (7, 3);
        assert_eq!(asked("bytes=7-9"), Some(Part { begin, length }));
        for other in [
            "bytes=7-",
            "bytes=-7",
            "bytes=9-7",
            "items=1-2",
            "",
            "bytes=0-18446744073709551615",
        ] {
            assert_eq!(asked(other), None, "{other}");
        }
        assert_eq!(Part::asked(&HeaderMap::new()), None);
    }
}
