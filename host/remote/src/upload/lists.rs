//! Names segments in the list of their scope, where a service does not list its keys.
//!
//! What always holds: a segment is written before a list names it, and stays when none does any more,
//! since a list of a moment ago may be written again. The list is read, changed and written at once,
//! and looked at once more: of two uploads at the same moment, the one that has lost its segment
//! mostly finds that out and names it again. What is lost nevertheless is a miss, and whoever builds
//! it sends it again. A name stays in the list until its segment is gone or merged, or has been damaged
//! for long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_types::ScopeName;

use crate::format::{EntryError, MAX_SEGMENT, Segment, list_key, segment_time};
use crate::index::ScopeIndex;
use crate::service::ServiceError;

use super::pace::with_pauses;
use super::packs::Packs;

/// A segment that is named and not there may be so new that the service does not show it yet. After
/// this time it is gone.
const LATE: Duration = Duration::from_secs(60 * 60);

/// A damaged segment is named for so long, as by a prune it would stay for days: it may be on the way to
/// this machine alone that it was damaged, and then a second look finds the same. Until then sessions
/// fetch it again and again.
const DAMAGED: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How often the list is read, and written where it is not as it should be.
const LOOKS: usize = 2;

impl Packs<'_> {
    /// The segments of a scope that a list can go without: those that are not there, and those that
    /// have been damaged for long, also where they are read once more.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn useless(&self, index: &ScopeIndex) -> Result<Vec<String>, ServiceError> {
        let mut useless: Vec<_> = index
            .gone
            .iter()
            .filter(|key| is_older(key, LATE))
            .cloned()
            .collect();
        for (key, error) in &index.damaged {
            let is_old_segment = segment_time(key).is_some() && is_older(key, DAMAGED);
            if is_old_segment && matches!(error, EntryError::Malformed(_)) {
                let again = with_pauses(|| self.service.read(key, MAX_SEGMENT)).await;
                let is_whole = match again {
                    Err(error) if error.is_of_value() => false,
                    again => again?.is_some_and(|value| Segment::from_value(key, &value).is_ok()),
                };
                if !is_whole {
                    useless.push(key.clone());
                }
            }
        }
        Ok(useless)
    }

    /// Adds segments to the list of a scope, and leaves others out. Returns how many bytes were
    /// written.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn change_list(
        &self,
        scope: &ScopeName,
        with: &[String],
        without: &[String],
    ) -> Result<u64, ServiceError> {
        let key = list_key(scope);
        let mut written = 0;
        for _ in 0..LOOKS {
            let before = match with_pauses(|| self.reader().list(scope)).await? {
                // Of a later version, which may have written more than this one knows.
                Err(EntryError::Form { .. }) => return Err(ServiceError::LaterForm { key }),
                // A damaged one is replaced.
                list => list.unwrap_or_default(),
            };
            let after = before.with_and_without(with, without);
            if after == before {
                break;
            }
            let value = after.to_value();
            written += value.len() as u64;
            with_pauses(|| self.service.write_latest(&key, value.clone())).await?;
        }
        Ok(written)
    }
}

/// Whether a segment of this key was written so long ago.
fn is_older(key: &str, age: Duration) -> bool {
    let written = segment_time(key).unwrap_or(UNIX_EPOCH);
    written + age < SystemTime::now()
}
