//! `cachewarden flush`: sends to the remote tiers what waits for them, or waits for who does.

use std::sync::Arc;
use std::time::Duration;

use cachewarden_remote::{
    Address, ServiceError, TierUpload, UploadEnd, UploadError, Uploaded, upload_to,
};
use cachewarden_store::{Progress, Store};
use cachewarden_types::{Code, with_causes};

use crate::cli::arguments::{FlushOptions, Origins};
use crate::cli::bar::Bar;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::output;
use crate::cli::the_store::{VerbStore, Work, remote_options, with_store};

use super::{NONE_NAMED, level, tiers};

/// Said of entries whose objects have more bytes than the service takes.
const TOO_LARGE: &str = "too large for this service";

/// Sends what waits, and says what came of it.
pub(in crate::cli) fn flush(
    flush: &FlushOptions,
    origins: &Origins,
) -> Result<ExitStatus, Failure> {
    let options = remote_options(&flush.tiers, origins);
    let tiers = tiers(&options)?;
    ensure(!tiers.is_empty(), Code::RemoteAddress, || {
        NONE_NAMED.to_owned()
    })?;
    with_store(&flush.store, origins, Work::Look, |found| {
        let store = Arc::new(Store::open(&found.folder, found.sharing)?);
        let bar = Bar::new();
        let mut so_far = vec![Uploaded::default(); tiers.len()];
        let ends = upload_to(
            &store,
            tiers.into(),
            level(&options),
            flush.timeout.unwrap_or(Duration::MAX),
            flush.timeout,
            |tier, uploaded| {
                so_far[tier] = *uploaded;
                bar.show(sum(&so_far));
            },
        );
        bar.clear();
        let ends = ends.or_fail(Code::System, || "cannot start a thread".to_owned())?;
        Ok(report(&store, found, &ends))
    })
}

fn sum(so_far: &[Uploaded]) -> Progress {
    let add = |of: fn(&Uploaded) -> u64| so_far.iter().map(of).sum::<u64>() as usize;
    let done = add(Uploaded::done);
    Progress {
        done,
        of: done + add(|uploaded| uploaded.left),
    }
}

fn report(store: &Store, found: &VerbStore, ends: &[TierUpload]) -> ExitStatus {
    if ends.is_empty() {
        output::say("cachewarden: no remote tier is one that may be written; nothing is left");
    }
    for upload in ends {
        let TierUpload {
            address,
            end,
            uploaded,
        } = upload;
        let what = describe(uploaded);
        let why = match end {
            UploadEnd::Complete if uploaded.done() + uploaded.dropped == 0 => {
                let before = sent_before(store, address);
                output::say(&format!(
                    "cachewarden: {address}: nothing waited{before}; nothing is left"
                ));
                continue;
            }
            UploadEnd::Complete => {
                output::say(&format!("cachewarden: {address}: {what}; nothing is left"));
                continue;
            }
            UploadEnd::Busy => {
                let text = "another process sends it, and has not come to its end";
                with_last_failure(text, store, address)
            }
            UploadEnd::TimedOut => {
                with_last_failure("the time of --timeout is over", store, address)
            }
            UploadEnd::Failed(error) => with_causes(error),
        };
        let waiting = store.outbox(address.tier_id());
        let waiting = waiting.map_or(0, |outbox| outbox.waiting().entries);
        let left = match uploaded.left {
            0 => waiting,
            left => left,
        };
        let left = output::count(left, "entry");
        let folder = found.folder.display();
        let next = next_step(end);
        output::warn(
            Code::NotSent,
            &format!("{address}: {what}; {left} left in {folder}: {why}. {next}"),
        );
    }
    match ends.iter().all(TierUpload::is_complete) {
        true => ExitStatus::Success,
        false => ExitStatus::Unsent,
    }
}

/// Adds why the last upload that has ended has left something, where one has: the one that has not may
/// have met the same.
fn with_last_failure(text: &str, store: &Store, address: &Address) -> String {
    let outbox = store.outbox(address.tier_id());
    match outbox.and_then(|outbox| outbox.failed_upload()) {
        Some(failed) => format!("{text}; the upload before it failed: {}", failed.reason),
        None => text.to_owned(),
    }
}

/// What becomes of that which is left, and what a person can do about it.
fn next_step(end: &UploadEnd) -> &'static str {
    match end {
        UploadEnd::Failed(
            UploadError::Service(ServiceError::Denied(_))
            | UploadError::Scope {
                source: ServiceError::Denied(_),
                ..
            },
        ) => {
            "It waits until the key may do that: `cachewarden doctor` says what a key lacks. Where the tier is only to be read, add `mode=read` to its address"
        }
        UploadEnd::Failed(
            UploadError::OtherFormat { .. } | UploadError::OtherLayout { .. } | UploadError::NoTier,
        ) => "It waits until that is corrected",
        _ => "The next session or flush sends that",
    }
}

/// What was sent before, where nothing waits: the uploads of sessions are often faster.
fn sent_before(store: &Store, address: &Address) -> String {
    let traffic = store.tier_traffic(address.tier_id()).unwrap_or_default();
    let too_large = match traffic.too_large {
        0 => String::new(),
        1 => format!("; 1 entry was {TOO_LARGE}"),
        many => format!("; {} were {TOO_LARGE}", output::count(many, "entry")),
    };
    match traffic.sent {
        0 => format!(", and nothing was sent before{too_large}"),
        sent => format!(
            " (sent before: {}, {}{too_large})",
            output::count(sent, "entry"),
            output::size(traffic.bytes_up)
        ),
    }
}

/// What an upload came to.
fn describe(uploaded: &Uploaded) -> String {
    let sent = output::count(uploaded.sent, "entry");
    let mut text = format!("{sent} sent ({})", output::size(uploaded.bytes));
    let mut add = |count: u64, what: &str| {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    };
    add(uploaded.there, "there already");
    add(uploaded.gone, "not in the store any more");
    add(uploaded.too_large, TOO_LARGE);
    add(
        uploaded.given_up,
        "given up, since the service refuses them and takes others",
    );
    add(uploaded.dropped, "dropped after they waited too long");
    text
}
