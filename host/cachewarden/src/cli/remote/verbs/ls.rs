//! `cachewarden remote ls`: what is in a tier.

use cachewarden_remote::{Address, Amount, Credentials, TierSummary, summarize_tier};
use cachewarden_types::sanitize;

use crate::cli::exit_status::ExitStatus;
use crate::cli::output;

use super::Stopped;

/// Said where there is nothing: a mistyped prefix is one, too.
const EMPTY: &str =
    "  no entries are there; if some were sent, the address is that of another place\n";

/// What packs are called that no entry names.
const UNNAMED: &str = "(named by no entry; a prune removes those that are a day old)";

/// What scopes are called that the service may have named by a credential.
const HIDDEN: &str = "(scopes whose names may have a credential in them)";

/// Prints the scopes of a tier.
pub(super) fn run(address: &Address, credentials: &Credentials) -> Result<ExitStatus, Stopped> {
    let summary = summarize_tier(address, credentials)?;
    let mut text = format!("{}:\n", sanitize(&address.to_string()));
    if summary == TierSummary::default() {
        text += EMPTY;
        output::print(&text)?;
        return Ok(ExitStatus::Success);
    }
    for (scope, amount) in &summary.scopes {
        text += &line(&scope.to_string(), amount, "entry");
    }
    if summary.hidden.count > 0 {
        text += &line(HIDDEN, &summary.hidden, "entry");
    }
    text += &line("(larger objects of all scopes)", &summary.objects, "object");
    if summary.unnamed.count > 0 {
        text += &line(UNNAMED, &summary.unnamed, "pack");
    }
    if summary.index.count > 0 {
        text += &line("(index)", &summary.index, "value");
    }
    if summary.unknown.count > 0 {
        text += &line("(not known to this version)", &summary.unknown, "value");
    }
    output::print(&text)?;
    Ok(ExitStatus::Success)
}

fn line(name: &str, amount: &Amount, unit: &str) -> String {
    format!(
        "  {name}: {}, {}\n",
        output::count(amount.count, unit),
        output::size(amount.bytes)
    )
}
