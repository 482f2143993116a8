//! The segments of a tier's indexes, as they are read to keep the tier in order.

use std::collections::HashMap;
use std::time::SystemTime;

use futures_util::{StreamExt, TryStreamExt, stream};

use cachewarden_types::{Digest, ScopeName};

use crate::format::{EntryError, MAX_SEGMENT, RemoteEntry, Segment, Stored, segment_time};
use crate::service::{Service, ServiceError, Value};
use crate::upload::with_pauses;

use super::AT_ONCE;

/// A segment.
pub(super) struct ReadSegment {
    pub(super) scope: ScopeName,
    pub(super) value: Value,
    pub(super) segment: Result<Segment, EntryError>,
}

impl ReadSegment {
    /// When it was written, by the writer's clock.
    pub(super) fn written(&self) -> SystemTime {
        segment_time(&self.value.key).unwrap_or(self.value.written)
    }

    /// Its entries; none where it is damaged.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Digest, RemoteEntry)> {
        self.segment.iter().flat_map(Segment::entries)
    }
}

/// Reads segments. Those that are gone meanwhile are left out. One that is damaged is read once more,
/// since it may be that reading was.
pub(super) async fn read(
    service: &Service,
    segments: Vec<(ScopeName, Value)>,
) -> Result<Vec<ReadSegment>, ServiceError> {
    let read: Vec<_> = stream::iter(segments)
        .map(async |(scope, value)| {
            let mut segment = read_once(service, &value.key).await?;
            if matches!(segment, Some(Err(EntryError::Malformed(_)))) {
                segment = read_once(service, &value.key).await?;
            }
            Ok::<_, ServiceError>(segment.map(|segment| ReadSegment {
                scope,
                value,
                segment,
            }))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(read.into_iter().flatten().collect())
}

async fn read_once(
    service: &Service,
    key: &str,
) -> Result<Option<Result<Segment, EntryError>>, ServiceError> {
    match with_pauses(|| service.read(key, MAX_SEGMENT)).await {
        Ok(value) => Ok(value.map(|value| Segment::from_value(key, &value))),
        Err(ServiceError::TooLarge { .. }) => {
            let text = "it has more bytes than a segment can have".to_owned();
            Ok(Some(Err(EntryError::Malformed(text))))
        }
        Err(error) => Err(error),
    }
}

/// How many entries name each pack, and each object with a key of its own.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) packs: HashMap<Digest, u64>,
    pub(super) objects: HashMap<Digest, u64>,
}

impl Named {
    pub(super) fn by(segments: &[ReadSegment]) -> Self {
        let mut named = Self::default();
        for (_, entry) in segments.iter().flat_map(ReadSegment::entries) {
            let count = match entry.stored {
                Stored::Packed(place) => named.packs.entry(place.pack),
                Stored::Inline(_) | Stored::Apart => named.objects.entry(entry.output),
            };
            *count.or_default() += 1;
        }
        named
    }
}
