//! A session's requests, counted: how much it uploads, how fast, and whether it may write more.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use cachewarden_protocol::{BodyError, Command, ProtocolError, Request, RequestSource};

use super::Upload;
use crate::usage::SessionUsage;

/// What a client is told whose tenant has written more than it may without keeping it.
const TOO_MUCH: &str = "the tenant has written as many bytes as it may without keeping them (quota.unkept-bytes); puts are errors until the older of these bytes no longer count, which takes at most three hours";

/// Requests of another source.
pub(crate) struct MeteredSource<S> {
    source: S,
    usage: Arc<SessionUsage>,
    upload: Arc<Upload>,
}

impl<S: RequestSource> MeteredSource<S> {
    /// Counts what comes from `source`.
    pub(crate) fn new(source: S, usage: Arc<SessionUsage>, upload: Arc<Upload>) -> Self {
        Self {
            source,
            usage,
            upload,
        }
    }
}

impl<S: RequestSource> RequestSource for MeteredSource<S> {
    fn is_ready(&self) -> bool {
        self.source.is_ready()
    }

    fn is_body_ready(&self) -> bool {
        self.source.is_body_ready()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.source.descriptor()
    }

    fn next_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        self.upload.end();
        let Some(request) = self.source.next_request()? else {
            return Ok(None);
        };
        let Command::Put { .. } = request.command else {
            return Ok(Some(request));
        };
        self.upload.begin();
        match self.usage.may_write() {
            true => {
                self.usage.receive_object();
                Ok(Some(request))
            }
            false => Ok(Some(Request {
                command: Command::Unusable(TOO_MUCH.to_owned()),
                ..request
            })),
        }
    }

    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError> {
        let part = self.source.next_part();
        match &part {
            Ok(Some(bytes)) => {
                let bytes = bytes.len() as u64;
                self.upload.add(bytes);
                self.usage.received(bytes);
            }
            Ok(None) | Err(_) => self.upload.end(),
        }
        part
    }
}
