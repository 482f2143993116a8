//! Reads all that a tier has, and names what is damaged.

mod packs;

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use cachewarden_store::Progress;
use cachewarden_types::{Digest, with_causes};

use crate::address::{Address, Credentials};
use crate::format::{Encoding, RemoteEntry, Stored, decode, object_key};
use crate::service::{Service, ServiceError, Value};
use crate::upload::{MAX_OBJECT, with_pauses};

use super::contents::{Contents, read_entry};
use super::{AT_ONCE, HousekeepingError, OTHER_LOOK, run, segments};

/// Bytes of values that are in memory at once. A larger one is read while no other is.
const MEMORY: u64 = 64 << 20;

/// The unit in which memory is counted.
const UNIT: u64 = 1024;

const UNITS: u64 = MEMORY / UNIT;

/// What happens meanwhile.
#[derive(Debug)]
pub enum TierEvent {
    /// A value is damaged.
    Damaged {
        /// Its key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// So far.
    Progress(Progress),
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifiedTier {
    /// Entries that were read.
    pub entries: u64,
    /// Objects and packs that were read, beside objects in entries.
    pub objects: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Of these, what is damaged.
    pub damaged: u64,
    /// Entries that name an object or a pack that is not there, as where a rule of the service removes
    /// what is old. They are misses.
    pub gone: u64,
    /// Values that this version does not know, and has not read.
    pub unknown: u64,
}

/// What is wrong with a value; `Ok(None)` where it is gone meanwhile.
type Checked<T> = Result<Option<Result<T, String>>, ServiceError>;

/// Reads and hashes all that a tier has, many values at once.
///
/// # Errors
/// When its service fails, or does not list. That something is damaged is no error.
pub fn verify_tier(
    address: &Address,
    credentials: &Credentials,
    mut event: impl FnMut(TierEvent),
) -> Result<VerifiedTier, HousekeepingError> {
    run(address, credentials, OTHER_LOOK, async |service| {
        let contents = Contents::of(&service).await?;
        Ok(verify(&service, contents, &mut event).await?)
    })
}

async fn verify(
    service: &Service,
    contents: Contents,
    event: &mut impl FnMut(TierEvent),
) -> Result<VerifiedTier, ServiceError> {
    let mut verified = VerifiedTier {
        unknown: contents.unknown.len() as u64,
        ..VerifiedTier::default()
    };
    let segments = segments::read(service, contents.segments).await?;
    let of =
        contents.objects.len() + contents.entries.len() + contents.packs.len() + segments.len();
    let mut done = 0;
    let mut note = |value: Value, why: Option<String>, verified: &mut VerifiedTier| {
        verified.bytes += value.size;
        if let Some(why) = why {
            verified.damaged += 1;
            let key = service.told_key(&value.key);
            event(TierEvent::Damaged { key, why });
        }
        done += 1;
        event(TierEvent::Progress(Progress { done, of }));
    };
    let memory = Semaphore::new(UNITS as usize);
    let mut sizes = HashMap::new();
    let mut objects = stream::iter(contents.objects)
        .map(async |(digest, value)| {
            let checked = check_object(service, &digest, &value, &memory).await;
            (digest, value, checked)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((digest, value, checked)) = objects.next().await {
        let checked = checked?;
        verified.objects += u64::from(checked.is_some());
        let (size, why) = split(checked);
        sizes.insert(digest, size);
        note(value, why, &mut verified);
    }
    let sizes = &sizes;
    let there: HashSet<_> = contents.packs.iter().map(|(pack, _)| *pack).collect();
    let items = packs::items(&segments);
    packs::check(
        service,
        contents.packs,
        &items,
        &memory,
        |value, checked| {
            verified.objects += u64::from(checked.is_some());
            note(value, split(checked).1, &mut verified);
        },
    )
    .await?;
    for segment in segments {
        for (_, entry) in segment.entries() {
            verified.entries += 1;
            let is_there = match entry.stored {
                Stored::Packed(place) => there.contains(&place.pack),
                Stored::Inline(_) | Stored::Apart => sizes.contains_key(&entry.output),
            };
            verified.gone += u64::from(!is_there);
        }
        let why = segment.segment.err().map(|error| error.to_string());
        note(segment.value, why, &mut verified);
    }
    let mut entries = stream::iter(contents.entries)
        .map(async |(_, value)| {
            let checked = check_entry(service, &value, sizes).await;
            (value, checked)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((value, checked)) = entries.next().await {
        let checked = checked?;
        verified.entries += u64::from(checked.is_some());
        note(value, split(checked).1, &mut verified);
    }
    Ok(verified)
}

fn split<T>(checked: Option<Result<T, String>>) -> (Option<T>, Option<String>) {
    match checked {
        None => (None, None),
        Some(Ok(value)) => (Some(value), None),
        Some(Err(why)) => (None, Some(why)),
    }
}

/// The size of an object whose bytes are those that its key names.
async fn check_object(
    service: &Service,
    digest: &Digest,
    value: &Value,
    memory: &Semaphore,
) -> Checked<u64> {
    let (bytes, _memory) = match read_whole(service, value, memory).await? {
        Some(Ok(read)) => read,
        Some(Err(why)) => return Ok(Some(Err(why))),
        None => return Ok(None),
    };
    let mark = bytes.first().copied();
    let Some(encoding) = mark.and_then(Encoding::from_mark) else {
        return Ok(Some(Err("it does not say how it is written".to_owned())));
    };
    let hashed = hash(encoding, MAX_OBJECT, bytes, 1).await;
    Ok(Some(hashed.and_then(|(size, found)| {
        match found == *digest {
            true => Ok(size),
            false => Err(format!("its bytes are those of {found}")),
        }
    })))
}

/// Reads a value with a bound on memory, which is taken until what comes with it is dropped.
async fn read_whole<'memory>(
    service: &Service,
    value: &Value,
    memory: &'memory Semaphore,
) -> Checked<(Vec<u8>, SemaphorePermit<'memory>)> {
    if value.size > MAX_OBJECT {
        return Ok(Some(Err(
            "it is larger than any object that is sent".to_owned()
        )));
    }
    let units = value.size.div_ceil(UNIT).min(UNITS);
    let room = memory.acquire_many(units as u32).await;
    let room = room.expect("it is not closed");
    match with_pauses(|| service.read(&value.key, value.size)).await {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) => Ok(Some(Ok((bytes, room)))),
        Err(ServiceError::TooLarge { .. }) => {
            Ok(Some(Err("it is larger than the listing says".to_owned())))
        }
        Err(error) => Err(error),
    }
}

/// Whether an entry is whole, and names an object that is there.
async fn check_entry(
    service: &Service,
    value: &Value,
    sizes: &HashMap<Digest, Option<u64>>,
) -> Checked<()> {
    let entry = match read_entry(service, &value.key).await? {
        None => return Ok(None),
        Some(Err(error)) => return Ok(Some(Err(error.to_string()))),
        Some(Ok(entry)) => entry,
    };
    let RemoteEntry { output, size, .. } = entry;
    if let Stored::Inline(body) = entry.stored {
        let hashed = hash(body.encoding, size.min(MAX_OBJECT), body.bytes, 0).await;
        return Ok(Some(hashed.and_then(|found| {
            match found == (size, output) {
                true => Ok(()),
                false => Err("the object in it is not what it says".to_owned()),
            }
        })));
    }
    let key = object_key(&output);
    Ok(Some(match sizes.get(&output) {
        Some(Some(found)) if *found == size => Ok(()),
        Some(Some(found)) => Err(format!(
            "it says that its object has {size} bytes, and that has {found}"
        )),
        // It was damaged, which was said, or went meanwhile.
        Some(None) => Err(format!("its object {output} cannot be used")),
        // It may have come after the listing.
        None if with_pauses(|| service.has(&key)).await? => Ok(()),
        None => Err(format!("its object {output} is not there")),
    }))
}

/// Decodes and hashes the bytes of a value from a position on, at most so many.
async fn hash(
    encoding: Encoding,
    most: u64,
    bytes: Vec<u8>,
    from: usize,
) -> Result<(u64, Digest), String> {
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = Sha256::new();
        let size = decode(encoding, most, &bytes[from..], |part| hasher.update(part));
        size.map(|size| (size, Digest::finish(hasher)))
            .map_err(|error| with_causes(&error))
    });
    let failed = |error: tokio::task::JoinError| Err(error.to_string());
    hashed.await.unwrap_or_else(failed)
}
