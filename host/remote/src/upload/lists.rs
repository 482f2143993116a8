//! Names segments in the list of their scope, where a service does not list its keys.
//!
//! What always holds: a segment is written before a list names it, and stays when none does any more,
//! since a list of a moment ago may be written again. The list is read, changed and written at once,
//! and looked at once more: of two uploads at the same moment, the one that has lost its segment
//! mostly finds that out and names it again. What is lost nevertheless is a miss, and whoever builds
//! it sends it again. A name stays in the list until its segment is gone or merged.

use cachewarden_types::ScopeName;

use crate::format::{EntryError, list_key};
use crate::service::ServiceError;

use super::pace::with_pauses;
use super::packs::Packs;

/// How often the list is read, and written where it is not as it should be.
const LOOKS: usize = 2;

impl Packs<'_> {
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
