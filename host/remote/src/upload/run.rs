//! Uploads to several tiers at once, for who has no other business meanwhile.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use cachewarden_store::Store;
use cachewarden_types::with_causes;

use crate::address::{Address, Credentials};
use crate::runtime::Runtime;
use crate::service::{Service, ServiceError};

use super::{UploadError, Uploaded, Uploader};

/// How an upload to a tier has ended.
#[derive(Debug)]
pub enum UploadEnd {
    /// Nothing is left.
    Complete,
    /// Another process sends what is there.
    Busy,
    /// The time was over.
    TimedOut,
    /// The tier has not taken everything.
    Failed(UploadError),
}

/// An upload to a tier that has ended.
#[derive(Debug)]
pub struct TierUpload {
    /// The tier.
    pub address: Address,
    /// How it has ended.
    pub end: UploadEnd,
    /// What it has come to.
    pub uploaded: Uploaded,
}

impl TierUpload {
    /// Whether nothing is left.
    pub fn is_complete(&self) -> bool {
        matches!(self.end, UploadEnd::Complete)
    }
}

/// Sends what waits in a store for those of these tiers that may be written, and reports progress by
/// the position of a tier among them. It waits so long for other processes that do so, and ends
/// after `limit`.
///
/// # Errors
/// When the system has no thread to give.
pub fn upload_to(
    store: &Arc<Store>,
    tiers: Vec<(Address, Credentials)>,
    level: i32,
    wait: Duration,
    limit: Option<Duration>,
    progress: impl FnMut(usize, &Uploaded),
) -> io::Result<Vec<TierUpload>> {
    let progress = RefCell::new(progress);
    let writable = tiers.into_iter().filter(|(tier, _)| tier.mode.writes());
    let uploads = (0..)
        .zip(writable)
        .map(|(position, (address, credentials))| {
            let progress = &progress;
            async move {
                let mut last = Uploaded::default();
                let note = |so_far: &Uploaded| {
                    last = *so_far;
                    (progress.borrow_mut())(position, so_far);
                };
                let end = match uploader(store, &address, &credentials, level, wait) {
                    Ok(Some(uploader)) => upload_one(&uploader, wait, limit, note).await,
                    Ok(None) => UploadEnd::Complete,
                    Err(error) => UploadEnd::Failed(error.into()),
                };
                keep_end(store, &address, &end, &last);
                TierUpload {
                    address,
                    end,
                    uploaded: last,
                }
            }
        });
    Runtime::run(join_all(uploads))
}

/// Keeps in the store why a tier has not taken everything, for `stats`, and for the next session where
/// a person has to change something.
fn keep_end(store: &Store, address: &Address, end: &UploadEnd, uploaded: &Uploaded) {
    let reason = match end {
        UploadEnd::Complete => uploaded.why_given_up(),
        UploadEnd::Failed(error) => Some(with_causes(error)),
        UploadEnd::Busy | UploadEnd::TimedOut => return,
    };
    if let Some(outbox) = store.outbox(address.tier_id()) {
        // Where it cannot be kept, `flush` says it.
        let _ = outbox.note_end(reason.as_deref());
        if let UploadEnd::Failed(error) = end
            && let Some(kind) = error.refusal()
        {
            let _ = outbox.note_refusal(kind);
        }
    }
}

/// The uploader to a tier; `None` where nothing waits for it.
fn uploader(
    store: &Arc<Store>,
    address: &Address,
    credentials: &Credentials,
    level: i32,
    wait: Duration,
) -> Result<Option<Uploader>, ServiceError> {
    let outbox = store.outbox(address.tier_id());
    if outbox.is_none_or(|outbox| outbox.is_empty()) {
        // Then the service need not be there.
        return Ok(None);
    }
    let service = Service::at(address, credentials)?;
    let uploader = Uploader::new(Arc::clone(store), address, service, level);
    // Who waits for other uploaders wants all of it.
    Ok(Some(match wait.is_zero() {
        true => uploader.of_ended_sessions(),
        false => uploader,
    }))
}

async fn upload_one(
    uploader: &Uploader,
    wait: Duration,
    limit: Option<Duration>,
    mut progress: impl FnMut(&Uploaded),
) -> UploadEnd {
    let mut last = Uploaded::default();
    let upload = uploader.run(wait, |so_far| {
        last = *so_far;
        progress(so_far);
    });
    let ended = match limit {
        Some(limit) => timeout(limit, upload).await,
        None => Ok(upload.await),
    };
    // Of an upload that was cut off.
    uploader.counters.keep(&last);
    match ended {
        Ok(Ok(Some(_))) => UploadEnd::Complete,
        Ok(Ok(None)) => UploadEnd::Busy,
        Ok(Err(error)) => UploadEnd::Failed(error),
        Err(_) => UploadEnd::TimedOut,
    }
}
