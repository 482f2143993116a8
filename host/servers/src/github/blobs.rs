//! Enough of Azure Blob Storage for signed addresses: a blob is put whole or in blocks, and read
//! whole or in part.

use std::collections::BTreeMap;

use super::exchange::{Answer, Request};

#[derive(Default)]
pub(super) struct Blobs(Vec<Blob>);

#[derive(Default)]
struct Blob {
    blocks: BTreeMap<String, Vec<u8>>,
    bytes: Option<Vec<u8>>,
}

impl Blobs {
    /// A new blob, which has no bytes yet.
    pub(super) fn make(&mut self) -> usize {
        self.0.push(Blob::default());
        self.0.len() - 1
    }

    pub(super) fn size(&self, blob: usize) -> Option<u64> {
        let bytes = self.0[blob].bytes.as_ref();
        bytes.map(|bytes| bytes.len() as u64)
    }

    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        let number = request.path.strip_prefix("/blobs/");
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let is_signed = request.parameter("sig") == Some("signed");
        let Some(blob) = number.and_then(|number| self.0.get_mut(number)) else {
            return Answer::new(404, Vec::new());
        };
        match (&*request.method, request.parameter("comp")) {
            _ if !is_signed => Answer::new(403, Vec::new()),
            ("PUT", None) => {
                blob.bytes = Some(request.body.clone());
                Answer::new(201, Vec::new())
            }
            ("PUT", Some("block")) => {
                let id = request.parameter("blockid").unwrap_or_default();
                // The list has it without escapes.
                let id = id
                    .replace("%3D", "=")
                    .replace("%2B", "+")
                    .replace("%2F", "/");
                blob.blocks.insert(id, request.body.clone());
                Answer::new(201, Vec::new())
            }
            ("PUT", Some("blocklist")) => blob.join(&String::from_utf8_lossy(&request.body)),
            ("GET" | "HEAD", _) => blob.read(request.header("range")),
            _ => Answer::new(405, Vec::new()),
        }
    }
}

impl Blob {
    /// Makes the blob of the blocks that a list names: `<Latest>ID</Latest>`, or uncommitted ones.
    fn join(&mut self, list: &str) -> Answer {
        let list = list.replace("Uncommitted>", "Latest>");
        let ids = list.split("<Latest>").skip(1);
        let mut bytes = Vec::new();
        for id in ids.filter_map(|id| id.split("</Latest>").next()) {
            match self.blocks.get(id) {
                Some(block) => bytes.extend_from_slice(block),
                None => return Answer::new(400, Vec::new()),
            }
        }
        self.bytes = Some(bytes);
        Answer::new(201, Vec::new())
    }

    /// The bytes, or those of a range such as `bytes=0-99` or `bytes=100-`.
    fn read(&self, range: Option<&str>) -> Answer {
        let Some(bytes) = &self.bytes else {
            return Answer::new(404, Vec::new());
        };
        let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
            return Answer::new(200, bytes.clone());
        };
        let length = bytes.len();
        let (begin, end) = range.split_once('-').unwrap_or((range, ""));
        let begin: usize = begin.parse().unwrap_or(0);
        let end = end
            .parse()
            .map_or(length, |last: usize| length.min(last + 1));
        if begin >= end {
            return Answer::new(416, Vec::new()).with("Content-Range", format!("bytes */{length}"));
        }
        let place = format!("bytes {begin}-{}/{length}", end - 1);
        Answer::new(206, bytes[begin..end].to_vec()).with("Content-Range", place)
    }
}
