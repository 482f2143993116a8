//! An object of a tier, as it is fetched: its bytes go through a channel to a thread that
//! decompresses, hashes and writes them.
//!
//! What always holds: the bytes that have come and wait for that thread are bounded, over all
//! sessions of the process.

mod received;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::{Buf, Bytes};
use futures_util::future::{Either, select};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use cachewarden_session::remote::{Arrival, TierObject};
use cachewarden_store::{Store, TierId};
use cachewarden_types::Digest;

use super::format::{self, Encoding, Place, Stored, object_key, pack_key};
use super::service::{Parts, Service, ServiceError};
use super::session::Shared;
use super::tiers::Taken;
use super::upload::place_name;
use received::{End, Received};

/// An object of a tier.
pub(crate) struct RemoteObject {
    pub(crate) session: Arc<Shared>,
    pub(crate) tier: usize,
    pub(crate) output: Digest,
    pub(crate) stored: Stored,
}

impl TierObject for RemoteObject {
    fn fetch(self: Box<Self>, arrival: Arrival) {
        let session = Arc::clone(&self.session);
        session.spawn(async move {
            let (session, tier, output) = (Arc::clone(&self.session), self.tier, self.output);
            let size = arrival.size();
            // Dropped, it answers the get, which may be the last of its session: what has to be said is
            // said before.
            let mut arrival = Some(arrival);
            match self.bring(&mut arrival).await {
                Some((true, stored)) => session.seen(tier).arrived(size, stored),
                Some((false, _)) => session.say_damaged(tier, &output),
                None => {}
            }
            drop(arrival);
        });
    }
}

impl RemoteObject {
    /// What notes that its bytes are not what its entry says. Those inside an entry are looked at by
    /// an upload itself.
    fn damage(&self) -> Damage {
        Damage {
            store: Arc::clone(&self.session.store),
            tier: self.session.tiers[self.tier].id,
            name: match &self.stored {
                Stored::Inline(_) => None,
                Stored::Apart => Some(object_key(&self.output)),
                Stored::Packed(place) => Some(place_name(place)),
            },
        }
    }

    /// Brings the object; whether it is what its entry says, and its bytes as they are stored. `None`
    /// where it did not come. The arrival stays, so that its get is not answered yet.
    async fn bring(self, arrival: &mut Option<Arrival>) -> Option<(bool, u64)> {
        let _room = self.session.room.for_object().await?;
        let damage = self.damage();
        match self.stored {
            Stored::Inline(body) => {
                let stored = body.bytes.len() as u64;
                let decode = move |arrival: &mut Arrival| {
                    decode_bytes(body.encoding, &body.bytes, arrival, &damage)
                };
                Some((on_thread(arrival, decode).await?, stored))
            }
            Stored::Apart => {
                let Self { session, tier, .. } = &self;
                let key = object_key(&self.output);
                let bring = |service| bring_apart(session, *tier, service, key, arrival, damage);
                session.ask(*tier, bring).await?
            }
            // No service has an answer for a part without bytes.
            Stored::Packed(place) if place.length == 0 => {
                let arrival = arrival.as_mut()?;
                Some((decode_bytes(place.encoding, &[], arrival, &damage), 0))
            }
            Stored::Packed(place) => {
                let Self { session, tier, .. } = &self;
                if let Some(held) = session.prefetched(*tier).take(&place).await {
                    let (encoding, length) = (place.encoding, place.length.into());
                    if !held.is_left {
                        let decode = move |arrival: &mut Arrival| {
                            decode_bytes(encoding, &held.bytes, arrival, &damage)
                        };
                        return Some((on_thread(arrival, decode).await?, length));
                    }
                    let decode =
                        move |arrival: &mut Arrival| decode_left(encoding, &held.bytes, arrival);
                    if on_thread(arrival, decode).await? {
                        return Some((true, length));
                    }
                }
                let bring = |service| bring_part(session, *tier, service, place, arrival, damage);
                session.ask(*tier, bring).await?
            }
        }
    }
}

/// Does some work on an arrival on a thread that may wait for a disk. `None` where there is no arrival,
/// or the work has panicked.
async fn on_thread<T: Send + 'static>(
    arrival: &mut Option<Arrival>,
    work: impl FnOnce(&mut Arrival) -> T + Send + 'static,
) -> Option<T> {
    let mut taken = arrival.take()?;
    let work = move || {
        let done = work(&mut taken);
        (done, taken)
    };
    let (done, taken) = spawn_blocking(work).await.ok()?;
    *arrival = Some(taken);
    Some(done)
}

/// Brings an object that has a key of its own.
async fn bring_apart(
    session: &Shared,
    tier: usize,
    service: Service,
    key: String,
    arrival: &mut Option<Arrival>,
    damage: Damage,
) -> Result<Option<(bool, u64)>, ServiceError> {
    let Some(mut parts) = service.open(&key).await? else {
        return Ok(None);
    };
    let mut part = parts.next().await?.unwrap_or_default();
    let Some(encoding) = part.first().copied().and_then(Encoding::from_mark) else {
        damage.note();
        return Ok(Some((false, 0)));
    };
    part.advance(1);
    let Some(size) = arrival.as_ref().map(Arrival::size) else {
        return Ok(None);
    };
    let most = format::most_stored(size);
    let arrival = (arrival, damage);
    receive(session, tier, (Some(part), parts), most, encoding, arrival).await
}

