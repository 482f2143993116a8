//! An object of a tier, as it is fetched: its bytes go through a channel to a thread that
//! decompresses, hashes and writes them.
//!
//! What always holds: the bytes that have come and wait for that thread are bounded, over all
//! sessions of the process.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, Bytes};
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
            match self.bring(arrival).await {
                Some((true, stored)) => session.seen(tier).arrived(size, stored),
                Some((false, _)) => session.say_damaged(tier, &output),
                None => {}
            }
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
    /// where it did not come.
    async fn bring(self, mut arrival: Arrival) -> Option<(bool, u64)> {
        let _room = self.session.room.for_object().await?;
        let damage = self.damage();
        match self.stored {
            Stored::Inline(body) => {
                let stored = body.bytes.len() as u64;
                let decode = move || decode_bytes(body.encoding, &body.bytes, arrival, &damage);
                Some((spawn_blocking(decode).await.ok()?, stored))
            }
            Stored::Apart => {
                let Self { session, tier, .. } = &self;
                let key = object_key(&self.output);
                let bring = |service| bring_apart(session, *tier, service, key, arrival, damage);
                session.ask(*tier, bring).await?
            }
            // No service has an answer for a part without bytes.
            Stored::Packed(place) if place.length == 0 => {
                Some((decode_bytes(place.encoding, &[], arrival, &damage), 0))
            }
            Stored::Packed(place) => {
                let Self { session, tier, .. } = &self;
                if let Some(held) = session.prefetched(*tier).take(&place).await {
                    let (encoding, length) = (place.encoding, place.length.into());
                    if !held.is_left {
                        let decode = move || decode_bytes(encoding, &held.bytes, arrival, &damage);
                        return Some((spawn_blocking(decode).await.ok()?, length));
                    }
                    let decode = move || decode_left(encoding, &held.bytes, arrival);
                    match spawn_blocking(decode).await.ok()? {
                        None => return Some((true, length)),
                        Some(again) => arrival = again,
                    }
                }
                let bring = |service| bring_part(session, *tier, service, place, arrival, damage);
                session.ask(*tier, bring).await?
            }
        }
    }
}

/// Brings an object that has a key of its own.
async fn bring_apart(
    session: &Shared,
    tier: usize,
    service: Service,
    key: String,
    arrival: Arrival,
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
    let most = format::most_stored(arrival.size());
    let arrival = (arrival, damage);
    receive(session, tier, (Some(part), parts), most, encoding, arrival).await
}

/// Brings an object of a pack.
async fn bring_part(
    session: &Shared,
    tier: usize,
    service: Service,
    place: Place,
    arrival: Arrival,
    damage: Damage,
) -> Result<Option<(bool, u64)>, ServiceError> {
    let begin = u64::from(place.offset);
    let most = u64::from(place.length).min(format::most_stored(arrival.size()));
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
    (mut next, mut parts): (Option<Bytes>, Parts),
    mut left: u64,
    encoding: Encoding,
    (arrival, damage): (Arrival, Damage),
) -> Result<Option<(bool, u64)>, ServiceError> {
    let most = left;
    let (sender, receiver) = mpsc::unbounded_channel();
    let source = Received {
        receiver,
        part: None,
        end: End::NotYet,
    };
    let decoding = spawn_blocking(move || decode(encoding, source, arrival, &damage));
    while let Some(mut part) = next {
        session.seen(tier).heard(part.len(), Instant::now());
        part.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= part.len() as u64;
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
    drop(sender);
    let decoded = decoding.await.ok();
    Ok(decoded.map(|is_right| (is_right, most - left)))
}

/// Decodes an object into its arrival; whether it is what its entry says.
fn decode(encoding: Encoding, mut source: Received, mut arrival: Arrival, damage: &Damage) -> bool {
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
fn decode_bytes(encoding: Encoding, bytes: &[u8], mut arrival: Arrival, damage: &Damage) -> bool {
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
fn decode_left(encoding: Encoding, bytes: &[u8], mut arrival: Arrival) -> Option<Arrival> {
    let size = arrival.size();
    let read = format::read_bytes(encoding, size, bytes, |part| arrival.take(part));
    if read.is_ok() && arrival.finish() {
        return None;
    }
    arrival.begin_again();
    Some(arrival)
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

/// The bytes that were received; `None` behind the last of them.
struct Received {
    receiver: mpsc::UnboundedReceiver<Option<(Bytes, Taken)>>,
    part: Option<(Bytes, Taken)>,
    end: End,
}

/// Whether bytes have come to their end.
#[derive(Clone, Copy)]
enum End {
    NotYet,
    /// All have come that there are.
    Whole,
    /// The service has failed.
    Cut,
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.part {
                Some((part, _)) if part.has_remaining() => {
                    let count = part.remaining().min(buffer.len());
                    part.copy_to_slice(&mut buffer[..count]);
                    return Ok(count);
                }
                // Its room is given back first.
                _ => self.part = None,
            }
            match (self.end, self.receiver.blocking_recv()) {
                (_, Some(Some(part))) => self.part = Some(part),
                (End::NotYet, None) => self.end = End::Cut,
                (End::NotYet, Some(None)) => self.end = End::Whole,
                (End::Whole | End::Cut, _) => return Ok(0),
            }
        }
    }
}
