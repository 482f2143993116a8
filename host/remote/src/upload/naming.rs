//! Names in the index what was sent in packs, and keeps the number of its segments small.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use cachewarden_types::{Digest, ScopeName};

use crate::format::{
    MAX_ROWS, RemoteEntry, Segment, Stored, index_prefix, segment_key, wanted_key,
};
use crate::index::ScopeIndex;
use crate::service::ServiceError;

use super::pace::with_pauses;
use super::packs::Packs;
use super::{Outcome, UploadError, Uploaded};

/// A scope with so many segments has them merged by the next upload: a session fetches each of those
/// that it has not, in a request.
const MERGE_FROM: usize = 16;

/// A segment with more entries is not merged any more.
const LARGE: usize = MAX_ROWS / 4;

impl Packs<'_> {
    /// Names all that was sent: from now on it is in the tier.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn name_rows(&mut self, uploaded: &mut Uploaded) -> Result<(), ServiceError> {
        self.settle(uploaded).await?;
        let mut scopes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (scope, action, entry) in std::mem::take(&mut self.rows) {
            scopes.entry(scope).or_default().push((action, entry));
        }
        for (scope, rows) in scopes {
            for rows in rows.chunks(MAX_ROWS - LARGE) {
                match self.name_in(&scope, rows).await {
                    Ok(written) => {
                        for _ in rows {
                            uploaded.count(Outcome::Sent { bytes: 0 });
                        }
                        uploaded.bytes += written;
                    }
                    // One scope must not keep all others from it.
                    Err(error @ ServiceError::Denied(_)) => {
                        uploaded.failed += rows.len() as u64;
                        self.denied.insert(scope.clone());
                        let scope = scope.clone();
                        let source = error;
                        self.failure = Some(UploadError::Scope { scope, source });
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        self.write_wanted().await
    }

    /// Writes a segment with these entries of a scope. Returns how many bytes it has.
    async fn name_in(
        &mut self,
        scope: &ScopeName,
        rows: &[(Digest, RemoteEntry)],
    ) -> Result<u64, ServiceError> {
        let index = self.scopes.remove(scope).unwrap_or_default();
        let (mut rows, mut merged) = (rows.to_vec(), Vec::new());
        if index.segments.len() >= MERGE_FROM && self.may_remove(scope).await {
            merged = merge_into(&mut rows, &index, &self.there);
        }
        let value = Segment::to_value(&rows);
        let key = segment_key(scope, SystemTime::now(), &value);
        let length = value.len() as u64;
        with_pauses(|| self.service.write(&key, value.clone())).await?;
        for key in merged {
            // Else it is merged again by the next upload.
            let _ = self.service.delete(&key).await;
        }
        Ok(length)
    }

    /// Whether values may be removed: else a merge would add a segment and take none away.
    async fn may_remove(&self, scope: &ScopeName) -> bool {
        let none = format!("{}none", index_prefix(scope));
        self.service.delete(&none).await.is_ok()
    }

    /// Writes down what sessions have asked for.
    async fn write_wanted(&mut self) -> Result<(), ServiceError> {
        let mut scopes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for asked in std::mem::take(&mut self.asked) {
            scopes.entry(asked.scope).or_default().push(asked.actions);
        }
        for (scope, builds) in scopes {
            let before = with_pauses(|| self.reader().wanted(&scope)).await?;
            let after = builds
                .iter()
                .fold(before.clone(), |wanted, asked| wanted.after(asked));
            if after != before && !self.denied.contains(&scope) {
                let (key, value) = (wanted_key(&scope), after.to_value());
                with_pauses(|| self.service.write(&key, value.clone())).await?;
            }
        }
        Ok(())
    }
}

/// Adds the entries of small segments to rows, which come first; the keys of those segments. What is
/// not there any more, or has expired, is left out.
fn merge_into(
    rows: &mut Vec<(Digest, RemoteEntry)>,
    index: &ScopeIndex,
    packs: &HashSet<Digest>,
) -> Vec<String> {
    let now = SystemTime::now();
    let mut merged = Vec::new();
    for (key, segment) in &index.segments {
        if segment.len() > LARGE || rows.len() + segment.len() > MAX_ROWS {
            continue;
        }
        rows.extend(segment.entries().filter(|(_, entry)| {
            let is_there = match &entry.stored {
                Stored::Packed(place) => packs.contains(&place.pack),
                Stored::Inline(_) | Stored::Apart => true,
            };
            is_there && entry.expires.is_none_or(|end| end > now)
        }));
        merged.push(key.clone());
    }
    merged
}
