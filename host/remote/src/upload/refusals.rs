//! What a service has not taken, and whether it counts as dead for that.
//!
//! What always holds: values that a service never takes do not keep others from it for ever. An
//! upload that they end leaves them in the outbox. Where they would end the next one too, though the
//! service takes another value, they are given up, and it goes on behind them.

use crate::format::{FORMAT_KEY, format_marker};
use crate::service::Service;

use super::pace::with_pauses;

/// Values that may be refused one after another before the service counts as dead. Each was tried
/// several times.
pub(super) const REFUSED_IN_A_ROW: usize = 8;

/// What becomes of values that were refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused<Value> {
    /// They stay in the outbox, and the upload goes on.
    Stay,
    /// These are given up, and the upload goes on.
    GivenUp(Vec<Value>),
    /// The upload ends: the service counts as dead.
    Dead,
}

/// The values that a service has refused one after another.
pub(super) struct Refusals<Value> {
    service: Service,
    /// Whether the upload before this one has failed, too.
    gives_up: bool,
    in_a_row: Vec<Value>,
}

impl<Value> Refusals<Value> {
    pub(super) fn of(service: &Service, gives_up: bool) -> Self {
        Self {
            service: service.clone(),
            gives_up,
            in_a_row: Vec::new(),
        }
    }

    /// Takes note that the service has taken a value.
    pub(super) fn taken(&mut self) {
        self.in_a_row.clear();
    }

    /// Takes note of a value that the service has refused.
    pub(super) async fn refused(&mut self, value: Value) -> Refused<Value> {
        self.in_a_row.push(value);
        if self.in_a_row.len() < REFUSED_IN_A_ROW {
            return Refused::Stay;
        }
        match self.gives_up && self.is_alive().await {
            true => Refused::GivenUp(std::mem::take(&mut self.in_a_row)),
            false => Refused::Dead,
        }
    }

    /// Whether the service takes the marker of the format, which it has taken before.
    async fn is_alive(&self) -> bool {
        let marker = format_marker().into_bytes();
        let written = with_pauses(|| self.service.write(FORMAT_KEY, marker.clone())).await;
        written.is_ok()
    }
}
