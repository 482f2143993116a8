//! Checks packs, and that the index says the truth about what is in them.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;

use cachewarden_types::Digest;

use crate::format::{Place, Stored};
use crate::service::{Service, ServiceError, Value};
use crate::upload::MAX_OBJECT;

use super::super::AT_ONCE;
use super::super::segments::ReadSegment;
use super::{Checked, hash, read_whole};

/// An object in a pack, as the index names it.
type Item = (Place, Digest, u64);

/// What the index says about each pack.
pub(super) fn items(segments: &[ReadSegment]) -> HashMap<Digest, HashSet<Item>> {
    let mut items: HashMap<_, HashSet<Item>> = HashMap::new();
    for (_, entry) in segments.iter().flat_map(ReadSegment::entries) {
        if let Stored::Packed(place) = entry.stored {
            let of_pack = items.entry(place.pack).or_default();
            of_pack.insert((place, entry.output, entry.size));
        }
    }
    items
}

/// Checks each pack, and gives what was found to `note`.
pub(super) async fn check(
    service: &Service,
    packs: Vec<(Digest, Value)>,
    items: &HashMap<Digest, HashSet<Item>>,
    memory: &Semaphore,
    mut note: impl FnMut(Value, Option<Result<(), String>>),
) -> Result<(), ServiceError> {
    let mut packs = stream::iter(packs)
        .map(async |(pack, value)| {
            let named = items.get(&pack);
            let checked = check_pack(service, &pack, &value, named, memory).await;
            (value, checked)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((value, checked)) = packs.next().await {
        note(value, checked?);
    }
    Ok(())
}

async fn check_pack(
    service: &Service,
    pack: &Digest,
    value: &Value,
    items: Option<&HashSet<Item>>,
    memory: &Semaphore,
) -> Checked<()> {
    let bytes = match read_whole(service, value, memory).await? {
        Some(Ok((bytes, _memory))) => bytes,
        Some(Err(why)) => return Ok(Some(Err(why))),
        None => return Ok(None),
    };
    let found = Digest::of(&bytes);
    if found != *pack {
        return Ok(Some(Err(format!("its bytes are those of {found}"))));
    }
    for (place, output, size) in items.into_iter().flatten() {
        let range = place.offset as usize..place.offset as usize + place.length as usize;
        let Some(object) = bytes.get(range) else {
            return Ok(Some(Err(format!(
                "the index names {output} behind its end"
            ))));
        };
        let most = (*size).min(MAX_OBJECT);
        if hash(place.encoding, most, object.to_vec(), 0).await != Ok((*size, *output)) {
            let text = format!("what the index names {output} is another object");
            return Ok(Some(Err(text)));
        }
    }
    Ok(Some(Ok(())))
}
