//! Sends what a tier's outbox names.
//!
//! What always holds: an entry is in the tier only once its object is, so an upload that ends at any
//! moment leaves nothing that a reader could take for more than it is. What was sent, or cannot be
//! sent any more, is removed from the outbox; what a service has not taken stays. What is there
//! already is not sent again.
//!
//! This module reads the outbox, one batch of entries after another; how a batch is laid out in the
//! tier is in modules of their own: `packs`, and `loose` where each entry has a key of its own.

mod counters;
mod damaged;
mod error;
mod in_packs;
mod item;
mod lists;
mod loose;
mod naming;
mod objects;
mod pace;
mod packs;
mod packs_there;
mod refusals;
mod run;
mod uploaded;
mod writes;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cachewarden_store::{Asked, Note, Noted, Outbox, OutboxFile, OutboxQueue, Store, TierId};
use futures_util::{StreamExt, stream};

use cachewarden_types::ScopeName;

use super::address::Address;
use super::format::{FORMAT, FORMAT_KEY, format_marker, read_format_marker};
use super::layout::Layout;
use super::other_layout::other_layout;
use super::service::{Service, ServiceError};

use counters::Counters;
use damaged::Damaged;
use loose::Loose;
use objects::Objects;
use refusals::{Refusals, Refused};
use uploaded::Outcome;

pub(crate) use damaged::place_name;
pub use error::UploadError;
pub(crate) use objects::MAX_OBJECT;
pub(crate) use pace::with_pauses;
pub use run::{TierUpload, UploadEnd, upload_to};
pub use uploaded::Uploaded;

/// The level of zstd where none is given: a higher one takes longer than most networks save.
pub const DEFAULT_LEVEL: i32 = 3;

/// Entries that are on their way at once. Each has at most one request at a time.
const ENTRIES_AT_ONCE: usize = 32;

/// How long another process is waited for before progress is reported again.
const TURN: Duration = Duration::from_millis(500);

/// The most bytes of a format marker that are read.
const MAX_MARKER: u64 = 64;

/// Sends what a tier's outbox names.
pub struct Uploader {
    store: Arc<Store>,
    tier: TierId,
    layout: Layout,
    service: Service,
    loose: Loose,
    damaged: Arc<Damaged>,
    objects: Objects,
    counters: Counters,
    /// What sessions that run have noted waits until they end.
    spares_running: bool,
}

impl Uploader {
    /// Sends what is in this store for a tier, whose objects are compressed at this level of zstd.
    pub fn new(store: Arc<Store>, address: &Address, service: Service, level: i32) -> Self {
        let damaged = Damaged::of(&store, address.tier_id());
        Self {
            tier: address.tier_id(),
            layout: address.layout(),
            counters: Counters::of(&store, address),
            loose: Loose::new(address, service.clone(), Arc::clone(&damaged)),
            damaged,
            objects: Objects::new(Arc::clone(&store), level),
            store,
            service,
            spares_running: false,
        }
    }

    /// The same for sessions that have ended alone: what a session has noted is looked at from its
    /// beginning by each uploader, and a session may run for hours.
    #[must_use]
    pub fn of_ended_sessions(self) -> Self {
        Self {
            spares_running: true,
            ..self
        }
    }

    /// Sends everything; `None` where another process is at it for longer than `wait`.
    ///
    /// # Errors
    /// When the service does not take it, or the outbox cannot be read. What was not sent stays.
    pub async fn run(
        &self,
        wait: Duration,
        mut progress: impl FnMut(&Uploaded),
    ) -> Result<Option<Uploaded>, UploadError> {
        let mut uploaded = Uploaded::default();
        let Some(outbox) = self.store.outbox(self.tier) else {
            return Ok(Some(uploaded));
        };
        let (mut wait, mut sent_until) = (wait, HashMap::new());
        loop {
            if outbox.is_empty() {
                return Ok(Some(uploaded));
            }
            let Some(queue) = take(&outbox, wait, &mut uploaded, &mut progress).await? else {
                return Ok(None);
            };
            let mut spared = Vec::new();
            let has_ended = self
                .pass(
                    &queue,
                    &mut sent_until,
                    &mut spared,
                    &mut uploaded,
                    &mut progress,
                )
                .await?;
            // A session that ends now starts an uploader, which finds this one at work and ends. So
            // its notes are looked for once more after the lock is free.
            drop(queue);
            if !has_ended
                && !spared
                    .iter()
                    .any(|file| matches!(file.has_ended(), Ok(true)))
            {
                return Ok(Some(uploaded));
            }
            wait = Duration::ZERO;
        }
    }

