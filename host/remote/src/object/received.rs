//! The bytes of an object, as the thread that decodes them reads them.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use crate::tiers::Taken;

/// The bytes that were received; `None` behind the last of them.
pub(super) struct Received {
    receiver: mpsc::UnboundedReceiver<Option<(Bytes, Taken)>>,
    part: Option<(Bytes, Taken)>,
    pub(super) end: End,
}

/// Whether bytes have come to their end.
#[derive(Clone, Copy)]
pub(super) enum End {
    NotYet,
    /// All have come that there are.
    Whole,
    /// The service has failed.
    Cut,
}

impl Received {
    pub(super) fn by(receiver: mpsc::UnboundedReceiver<Option<(Bytes, Taken)>>) -> Self {
        Self {
            receiver,
            part: None,
            end: End::NotYet,
        }
    }
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.part {
                Some((part, _)) if part.has_remaining() => {
                    let count = part.remaining().min(buffer.len());
                    part.copy_to_slice(&mut buffer[..count]);
                    return Ok(count);
                }
                // Its room is given back first.
                _ => self.part = None,
            }
            match (self.end, self.receiver.blocking_recv()) {
                (_, Some(Some(part))) => self.part = Some(part),
                (End::NotYet, None) => self.end = End::Cut,
                (End::NotYet, Some(None)) => self.end = End::Whole,
                (End::Whole | End::Cut, _) => return Ok(0),
            }
        }
    }
}
