//! `cachewarden prune`: trims now, as far as it is told to.

use std::process::ExitCode;

use anyhow::Context;
use bytesize::ByteSize;

use crate::store::{DEFAULT_AGE, Store, TrimRequest};

use super::arguments::{HelperOptions, PruneOptions};
use super::bar::Bar;
use super::output;

/// Removes what is asked for, and says what that was.
pub(super) fn run(options: &HelperOptions, prune: &PruneOptions) -> anyhow::Result<ExitCode> {
    let folder = options.store_folder()?;
    if !Store::exists(&folder) {
        output::print(&format!(
            "There is no store in {}; nothing to do.\n",
            folder.display()
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = match prune.dry_run {
        true => Store::open_to_look(&folder, options.sharing())?,
        false => Store::open(&folder, None, options.sharing())?,
    };
    if let Some(scope) = &prune.scope
        && !store.has_scope(scope)
    {
        output::print(&format!(
            "There is no scope {scope} in {}; nothing to do.\n",
            folder.display()
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let request = TrimRequest {
        older_than: prune.older_than.unwrap_or(DEFAULT_AGE),
        max_size: prune.max_size.map(|size| size.as_u64()),
        scope: prune.scope.clone(),
        all: prune.all,
        dry_run: prune.dry_run,
    };
    let bar = Bar::new();
    let pruned = store.prune(&request, output::complain_of_waiting, |progress| {
        bar.show(progress);
    });
    bar.clear();
    let removed = pruned.with_context(|| format!("cannot prune {}", folder.display()))?;
    let verb = if prune.dry_run {
        "Would remove"
    } else {
        "Removed"
    };
    output::print(&format!(
        "{verb} {} entries and {} objects ({}) from {}.\n",
        removed.entries,
        removed.objects,
        ByteSize(removed.bytes).display().si(),
        folder.display()
    ))?;
    if prune.all || prune.scope.is_some() {
        output::print(
            "Objects that a build may still be using go with a later trim: what was used in the last two hours stays.\n",
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
