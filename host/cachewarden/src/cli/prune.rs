//! `cachewarden prune`: trims now, as far as it is told to.

use std::io::{self, IsTerminal};
use std::time::SystemTime;

use cachewarden_store::{DEFAULT_AGE, GRACE_PERIOD, Store, TrimReport, TrimRequest};
use cachewarden_types::Code;

use super::arguments::{Origins, PruneOptions};
use super::bar::Bar;
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;
use super::the_store::{VerbStore, Work, with_store};

/// Removes what is asked for, and says what that was.
pub(super) fn run(prune: &PruneOptions, origins: &Origins) -> Result<ExitStatus, Failure> {
    with_store(&prune.store, origins, Work::Remove, |found| {
        prune_in(found, prune)
    })
}

fn prune_in(found: &VerbStore, prune: &PruneOptions) -> Result<ExitStatus, Failure> {
    let folder = &found.folder;
    let shown = format!("{} (named by {})", folder.display(), found.named_by);
    let store = match prune.dry_run {
        true => Store::open_to_look(folder, found.sharing)?,
        false => Store::open(folder, found.sharing)?,
    };
    if let Some(scope) = &prune.scope
        && !store.has_scope(scope)
    {
        output::print(&format!(
            "There is no scope {scope} in {shown}; nothing to do.\n"
        ))?;
        return Ok(ExitStatus::Success);
    }
    let request = TrimRequest {
        older_than: prune.older_than.unwrap_or(DEFAULT_AGE),
        max_size: prune.max_size.map(|size| size.as_u64()),
        scope: prune.scope.clone(),
        all: prune.all,
        now: prune.now,
        dry_run: prune.dry_run,
        ..TrimRequest::default()
    };
    if prune.now && !prune.dry_run && !prune.yes && !is_confirmed()? {
        output::print("Nothing was removed.\n")?;
        return Ok(ExitStatus::Success);
    }
    let bar = Bar::new();
    let pruned = store.prune(&request, output::warn_of_waiting, |progress| {
        bar.show(progress);
    });
    bar.clear();
    let removed = pruned.or_fail(Code::StoreWork, || {
        format!("cannot prune {}", folder.display())
    })?;
    output::print(&describe(&removed, &request, &shown))?;
    Ok(ExitStatus::Success)
}

/// Asks a person whether builds may fail. Where there is none, the option itself is the answer.
fn is_confirmed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(true);
    }
    output::ask(
        "--now also removes what builds that are running may still read; such a build fails. Go on? [y/N] ",
    );
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .or_fail(Code::System, || "cannot read the answer".to_owned())?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// What was removed, and what was asked for and stays: why, and for how long.
fn describe(removed: &TrimReport, request: &TrimRequest, store: &str) -> String {
    let verb = match request.dry_run {
        true => "Would remove",
        false => "Removed",
    };
    let mut text = format!(
        "{verb} {} and {} ({}) from {store}.\n",
        output::count(removed.entries, "entry"),
        output::count(removed.objects, "object"),
        output::size(removed.bytes),
    );
    if let (Some(scope), 1..) = (&request.scope, removed.young_entries) {
        text += &format!(
            "{} of scope {scope} {} in the store, used in the last {}. --all removes the whole scope.\n",
            output::count(removed.young_entries, "entry"),
            stay(removed.young_entries),
            output::age(request.older_than.as_secs())
        );
    }
    let lately = format!("used in the last {}", output::age(GRACE_PERIOD.as_secs()));
    if removed.spared_entries > 0 {
        text += &format!(
            "{} more, as old as asked for, {} in the store: builds that are running may ask again for what was {lately}. --now removes that too.\n",
            output::count(removed.spared_entries, "entry"),
            stay(removed.spared_entries)
        );
    }
    if removed.bytes_over_limit > 0 {
        text += &format!(
            "The rest is {} larger than asked for: it may have been {lately}, and builds that are running may still read it. --now removes it too.\n",
            output::size(removed.bytes_over_limit)
        );
    }
    if let Some(from) = removed.bytes_to_follow_from {
        let wait = from.duration_since(SystemTime::now()).unwrap_or_default();
        text += &format!(
            "{} more follow with the first trim or prune in {} or later: they may have been {lately} (a use is noted once an hour), and builds that are running may still read them. --now removes them at once.\n",
            output::size(removed.bytes_to_follow),
            output::age(wait.as_secs())
        );
    }
    text
}

/// The verb behind a count.
fn stay(count: u64) -> &'static str {
    match count {
        1 => "stays",
        _ => "stay",
    }
}
