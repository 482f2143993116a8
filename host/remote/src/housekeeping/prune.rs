//! Removes from a tier what is old, or too much.
//!
//! What always holds: entries go before their objects, and an object goes only where no entry that
//! stays names it. Where a part of the index is damaged or seems to be missing, it may name what
//! nobody else does, so that goes by its age alone. Whatever ends a prune leaves nothing that a reader
//! could take for more than it is. An upload that finds an object there at the very moment in which it
//! is removed leaves an entry without it; that is a miss, and the next put heals it.

mod index;
mod plan;

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};

use cachewarden_store::Progress;

use crate::address::{Address, Credentials};
use crate::format::{EntryError, PACKS, Stored};
use crate::service::{Service, ServiceError, Value};
use crate::trial::trial_key;
use crate::upload::with_pauses;

use super::contents::{Contents, read_entry};
use super::verify::TierEvent;
use super::{AT_ONCE, Amount, HousekeepingError, own_means, run};

use index::{Damaged, PrunedIndex};
use plan::{NamedEntry, Plan};

/// How long an object stays that no entry names: an uploader writes it before its entry, and may be
/// stopped in between. An upload that takes longer is not known.
pub const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a prune waits between entries and their objects: a reader that has read an entry with a key
/// of its own asks for its object within the time that a session waits for a tier. One with an index
/// keeps that as long as it runs; a pack that goes meanwhile is a miss for it.
const PAUSE: Duration = Duration::from_secs(10);

/// What is to be removed.
#[derive(Clone, Debug)]
pub struct PruneRequest {
    /// Entries that were written longer ago.
    pub older_than: Option<Duration>,
    /// Then those that were written first, until the rest has no more bytes than this.
    pub max_size: Option<u64>,
    /// Only find out what would go.
    pub dry_run: bool,
    /// How long an object stays that no entry names.
    pub grace: Duration,
    /// How long a reader may take between an entry and its object.
    pub pause: Duration,
}

impl Default for PruneRequest {
    fn default() -> Self {
        Self {
            older_than: None,
            max_size: None,
            dry_run: false,
            grace: GRACE,
            pause: PAUSE,
        }
    }
}

/// What was removed, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries.
    pub entries: u64,
    /// Objects, beside those in entries. Files that were never whole are among them.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that stay.
    pub left: u64,
    /// The part of it that no entry names, objects that were written lately.
    pub young: Amount,
    /// The part of it that no entry names as far as that is known: a part of the index is damaged or
    /// missing, and may name it. It goes by its age.
    pub held: Amount,
    /// Parts of the index that are damaged.
    pub damaged: u64,
}

/// Removes from a tier what is asked for.
///
/// # Errors
/// When its service fails, does not list or does not remove, or something is there that this version
/// does not know. What was removed until then is gone.
pub fn prune_tier(
    address: &Address,
    credentials: &Credentials,
    request: &PruneRequest,
    mut event: impl FnMut(TierEvent),
) -> Result<Pruned, HousekeepingError> {
    let means = own_means(address.kind);
    run(address, credentials, means, async |service| {
        prune(&service, request, &mut event).await
    })
}

async fn prune(
    service: &Service,
    request: &PruneRequest,
    event: &mut impl FnMut(TierEvent),
) -> Result<Pruned, HousekeepingError> {
    let now = match request.dry_run {
        true => SystemTime::now(),
        false => time_there(service).await?,
    };
    let contents = Contents::of(service).await?;
    prune_listed(service, contents, request, now, event).await
}

/// Removes what is asked for of what was listed.
pub(super) async fn prune_listed(
    service: &Service,
    contents: Contents,
    request: &PruneRequest,
    now: SystemTime,
    event: &mut impl FnMut(TierEvent),
) -> Result<Pruned, HousekeepingError> {
    let lacks_segments = contents.lacks_segments();
    // Before all else: it may name objects in a way that is not known here.
    if let Some(unknown) = contents.unknown.into_iter().next() {
        return Err(super::unknown(service, &unknown.key));
    }
    let progress = &mut |progress| event(TierEvent::Progress(progress));
    let values = contents.entries.into_iter().map(|(_, value)| value);
    let mut entries = read_names(service, values.collect(), progress).await?;
    let mut objects = contents.objects;
    let index = PrunedIndex::of(service, contents.segments).await?;
    index.add_to(&mut entries, &mut objects, contents.packs);
    entries.extend(contents.hints.into_iter().map(|value| NamedEntry {
        value,
        object: None,
        entries: 0,
    }));
    let mut plan = Plan::of(entries, objects, request, now);
    let mut damaged = index.damaged();
    if lacks_segments || !damaged.is_empty() {
        plan.hold_unnamed();
    }
    if !request.dry_run {
        let pause = request.pause;
        carry_out(service, &mut plan, &index, &mut damaged, pause, progress).await?;
    }
    let mut pruned = plan.pruned();
    pruned.damaged = damaged.len() as u64;
    let unfinished = service.unfinished().await?.into_iter();
    let is_left = |value: &Value| {
        now.duration_since(value.written)
            .is_ok_and(|age| age >= request.grace)
    };
    let unfinished: Vec<_> = unfinished.filter(is_left).collect();
    pruned.objects += unfinished.len() as u64;
    pruned.bytes += unfinished.iter().map(|value| value.size).sum::<u64>();
    if !request.dry_run {
        remove(
            service,
            unfinished.into_iter().map(|value| value.key).collect(),
            progress,
        )
        .await?;
    }
    for (key, why) in damaged {
        event(TierEvent::Damaged { key, why });
    }
    Ok(pruned)
}

