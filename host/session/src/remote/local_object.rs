//! An object that a tier names and that is on this machine already: it is not fetched.

use std::io;
use std::sync::Arc;
use std::thread;

use cachewarden_store::Store;
use cachewarden_types::Digest;

use super::{Arrival, TierObject};
use crate::waiting::IN_BACKGROUND_FROM;

/// An object that is on this machine already, under the name that a tier's entry gives.
pub(crate) struct LocalObject {
    pub(super) store: Arc<Store>,
    pub(super) output: Digest,
}

impl LocalObject {
    fn read(&self, arrival: &mut Arrival) -> io::Result<()> {
        self.store
            .read_object(&self.output, |part| arrival.take(part))
            .map(drop)
    }
}

impl TierObject for LocalObject {
    fn fetch(self: Box<Self>, mut arrival: Arrival) {
        let size = arrival.size();
        let mut read = move || {
            if self.read(&mut arrival).is_ok() {
                arrival.finish();
            }
        };
        match size < IN_BACKGROUND_FROM {
            true => read(),
            // Where the system has no thread, the object has not arrived.
            false => drop(thread::Builder::new().name("read".into()).spawn(read)),
        }
    }
}