/// Brings an object of a pack.
async fn bring_part(
    session: &Shared,
    tier: usize,
    service: Service,
    place: Place,
    arrival: &mut Option<Arrival>,
    damage: Damage,
) -> Result<Option<(bool, u64)>, ServiceError> {
    let Some(size) = arrival.as_ref().map(Arrival::size) else {
        return Ok(None);
    };
    let begin = u64::from(place.offset);
    let most = u64::from(place.length).min(format::most_stored(size));
    let range = begin..begin + most;
    let opened = service.open_part(&pack_key(&place.pack), range).await;
    if matches!(opened, Err(ServiceError::TooShort(_))) {
        damage.note();
    }
    let Some(mut parts) = opened? else {
        session.note_gone(tier, place.pack);
        return Ok(None);
    };
    let part = parts.next().await?;
    let arrival = (arrival, damage);
    receive(session, tier, (part, parts), most, place.encoding, arrival).await
}

/// Gives what comes, at most so many bytes, to a thread that decodes it; whether that is what its entry
/// says, and how many bytes have come.
async fn receive(
    session: &Shared,
    tier: usize,
    parts: (Option<Bytes>, Parts),
    most: u64,
    encoding: Encoding,
    (arrival, damage): (&mut Option<Arrival>, Damage),
) -> Result<Option<(bool, u64)>, ServiceError> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let source = Received::by(receiver);
    let decode = move |arrival: &mut Arrival| decode(encoding, source, arrival, &damage);
    let come = AtomicU64::new(0);
    let given = pin!(give(session, tier, parts, most, (sender, &come)));
    let decoded = pin!(on_thread(arrival, decode));
    let decoded = match select(decoded, given).await {
        // Where the object is not what its entry says, nobody reads any more of it.
        Either::Left((decoded, _)) => decoded,
        // Also where the service has failed the arrival comes back.
        Either::Right((given, decoded)) => {
            let decoded = decoded.await;
            given?.and(decoded)
        }
    };
    Ok(decoded.map(|is_right| (is_right, come.load(Ordering::Relaxed))))
}

/// Gives what comes, at most so many bytes, to the thread that decodes it, and counts them. `None` where
/// there will be no room for them.
async fn give(
    session: &Shared,
    tier: usize,
    (mut next, mut parts): (Option<Bytes>, Parts),
    mut left: u64,
    (sender, come): (mpsc::UnboundedSender<Option<(Bytes, Taken)>>, &AtomicU64),
) -> Result<Option<()>, ServiceError> {
    while let Some(mut part) = next {
        session.seen(tier).heard(part.len(), Instant::now());
        part.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= part.len() as u64;
        come.fetch_add(part.len() as u64, Ordering::Relaxed);
        let Some(room) = session.room.for_bytes(part.len()).await else {
            return Ok(None);
        };
        if sender.send(Some((part, room))).is_err() || left == 0 {
            // The object is not what its entry says, or has come.
            break;
        }
        next = match parts.next().await {
            Err(ServiceError::TooShort(_)) => break,
            next => next?,
        };
    }
    // Where the object is not what its entry says, nobody reads it any more.
    let _ = sender.send(None);
    Ok(Some(()))
}

/// Decodes an object into its arrival; whether it is what its entry says.
fn decode(
    encoding: Encoding,
    mut source: Received,
    arrival: &mut Arrival,
    damage: &Damage,
) -> bool {
    let size = arrival.size();
    let read = format::read(encoding, size, &mut source, |part| arrival.take(part));
    let is_right = read.is_ok() && arrival.finish();
    // What the service has not given is not damaged.
    if !is_right && !matches!(source.end, End::Cut) {
        damage.note();
    }
    is_right
}

/// The same for bytes that are all there.
fn decode_bytes(encoding: Encoding, bytes: &[u8], arrival: &mut Arrival, damage: &Damage) -> bool {
    let size = arrival.size();
    let read = format::read_bytes(encoding, size, bytes, |part| arrival.take(part));
    let is_right = read.is_ok() && arrival.finish();
    if !is_right {
        damage.note();
    }
    is_right
}

/// The same for bytes that an earlier session has left on this machine. Where they are not the object
/// that says nothing of the tier, from which it comes then.
fn decode_left(encoding: Encoding, bytes: &[u8], arrival: &mut Arrival) -> bool {
    let size = arrival.size();
    let read = format::read_bytes(encoding, size, bytes, |part| arrival.take(part));
    let is_right = read.is_ok() && arrival.finish();
    if !is_right {
        arrival.begin_again();
    }
    is_right
}

/// Notes in the store that an object of a tier is damaged, so that the next upload writes it again: its
/// key, or its place in a pack, of which all else may be whole. It does so before the get goes on, which
/// may be the last of its session.
struct Damage {
    store: Arc<Store>,
    tier: TierId,
    name: Option<String>,
}

impl Damage {
    fn note(&self) {
        if let Some(name) = &self.name {
            // Where it cannot be noted, the next session finds it again.
            let _ = self.store.note_tier_damaged(self.tier, name);
        }
    }
}
