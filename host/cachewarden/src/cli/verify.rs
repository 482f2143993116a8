//! `cachewarden verify`: is the store what it says it is?

use clap::Args;
use clap::builder::FalseyValueParser;

use cachewarden_store::{SharedStore, Store, Verified, VerifyEvent};
use cachewarden_types::{Code, sanitize};

use super::arguments::{Origins, StoreOptions};
use super::bar::Bar;
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;
use super::the_store::{VerbStore, Work, with_store};

/// Options of `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    /// Remove what is damaged; a build that is running loses nothing that is whole
    #[arg(long, env = "CACHEWARDEN_VERIFY_REPAIR", hide_env = true, value_parser = FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    repair: bool,
    #[command(flatten)]
    store: StoreOptions,
}

/// Prints every finding with its path; exit code 1 where something is damaged, or was.
pub(super) fn run(verify: &VerifyOptions, origins: &Origins) -> Result<ExitStatus, Failure> {
    let work = match verify.repair {
        true => Work::Remove,
        false => Work::Look,
    };
    with_store(&verify.store, origins, work, |found| {
        verify_in(found, verify)
    })
}

fn verify_in(found: &VerbStore, verify: &VerifyOptions) -> Result<ExitStatus, Failure> {
    let folder = &found.folder;
    let store = match verify.repair {
        true => Store::open(folder, found.sharing)?,
        // A look changes nothing, whosever the store is.
        false => Store::open_to_look(folder, SharedStore::Allow)?,
    };
    let bar = Bar::new();
    let mut printed = Ok(());
    let verified = store
        .verify(
            verify.repair,
            output::warn_of_waiting,
            |event| match event {
                VerifyEvent::Finding(finding) if printed.is_ok() => {
                    let line = format!("{}\n", sanitize(&finding.to_string()));
                    printed = bar.beside(|| output::print(&line));
                }
                VerifyEvent::Finding(_) => {}
                VerifyEvent::Progress(progress) => bar.show(progress),
            },
        )
        .or_fail(Code::StoreWork, || {
            format!("cannot verify {}", folder.display())
        })?;
    bar.clear();
    printed?;
    output::print(&format!(
        "Checked {} ({}) and {} of {} (named by {}): {}.\n",
        output::count(verified.objects, "object"),
        output::size(verified.bytes),
        output::count(verified.entries, "entry"),
        sanitize(&folder.display().to_string()),
        sanitize(&found.named_by),
        conclusion(&verified, verify.repair)
    ))?;
    Ok(match verified.damaged {
        0 => ExitStatus::Success,
        _ => ExitStatus::Finding,
    })
}

fn conclusion(verified: &Verified, repair: bool) -> String {
    let Verified {
        damaged,
        removed,
        unknown_files,
        ..
    } = verified;
    let mut text = match (damaged, repair) {
        (0, _) => "nothing is damaged".to_owned(),
        (_, false) => format!("{damaged} damaged; `cachewarden verify --repair` removes what is"),
        (_, true) if damaged == removed => format!("{damaged} damaged, all removed"),
        (_, true) => format!("{damaged} damaged, {removed} removed; see to the others yourself"),
    };
    if *unknown_files > 0 {
        text.push_str(&format!("; {unknown_files} no part of the store"));
    }
    text
}