    /// Sends what each session has noted, the oldest first, from where that was sent; whether that of
    /// any session is done, so that it is worth to look again.
    async fn pass(
        &self,
        queue: &OutboxQueue,
        sent_until: &mut HashMap<PathBuf, u64>,
        spared: &mut Vec<OutboxFile>,
        uploaded: &mut Uploaded,
        progress: &mut impl FnMut(&Uploaded),
    ) -> Result<bool, UploadError> {
        let now = SystemTime::now();
        uploaded.dropped += queue.drop_excess(now).map_err(UploadError::Outbox)?;
        let mut files = Vec::new();
        for path in queue.files().map_err(UploadError::Outbox)? {
            let from = sent_until.get(&path).copied().unwrap_or_default();
            let Some(file) = queue.open(&path, from) else {
                continue;
            };
            match self.spares_running && !file.has_ended().map_err(UploadError::Outbox)? {
                true => spared.push(file),
                false => files.push((path, file)),
            }
        }
        if files.is_empty() {
            return Ok(false);
        }
        uploaded.left = files.iter_mut().map(|(_, file)| file.lines_left()).sum();
        progress(uploaded);
        self.mark_format().await?;
        self.damaged.look();
        let mut done = Vec::new();
        let outcome = self.send_files(files, &mut done, uploaded, progress).await;
        self.counters.keep(uploaded);
        if outcome.is_ok()
            && let Some(outbox) = self.store.outbox(self.tier)
        {
            // Where it cannot be kept, `flush` says it.
            let _ = outbox.note_end(uploaded.why_given_up().as_deref());
        }
        // What was sent until an error counts.
        let mut has_ended = false;
        for (path, mut file) in done {
            has_ended |= file.remove_if_done().map_err(UploadError::Outbox)?;
            sent_until.insert(path, file.offset());
        }
        outcome.map(|()| has_ended)
    }

    /// Sends what these files name; those of which all was sent are `done`.
    async fn send_files(
        &self,
        files: Vec<(PathBuf, OutboxFile)>,
        done: &mut Vec<(PathBuf, OutboxFile)>,
        uploaded: &mut Uploaded,
        progress: &mut impl FnMut(&Uploaded),
    ) -> Result<(), UploadError> {
        if let Some(packs) = self.packs().await? {
            return self
                .send_in_packs(packs, files, done, uploaded, progress)
                .await;
        }
        let (mut failure, denied) = (None, RefCell::default());
        for (path, mut file) in files {
            let before = uploaded.failed;
            while let notes = file.read().map_err(UploadError::Outbox)?
                && !notes.is_empty()
            {
                // Without an index, what was asked for is of no use.
                let (batch, _) = split(notes);
                self.send(batch, &denied, uploaded, &mut failure, progress)
                    .await?;
            }
            if uploaded.failed == before {
                done.push((path, file));
            }
        }
        uploaded.end_with(failure)
    }

    /// Whether what ends an upload is given up: it has ended the last one.
    fn gives_up(&self) -> bool {
        let outbox = self.store.outbox(self.tier);
        outbox.is_some_and(|outbox| outbox.failed_upload().is_some())
    }

