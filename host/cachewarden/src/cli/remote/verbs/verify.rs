//! `cachewarden remote verify`: is each tier what it says it is?

use cachewarden_remote::{Address, Credentials, TierEvent, verify_tier};
use cachewarden_types::sanitize;

use crate::cli::bar::Bar;
use crate::cli::exit_status::ExitStatus;
use crate::cli::output;

use super::Stopped;

/// Prints what is damaged, by its key; exit code 1 where something is.
pub(super) fn run(address: &Address, credentials: &Credentials) -> Result<ExitStatus, Stopped> {
    let bar = Bar::new();
    let mut printed = Ok(());
    let verified = verify_tier(address, credentials, |event| match event {
        TierEvent::Damaged { key, why } if printed.is_ok() => {
            let line = sanitize(&format!("{key}: {why}")) + "\n";
            printed = bar.beside(|| output::print(&line));
        }
        TierEvent::Damaged { .. } => {}
        TierEvent::Progress(progress) => bar.show(progress),
    });
    bar.clear();
    let verified = verified?;
    printed?;
    let mut conclusion = match verified.damaged {
        0 => "nothing is damaged".to_owned(),
        damaged => format!(
            "{damaged} damaged: a reader does not take what is, and a machine that has met it sends it again with the next put; `cachewarden remote prune --older-than` removes it with all that is as old"
        ),
    };
    if verified.gone > 0 {
        let gone = output::count(verified.gone, "entry");
        conclusion += &format!("; the objects of {gone} are not there any more, which is a miss");
    }
    if verified.unknown > 0 {
        let unknown = output::count(verified.unknown, "value");
        conclusion += &format!("; {unknown} not known to this version, and not read");
    }
    output::print(&format!(
        "Checked {} and {} ({}) of {}: {conclusion}.\n",
        output::count(verified.entries, "entry"),
        output::count(verified.objects, "object"),
        output::size(verified.bytes),
        sanitize(&address.to_string()),
    ))?;
    Ok(match verified.damaged {
        0 => ExitStatus::Success,
        _ => ExitStatus::Finding,
    })
}
