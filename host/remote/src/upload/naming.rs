//! Names in the index what was sent in packs, and keeps the number of its segments small.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_types::{Digest, ScopeName};

use crate::format::{
    MAX_ROWS, RemoteEntry, Segment, Stored, index_prefix, segment_key, segment_time, wanted_key,
};
use crate::index::{ScopeIndex, is_to_come};
use crate::service::ServiceError;

use super::pace::with_pauses;
use super::packs::Packs;
use super::{Outcome, UploadError, Uploaded};

/// A scope with so many segments has them merged by the next upload: a session fetches each of those
/// that it has not, in a request.
const MERGE_FROM: usize = 16;

/// A segment with more entries is not merged any more.
const LARGE: usize = MAX_ROWS / 4;

/// The most packs of segments that are merged: the head of one has room for some 7,800, and for what
/// objects are. One with a quarter of that is not merged any more.
const MAX_PACKS: usize = 6144;

/// An entry that has expired for so long is left out of a merge: by another clock it may still count. The
/// clock is that of whoever has written the oldest segment of the merge, where it is behind that of
/// this machine. So one machine whose clock is ahead takes nothing from the others.
const EXPIRED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Segments that were written.
#[derive(Default)]
struct Written {
    keys: Vec<String>,
    bytes: u64,
}

/// A merge.
struct Merged {
    written: Written,
    /// The keys of the segments that are in it.
    old: Vec<String>,
}

impl Packs<'_> {
    /// Names all that was sent: from now on it is in the tier.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn name_rows(&mut self, uploaded: &mut Uploaded) -> Result<(), ServiceError> {
        self.settle(uploaded).await?;
        let mut scopes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (scope, action, entry) in self.take_rows(uploaded) {
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
                    Err(
                        error @ (ServiceError::Denied(_)
                        | ServiceError::NoCredential { .. }
                        | ServiceError::LaterForm { .. }),
                    ) => {
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
        // It is a hint: what was sent is there without it.
        let _ = self.write_wanted().await;
        Ok(())
    }

    /// Writes a segment with these entries of a scope. Returns how many bytes it has.
    async fn name_in(
        &mut self,
        scope: &ScopeName,
        rows: &[(Digest, RemoteEntry)],
    ) -> Result<u64, ServiceError> {
        let Written {
            mut keys,
            mut bytes,
        } = self.write_segments(scope, SystemTime::now(), rows).await?;
        let index = self.scopes.remove(scope).unwrap_or_default();
        let mut old = Vec::new();
        if index.segments.len() >= MERGE_FROM
            && self.may_leave_out(scope).await
            && let Some(merged) = self.merge(scope, &index).await?
        {
            bytes += merged.written.bytes;
            keys.extend(merged.written.keys);
            old = merged.old;
        }
        if !self.service.can_list() {
            // What was merged stays there: another upload may be about to write a list that names it.
            old.extend(self.useless(&index).await?);
            return Ok(bytes + self.change_list(scope, &keys, &old).await?);
        }
        for key in &old {
            // Else it is merged again by the next upload.
            let _ = with_pauses(|| self.service.delete(key)).await;
        }
        Ok(bytes)
    }

    /// Writes what names these entries: one segment, mostly.
    async fn write_segments(
        &self,
        scope: &ScopeName,
        time: SystemTime,
        rows: &[(Digest, RemoteEntry)],
    ) -> Result<Written, ServiceError> {
        let mut written = Written::default();
        for value in Segment::to_values(rows) {
            let key = segment_key(scope, time, &value);
            written.bytes += value.len() as u64;
            with_pauses(|| self.service.write(&key, value.clone())).await?;
            written.keys.push(key);
        }
        Ok(written)
    }

    /// Merges the small segments of a scope; `None` where there are not two.
    async fn merge(
        &mut self,
        scope: &ScopeName,
        index: &ScopeIndex,
    ) -> Result<Option<Merged>, ServiceError> {
        // Again, after the index was read: what another upload has named by then has its packs there.
        let there = self.there.of(self.service, packs_of(index)).await?;
        let (rows, mut old) = merged(index, &there);
        let [latest, _, ..] = &old[..] else {
            return Ok(None);
        };
        // By the time of the latest of them: what others have written since counts before it.
        let time = segment_time(latest).unwrap_or(UNIX_EPOCH);
        let written = self.write_segments(scope, time, &rows).await?;
        old.retain(|old| !written.keys.contains(old));
        Ok(Some(Merged { written, old }))
    }

    /// Whether segments can be left out: from a list, or as their values may be removed. Else a merge
    /// would add a segment and take none away.
    async fn may_leave_out(&self, scope: &ScopeName) -> bool {
        let none = format!("{}none", index_prefix(scope));
        !self.service.can_list() || with_pauses(|| self.service.delete(&none)).await.is_ok()
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
                with_pauses(|| self.service.write_latest(&key, value.clone())).await?;
            }
        }
        Ok(())
    }
}

/// Whether a segment is merged with others.
fn is_small(segment: &Segment) -> bool {
    segment.len() <= LARGE && segment.packs() <= MAX_PACKS / 4
}

/// The packs that small segments name.
fn packs_of(index: &ScopeIndex) -> HashSet<Digest> {
    let segments = index.segments.iter().map(|(_, segment)| segment);
    let small = segments.filter(|segment| is_small(segment));
    let entries = small.flat_map(|segment| segment.entries());
    entries
        .filter_map(|(_, entry)| Some(entry.stored.place()?.pack))
        .collect()
}

/// The entries of small segments, the latest first, and the keys of those segments.
///
/// They get the time of the latest of them. So an entry stays behind where a segment that is not merged
/// has a later one of its action, which would else not count any more. For the same reason nothing is
/// merged that is older than a damaged segment, since nobody knows what that has, or whose time is to
/// come by this clock. What is not there any more, or has expired long ago, is left out; a segment of
/// which this version does not know all stays.
fn merged(
    index: &ScopeIndex,
    packs: &HashSet<Digest>,
) -> (Vec<(Digest, RemoteEntry)>, Vec<String>) {
    let damaged = index.damaged.iter().map(|(key, _)| key);
    let last_damaged = damaged.filter(|key| segment_time(key).is_some()).max();
    let (mut rows, mut merged) = (Vec::new(), Vec::new());
    let (mut skipped, mut named) = (Vec::new(), 0);
    for (key, segment) in &index.segments {
        if is_to_come(key) || last_damaged.is_some_and(|damaged| key < damaged) {
            continue;
        }
        let has_room =
            rows.len() + segment.len() <= MAX_ROWS && named + segment.packs() <= MAX_PACKS;
        if !has_room || !is_small(segment) || !segment.is_known() {
            skipped.push(segment);
            continue;
        }
        named += segment.packs();
        rows.extend(segment.entries().filter(|(action, entry)| {
            let is_there = match &entry.stored {
                Stored::Packed(place) => packs.contains(&place.pack),
                Stored::Inline(_) | Stored::Apart => true,
            };
            is_there && !skipped.iter().any(|later| later.has(action))
        }));
        merged.push(key.clone());
    }
    let oldest = merged.last().and_then(|key| segment_time(key));
    let now = oldest.unwrap_or(UNIX_EPOCH).min(SystemTime::now());
    rows.retain(|(_, entry)| {
        let expired = entry.expires.and_then(|end| now.duration_since(end).ok());
        expired.is_none_or(|age| age < EXPIRED)
    });
    (rows, merged)
}