    /// Sends a batch of entries. An entry that the service has not taken is a `failure`. Of a scope
    /// that is `denied` no more is sent.
    async fn send(
        &self,
        batch: Vec<Noted>,
        denied: &RefCell<HashSet<ScopeName>>,
        uploaded: &mut Uploaded,
        failure: &mut Option<UploadError>,
        progress: &mut impl FnMut(&Uploaded),
    ) -> Result<(), UploadError> {
        let mut sending = stream::iter(batch)
            .map(async |noted| {
                let scope = noted.scope.clone();
                let is_denied = denied.borrow().contains(&scope);
                match is_denied {
                    true => (scope, None),
                    false => (scope, Some(self.loose.send(noted, &self.objects).await)),
                }
            })
            .buffer_unordered(ENTRIES_AT_ONCE);
        let mut refusals = Refusals::of(&self.service, self.gives_up());
        while let Some((scope, outcome)) = sending.next().await {
            match outcome.transpose() {
                Ok(None) => uploaded.failed += 1,
                Ok(Some(outcome)) => {
                    refusals.taken();
                    uploaded.count(outcome);
                }
                // One value that a service does not take must not keep all others from it.
                Err(error @ ServiceError::Failed(_)) => match refusals.refused(()).await {
                    Refused::Dead => return Err(error.into()),
                    Refused::Stay => {
                        uploaded.failed += 1;
                        *failure = Some(error.into());
                    }
                    Refused::GivenUp(entries) => {
                        // But for this one, they were counted as failed.
                        uploaded.failed -= entries.len() as u64 - 1;
                        uploaded.give_up(entries.len() as u64);
                    }
                },
                Err(source @ (ServiceError::Denied(_) | ServiceError::NoCredential { .. })) => {
                    uploaded.failed += 1;
                    if denied.borrow_mut().insert(scope.clone()) {
                        *failure = Some(UploadError::Scope { scope, source });
                    }
                }
                Err(error) => return Err(error.into()),
            }
            progress(uploaded);
        }
        Ok(())
    }

    /// Sees that the tier has this format and layout, or is empty; then it is told its format, before
    /// anything else is in it.
    async fn mark_format(&self) -> Result<(), UploadError> {
        let found = match with_pauses(|| self.service.read(FORMAT_KEY, MAX_MARKER)).await {
            Err(error) if error.is_of_value() => return Err(UploadError::NoTier),
            found => found?,
        };
        match found.as_deref().map(read_format_marker) {
            None => {
                let marker = format_marker().into_bytes();
                Ok(with_pauses(|| self.service.write(FORMAT_KEY, marker.clone())).await?)
            }
            Some(Some(FORMAT)) => self.check_layout().await,
            Some(Some(found)) => Err(UploadError::OtherFormat { found }),
            Some(None) => Err(UploadError::NoTier),
        }
    }

    /// Sees that the entries in the tier are laid out as the address says: two layouts beside one another
    /// would be two copies of all.
    async fn check_layout(&self) -> Result<(), UploadError> {
        // Where it is not known, it is as the address says.
        match with_pauses(|| other_layout(&self.service, self.layout)).await {
            Ok(Some(found)) => Err(UploadError::OtherLayout {
                found,
                meant: self.layout,
            }),
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

/// Notes of entries, and those of what sessions have asked for.
fn split(notes: Vec<Note>) -> (Vec<Noted>, Vec<Asked>) {
    let (mut entries, mut asked) = (Vec::new(), Vec::new());
    for note in notes {
        match note {
            Note::Entry(noted) => entries.push(noted),
            Note::Asked(actions) => asked.push(actions),
        }
    }
    (entries, asked)
}

/// Takes an outbox, for which another process may have to be waited for.
async fn take(
    outbox: &Outbox,
    wait: Duration,
    uploaded: &mut Uploaded,
    progress: &mut impl FnMut(&Uploaded),
) -> Result<Option<OutboxQueue>, UploadError> {
    let began = Instant::now();
    loop {
        let left = wait.saturating_sub(began.elapsed());
        let (outbox_here, turn) = (outbox.clone(), left.min(TURN));
        let taken = tokio::task::spawn_blocking(move || outbox_here.take(turn));
        let taken = taken.await.map_err(io::Error::other).flatten();
        let taken = taken.map_err(UploadError::Outbox)?;
        if taken.is_some() || left.is_zero() {
            return Ok(taken);
        }
        uploaded.left = outbox.waiting().entries;
        progress(uploaded);
    }
}

#[cfg(test)]
mod tests;