/// What time it is by the service's clock, by which a listing says when values were written: that of
/// this machine may be another one. It also shows that values can be removed, before any is.
async fn time_there(service: &Service) -> Result<SystemTime, HousekeepingError> {
    let key = trial_key();
    let written = service.write(&key, b"prune\n".to_vec()).await;
    written.map_err(of_change)?;
    let written = service.written(&key).await;
    service.delete(&key).await.map_err(of_change)?;
    Ok(written?.unwrap_or(SystemTime::UNIX_EPOCH))
}

/// Why a service has not taken a change.
fn of_change(error: ServiceError) -> HousekeepingError {
    match error {
        ServiceError::Denied(_) => HousekeepingError::ReadOnly(error),
        error => error.into(),
    }
}

/// Reads which object each entry names.
async fn read_names(
    service: &Service,
    values: Vec<Value>,
    progress: &mut impl FnMut(Progress),
) -> Result<Vec<NamedEntry>, HousekeepingError> {
    let of = values.len();
    let mut reading = stream::iter(values)
        .map(async |value| {
            let entry = read_entry(service, &value.key).await;
            (value, entry)
        })
        .buffer_unordered(AT_ONCE);
    let mut entries = Vec::with_capacity(of);
    while let Some((value, entry)) = reading.next().await {
        let object = match entry? {
            // Removed meanwhile.
            None => continue,
            Some(Ok(entry)) => matches!(entry.stored, Stored::Apart).then_some(entry.output),
            Some(Err(EntryError::Form { .. })) => {
                return Err(super::unknown(service, &value.key));
            }
            // A reader does not take it.
            Some(Err(EntryError::Malformed(_))) => None,
        };
        entries.push(NamedEntry {
            value,
            object,
            entries: 1,
        });
        let done = entries.len();
        progress(Progress { done, of });
    }
    Ok(entries)
}

/// Removes entries, and then objects and packs. What is `damaged` is looked at again in between.
async fn carry_out(
    service: &Service,
    plan: &mut Plan,
    index: &PrunedIndex,
    damaged: &mut Damaged,
    pause: Duration,
    progress: &mut impl FnMut(Progress),
) -> Result<(), HousekeepingError> {
    let is_named = index.write_without(service, plan).await?;
    let keys = plan.entries.iter().map(|entry| entry.value.key.clone());
    let (named, entries): (Vec<_>, Vec<_>) = keys.partition(|key| PrunedIndex::names(key));
    remove(service, entries, progress).await?;
    if plan.objects.is_empty() && named.is_empty() {
        return Ok(());
    }
    if !plan.entries.is_empty() || is_named {
        tokio::time::sleep(pause).await;
    }
    // Entries that have come since the listing may name objects that were there.
    let contents = Contents::names_of(service).await?;
    let values = contents.entries.into_iter().map(|(_, value)| value);
    let new = values.filter(|value| plan.is_new(value)).collect();
    let mut new = read_names(service, new, progress).await?;
    let again = index.look_again(service, contents.segments).await?;
    new.extend(again.named);
    for entry in new {
        plan.spare(entry);
    }
    damaged.retain(|key, _| !again.whole.contains(key));
    if !again.damaged.is_empty() {
        plan.hold_unnamed();
        damaged.extend(again.damaged);
    }
    let objects = plan.objects.iter().map(|(_, value)| value.key.clone());
    let packs = named.into_iter().filter(|key| key.starts_with(PACKS));
    remove(service, packs.chain(objects).collect(), progress).await
}

async fn remove(
    service: &Service,
    keys: Vec<String>,
    progress: &mut impl FnMut(Progress),
) -> Result<(), HousekeepingError> {
    let of = keys.len();
    let mut removing = stream::iter(keys)
        .map(async |key| with_pauses(|| service.delete(&key)).await)
        .buffer_unordered(AT_ONCE);
    let mut done = 0;
    while let Some(removed) = removing.next().await {
        removed?;
        done += 1;
        progress(Progress { done, of });
    }
    Ok(())
}
