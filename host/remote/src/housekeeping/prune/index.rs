//! What the indexes of a tier name, for a prune.
//!
//! What always holds: a segment without what goes is written before the one that names it is removed,
//! and both before what they name. A damaged segment may name whatever nobody else does, so a prune
//! is told of it.

use std::collections::{BTreeMap, HashSet};

use cachewarden_types::{Digest, ScopeName};

use crate::format::EntryError;
use crate::format::{
    OBJECTS, PACKS, RemoteEntry, Segment, Stored, object_key, pack_key, segment_key,
};
use crate::housekeeping::segments::{self, Named, ReadSegment};
use crate::housekeeping::{HousekeepingError, unknown};
use crate::service::{Service, ServiceError, Value};
use crate::upload::with_pauses;

use super::plan::{NamedEntry, Plan};

/// What the indexes name.
pub(super) struct PrunedIndex {
    segments: Vec<ReadSegment>,
    named: Named,
}

/// What is wrong with segments, by their keys.
pub(super) type Damaged = BTreeMap<String, String>;

/// What a second look at segments has found.
pub(super) struct SecondLook {
    /// The objects and packs that they name.
    pub(super) named: Vec<NamedEntry>,
    /// The keys of those that are whole.
    pub(super) whole: Vec<String>,
    pub(super) damaged: Damaged,
}

impl PrunedIndex {
    /// Reads all segments.
    pub(super) async fn of(
        service: &Service,
        segments: Vec<(ScopeName, Value)>,
    ) -> Result<Self, HousekeepingError> {
        let segments = segments::read(service, segments).await?;
        for segment in &segments {
            let is_of_later_version = match &segment.segment {
                Ok(read) => !read.is_known(),
                Err(error) => matches!(error, EntryError::Form { .. }),
            };
            if is_of_later_version {
                return Err(unknown(service, &segment.value.key));
            }
        }
        let named = Named::by(&segments);
        Ok(Self { segments, named })
    }

    /// Adds packs, what names objects, and segments that are damaged, which name nothing and go by
    /// their own age. A pack that no segment names is like an object that no entry names.
    pub(super) fn add_to(
        &self,
        entries: &mut Vec<NamedEntry>,
        objects: &mut Vec<(Digest, Value)>,
        packs: Vec<(Digest, Value)>,
    ) {
        let of_objects = objects.iter().filter_map(|(output, value)| {
            let entries = *self.named.objects.get(output)?;
            Some(NamedEntry {
                // Its bytes are those of the object, which is counted by itself.
                value: Value {
                    size: 0,
                    ..value.clone()
                },
                object: Some(*output),
                entries,
            })
        });
        entries.extend(of_objects);
        let damaged = self.segments.iter().filter(|read| read.segment.is_err());
        entries.extend(damaged.map(|read| NamedEntry {
            value: read.value.clone(),
            object: None,
            entries: 0,
        }));
        for (pack, value) in packs {
            match self.named.packs.get(&pack) {
                Some(&count) => entries.push(NamedEntry {
                    value,
                    object: None,
                    entries: count,
                }),
                None => objects.push((pack, value)),
            }
        }
    }

    /// Whether a key of what goes is one that segments name.
    pub(super) fn names(key: &str) -> bool {
        key.starts_with(PACKS) || key.starts_with(OBJECTS)
    }

    /// Writes each segment anew that names what goes, without that; whether there was any.
    pub(super) async fn write_without(
        &self,
        service: &Service,
        plan: &Plan,
    ) -> Result<bool, ServiceError> {
        let going = plan.entries.iter().map(|entry| entry.value.key.as_str());
        let going: HashSet<_> = going.filter(|key| Self::names(key)).collect();
        let stays = |(_, entry): &(Digest, RemoteEntry)| {
            let key = match &entry.stored {
                Stored::Packed(place) => pack_key(&place.pack),
                Stored::Inline(_) | Stored::Apart => object_key(&entry.output),
            };
            !going.contains(key.as_str())
        };
        let mut is_any = false;
        for segment in &self.segments {
            let all: Vec<_> = segment.entries().collect();
            let rest: Vec<_> = all.iter().filter(|row| stays(row)).cloned().collect();
            if rest.len() == all.len() {
                continue;
            }
            is_any = true;
            // By its own time: what later segments say still counts before it.
            for value in Segment::to_values(&rest) {
                let key = segment_key(&segment.scope, segment.written(), &value);
                with_pauses(|| service.write(&key, value.clone())).await?;
            }
            with_pauses(|| service.delete(&segment.value.key)).await?;
        }
        Ok(is_any)
    }

    /// The segments that are damaged, and what is wrong with them.
    pub(super) fn damaged(&self) -> Damaged {
        damaged(&self.segments)
    }

    /// Looks at segments that have come since the first ones were listed, or were not among those that
    /// were read whole: an upload may have merged segments in between.
    pub(super) async fn look_again(
        &self,
        service: &Service,
        mut segments: Vec<(ScopeName, Value)>,
    ) -> Result<SecondLook, ServiceError> {
        let whole = self.segments.iter().filter(|read| read.segment.is_ok());
        let known: HashSet<_> = whole.map(|segment| &segment.value.key).collect();
        segments.retain(|(_, value)| !known.contains(&value.key));
        let read = segments::read(service, segments).await?;
        let mut named = BTreeMap::new();
        for segment in &read {
            let of_segment = Named::by(std::slice::from_ref(segment));
            let all = of_segment
                .objects
                .into_keys()
                .chain(of_segment.packs.into_keys());
            for name in all {
                named.entry(name).or_insert_with(|| segment.value.clone());
            }
        }
        let named = named.into_iter().map(|(name, value)| NamedEntry {
            value,
            object: Some(name),
            entries: 0,
        });
        let whole = read.iter().filter(|read| read.segment.is_ok());
        Ok(SecondLook {
            named: named.collect(),
            whole: whole.map(|read| read.value.key.clone()).collect(),
            damaged: damaged(&read),
        })
    }
}

fn damaged(segments: &[ReadSegment]) -> Damaged {
    let damaged = segments.iter().filter_map(|read| {
        let error = read.segment.as_ref().err()?;
        Some((read.value.key.clone(), error.to_string()))
    });
    damaged.collect()
}
