//! In place of Redis, in a program that was built without.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use opendal::{Error, ErrorKind};

use super::BytesStream;

/// There is none.
#[derive(Debug)]
pub(super) enum Redis {}

impl Redis {
    pub(super) fn new(_: &BTreeMap<String, String>) -> opendal::Result<Self> {
        let text = "this program was built without Redis";
        Err(Error::new(ErrorKind::Unsupported, text))
    }

    pub(super) fn open(redis: &Arc<Self>, _: &str, _: Range<u64>) -> BytesStream {
        match **redis {}
    }

    pub(super) async fn write(&self, _: &str, _: Vec<u8>) -> opendal::Result<()> {
        match *self {}
    }

    pub(super) async fn delete(&self, _: &str) -> opendal::Result<()> {
        match *self {}
    }

    pub(super) async fn has(&self, _: &str) -> opendal::Result<bool> {
        match *self {}
    }
}
