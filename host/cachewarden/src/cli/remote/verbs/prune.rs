//! `cachewarden remote prune`: for tiers whose service has no rule of its own for what is old.

use cachewarden_remote::{
    Address, Credentials, GRACE, PruneRequest, Pruned, TierEvent, prune_tier,
};
use cachewarden_types::sanitize;

use crate::cli::arguments::remote::RemotePruneOptions;
use crate::cli::bar::Bar;
use crate::cli::exit_status::ExitStatus;
use crate::cli::output;

use super::Stopped;

/// How long an object stays that no entry names.
const GRACE_HOURS: u64 = GRACE.as_secs() / 3600;

/// Removes from a tier what is asked for, and says what that was, and which parts of its index are
/// damaged; exit code 1 where some are.
pub(super) fn run(
    options: &RemotePruneOptions,
    address: &Address,
    credentials: &Credentials,
) -> Result<ExitStatus, Stopped> {
    let shown = sanitize(&address.to_string());
    if !address.mode.writes() && !options.dry_run {
        output::print(&format!(
            "{shown}: its address says that it is only read; nothing was removed.\n"
        ))?;
        return Ok(ExitStatus::Success);
    }
    let request = PruneRequest {
        older_than: options.older_than,
        max_size: options.max_size.map(|size| size.as_u64()),
        dry_run: options.dry_run,
        ..PruneRequest::default()
    };
    let bar = Bar::new();
    let mut damaged = Vec::new();
    let pruned = prune_tier(address, credentials, &request, |event| match event {
        TierEvent::Damaged { key, why } => damaged.push(sanitize(&format!("{key}: {why}")) + "\n"),
        TierEvent::Progress(progress) => bar.show(progress),
    });
    bar.clear();
    let pruned = pruned?;
    let damaged = damaged.concat();
    output::print(&format!("{damaged}{}", describe(&pruned, &request, &shown)))?;
    Ok(match pruned.damaged {
        0 => ExitStatus::Success,
        _ => ExitStatus::Finding,
    })
}

fn describe(pruned: &Pruned, request: &PruneRequest, address: &str) -> String {
    let verb = match request.dry_run {
        true => "Would remove",
        false => "Removed",
    };
    let mut text = format!(
        "{verb} {} and {} ({}) from {address}; {} stay.\n",
        output::count(pruned.entries, "entry"),
        output::count(pruned.objects, "object"),
        output::size(pruned.bytes),
        output::size(pruned.left),
    );
    if pruned.young.count > 0 {
        let [are, they_were, them] = match pruned.young.count {
            1 => ["is", "it was", "it"],
            _ => ["are", "they were", "them"],
        };
        text += &format!(
            "{} ({}) that no entry names {are} part of it: {they_were} written in the last {GRACE_HOURS} hours, and an upload under way may need {them}. A later prune removes {them}.\n",
            output::count(pruned.young.count, "object"),
            output::size(pruned.young.bytes),
        );
    }
    if pruned.damaged > 0 {
        let [is, it, stays, goes] = match pruned.damaged {
            1 => ["is", "it", "stays", "goes"],
            _ => ["are", "they", "stay", "go"],
        };
        text += &format!(
            "{} of the index {is} damaged: as long as {it} {stays} there, what no other part names is removed by `--older-than` alone, since {it} may name it; {it} {goes} by that age, too.\n",
            output::count(pruned.damaged, "part"),
        );
    } else if pruned.held.count > 0 {
        text += "The index of a scope, or of all, has no parts: what nothing names is removed by `--older-than` alone, since the service may not have listed what names it.\n";
    }
    if pruned.held.count > 0 {
        text += &format!(
            "So {} ({}) stay{}.\n",
            output::count(pruned.held.count, "object"),
            output::size(pruned.held.bytes),
            if pruned.held.count == 1 { "s" } else { "" },
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use cachewarden_remote::Amount;

    use super::*;

    #[test]
    fn what_stays_since_its_name_may_be_missing_is_told_with_the_reason() {
        let told = |damaged, count| {
            let held = Amount { count, bytes: 10 };
            let pruned = Pruned {
                held,
                damaged,
                ..Pruned::default()
            };
            describe(&pruned, &PruneRequest::default(), "file:///t")
        };
        for (text, part) in [
            (
                told(1, 0),
                "1 part of the index is damaged: as long as it stays there",
            ),
            (
                told(2, 3),
                "2 parts of the index are damaged: as long as they stay there",
            ),
            (told(2, 3), "So 3 objects (10 B) stay."),
            (told(0, 1), "has no parts: what nothing names"),
            (told(0, 1), "So 1 object (10 B) stays."),
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(told(0, 0).lines().count(), 1);
    }

    #[test]
    fn what_is_young_is_told_in_good_grammar() {
        let told = |count: u64| {
            let young = Amount { count, bytes: 10 };
            let pruned = Pruned {
                young,
                ..Pruned::default()
            };
            describe(&pruned, &PruneRequest::default(), "file:///t")
        };
        let one = "1 object (10 B) that no entry names is part of it: it was written in the last 24 hours, and an upload under way may need it. A later prune removes it.";
        assert!(told(1).contains(one), "{}", told(1));
        let two = "2 objects (10 B) that no entry names are part of it: they were written in the last 24 hours, ";
        assert!(told(2).contains(two), "{}", told(2));
    }
}
