//! Whether an answer to a listing is one: a proxy may answer with a page that asks to sign in, and the
//! library takes any XML for a listing without names.
//!
//! What always holds: an answer whose root is not that of the service's listings is a failure, and
//! never an empty listing. Only its first bytes are looked at, as they pass.

use std::future::ready;

use futures_util::{StreamExt, stream};
use opendal::{Buffer, Error, ErrorKind, HttpBody};

use crate::service_kind::ServiceKind;

/// The first bytes of an answer, in which its root has to begin. What services write before it has some
/// fifty.
const MAX_HEAD: usize = 1024;

/// The mark that some programs write before a text of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The fields of a listing of Google Cloud Storage, by its reference
/// (`storage/docs/json_api/v1/objects/list`). Which comes first is not said there.
const OBJECTS: &[&[u8]] = &[b"kind", b"nextPageToken", b"prefixes", b"items"];

/// What the listings of a service are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// XML with an element of this name, with any prefix before it, around all.
    Element(&'static [u8]),
    /// An object of JSON whose first field has one of these names, or that has none.
    Object(&'static [&'static [u8]]),
}

/// What is known of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Listing,
    Other,
    /// There are too few bytes yet.
    Open,
}

impl Root {
    /// The root of a service's listings; `None` where it has none, or they do not come over HTTP.
    pub(super) fn of(kind: ServiceKind) -> Option<Self> {
        match kind {
            ServiceKind::S3 => Some(Self::Element(b"ListBucketResult")),
            ServiceKind::Webdav | ServiceKind::WebdavHttp => Some(Self::Element(b"multistatus")),
            ServiceKind::Azblob => Some(Self::Element(b"EnumerationResults")),
            ServiceKind::Gcs => Some(Self::Object(OBJECTS)),
            ServiceKind::Redis | ServiceKind::Memcached | ServiceKind::Ghac | ServiceKind::File => {
                None
            }
        }
    }

    /// A body that is an error where it has another root.
    pub(super) fn check(self, body: HttpBody) -> HttpBody {
        // `None` once it is known that this is a listing.
        let mut head = Some(Vec::new());
        body.map_inner(|pieces| {
            let pieces = pieces.map(Some).chain(stream::iter([None]));
            Box::new(pieces.filter_map(move |piece| {
                ready(match piece {
                    Some(Ok(piece)) => Some(self.look(&mut head, &piece).map(|()| piece)),
                    Some(Err(error)) => Some(Err(error)),
                    None => head.is_some().then(|| Err(no_listing())),
                })
            }))
        })
    }

    fn look(self, head: &mut Option<Vec<u8>>, piece: &Buffer) -> opendal::Result<()> {
        let Some(bytes) = head else {
            return Ok(());
        };
        let room = MAX_HEAD.saturating_sub(bytes.len());
        bytes.extend(piece.slice(..room.min(piece.len())).to_vec());
        match self.found(bytes) {
            Found::Listing => *head = None,
            Found::Open if bytes.len() < MAX_HEAD => {}
            Found::Open | Found::Other => return Err(no_listing()),
        }
        Ok(())
    }

    fn found(self, head: &[u8]) -> Found {
        if BYTE_ORDER_MARK.starts_with(head) {
            return Found::Open;
        }
        let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
        match self {
            Self::Object(fields) => object(text.trim_ascii_start(), fields),
            Self::Element(root) => match without_prolog(text) {
                None => Found::Open,
                Some(text) => element(text, root),
            },
        }
    }
}

/// What is behind the white space, the declarations and the comments before the root; `None` where one
/// of these is not over.
fn without_prolog(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = text.trim_ascii_start();
        let part = [(&b"<?"[..], &b"?>"[..]), (b"<!--", b"-->")];
        let part = part.iter().find(|(begin, _)| text.starts_with(begin));
        let Some((begin, end)) = part else {
            return Some(text);
        };
        let rest = &text[begin.len()..];
        let at = rest.windows(end.len()).position(|part| part == *end)?;
        text = &rest[at + end.len()..];
    }
}

