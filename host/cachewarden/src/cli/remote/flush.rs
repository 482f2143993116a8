//! `cachewarden flush`: sends to the remote tiers what waits for them, or waits for who does.

use std::sync::Arc;
use std::time::Duration;

use cachewarden_remote::{Address, TierUpload, UploadEnd, Uploaded, upload_to};
use cachewarden_store::{Progress, Store};
use cachewarden_types::{Code, with_causes};

use crate::cli::arguments::{FlushOptions, Origins};
use crate::cli::bar::Bar;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::output;
use crate::cli::the_store::{VerbStore, Work, remote_options, with_store};

use super::{NONE_NAMED, level, tiers};

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
            UploadEnd::Busy => "another process sends it, and has not come to its end".to_owned(),
            UploadEnd::TimedOut => "the time of --timeout is over".to_owned(),
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
        output::warn(
            Code::NotSent,
            &format!(
                "{address}: {what}; {left} left in {folder}: {why}. The next session or flush sends that"
            ),
        );
    }
    match ends.iter().all(TierUpload::is_complete) {
        true => ExitStatus::Success,
        false => ExitStatus::Unsent,
    }
}

/// What was sent before, where nothing waits: the uploads of sessions are often faster.
fn sent_before(store: &Store, address: &Address) -> String {
    let traffic = store.tier_traffic(address.tier_id()).unwrap_or_default();
    match traffic.sent {
        0 => ", and nothing was sent before".to_owned(),
        sent => format!(
            " (sent before: {}, {})",
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
    add(uploaded.too_large, "too large");
    add(
        uploaded.given_up,
        "given up, since the service refuses them and takes others",
    );
    add(uploaded.dropped, "dropped after they waited too long");
    text
}