/// Whether a text begins with an element of this name.
fn element(text: &[u8], root: &[u8]) -> Found {
    let Some(rest) = text.strip_prefix(b"<") else {
        return match text {
            [] => Found::Open,
            _ => Found::Other,
        };
    };
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let Some(end) = rest.iter().position(is_end) else {
        return Found::Open;
    };
    let name = rest[..end].rsplit(|byte| *byte == b':').next();
    match name == Some(root) {
        true => Found::Listing,
        false => Found::Other,
    }
}

/// Whether a text begins with an object whose first field has one of these names.
fn object(text: &[u8], fields: &[&[u8]]) -> Found {
    let name = match text {
        [b'{', rest @ ..] => rest.trim_ascii_start(),
        [] => return Found::Open,
        _ => return Found::Other,
    };
    let name = match name {
        [b'"', name @ ..] => name,
        [b'}', ..] => return Found::Listing,
        [] => return Found::Open,
        _ => return Found::Other,
    };
    match name.iter().position(|byte| *byte == b'"') {
        None => Found::Open,
        Some(end) if fields.contains(&&name[..end]) => Found::Listing,
        Some(_) => Found::Other,
    }
}

fn no_listing() -> Error {
    let text = "the answer to a listing is no listing; a proxy may ask to sign in";
    // The service answers so for a moment, too, with an error whose status is that of success.
    Error::new(ErrorKind::Unexpected, text).set_temporary()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S3: Root = Root::Element(b"ListBucketResult");

    #[test]
    fn a_listing_is_known_by_its_root_in_any_pieces() {
        let (dav, gcs) = (Root::Element(b"multistatus"), Root::Object(OBJECTS));
        let long = format!("<!--{}--><multistatus>", "x".repeat(MAX_HEAD));
        for (root, text, expected) in [
            (S3, "<ListBucketResult>", true),
            (S3, "<ListBucketResult/>", true),
            (
                S3,
                "\u{feff}<?xml version=\"1.0\"?>\r\n<!-- a > b --> <ListBucketResult xmlns=\"x\">",
                true,
            ),
            (dav, "<D:multistatus xmlns:D=\"DAV:\">", true),
            (dav, "<multistatus\nxmlns=\"DAV:\">", true),
            (gcs, "\n {\"items\":[]}", true),
            (gcs, "{\n  \"kind\": \"storage#objects\"\n}", true),
            (gcs, "{ }", true),
            (S3, "<ListBucketResults>", false),
            (S3, "<Error><Code>SlowDown</Code></Error>", false),
            (S3, "<html><ListBucketResult>", false),
            (S3, "<!DOCTYPE html><ListBucketResult>", false),
            (S3, "x <ListBucketResult>", false),
            (S3, "{}", false),
            (S3, "<?xml version=\"1.0\"?>", false),
            (S3, "<!-- <ListBucketResult>", false),
            (S3, "<ListBucketResult", false),
            (S3, "", false),
            (dav, "<html>sign in</html>", false),
            (dav, "<multistatus:html>", false),
            (dav, &long, false),
            (gcs, "{\"error\": {\"code\": 503}}", false),
            (gcs, "{\"message\": \"sign in\", \"items\": []}", false),
            (gcs, "{kind}", false),
            (gcs, "{\"kind", false),
            (gcs, "{", false),
            (gcs, "<html>", false),
            (gcs, "[]", false),
            (gcs, "  ", false),
        ] {
            for size in [1, 2, 5, 4096] {
                let mut head = Some(Vec::new());
                let mut pieces = text.as_bytes().chunks(size);
                let looked = pieces
                    .try_for_each(|piece| root.look(&mut head, &Buffer::from(piece.to_vec())));
                let is_listing = looked.is_ok() && head.is_none();
                assert_eq!(is_listing, expected, "{text:?} by {size}");
            }
        }
    }
}
