//! Builds a small module through the helper, twice, with a store of its own: the second time
//! everything must be there.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use cachewarden_system::helper_process::TOOL_OF_GO;
use tempfile::TempDir;

use crate::cli::advice::{Advice, advice, advice_on};
use crate::cli::arguments::{HelperOptions, RemoteOptions};
use crate::cli::gocacheprog;
use crate::cli::paths::TEMPORARY;
use crate::cli::settings::{SettingsSource, settings};

use super::{Finding, Well};

const REMEDY: &str = "mend what it says, or run it by hand with -v";

const PREFIX: &str = "cachewarden: ";

/// Builds with these options, and says what was kept and found, and what the policy had to say.
pub(super) fn check(program: &Path, options: &HelperOptions) -> Finding {
    let work = make_work()?;
    let helper = helper(program, options, work.path())?;
    build_twice(&helper, work.path(), |summary| match has_policy(summary) {
        true => REFUSED_BY_POLICY,
        false => REFUSED_BY_OPTIONS,
    })
}

/// A folder with a module and a GOCACHE.
pub(in crate::cli) fn make_work() -> Result<TempDir, Advice> {
    let failed = |error: io::Error| advice(error.to_string(), REMEDY);
    let work = tempfile::tempdir().map_err(failed)?;
    make_module(work.path()).map_err(failed)?;
    Ok(work)
}

/// Builds twice with a value of GOCACHEPROG that has `-v`; `refused_by` says of a summary why nothing
/// is kept.
pub(in crate::cli) fn build_twice(
    helper: &str,
    work: &Path,
    refused_by: impl FnOnce(&str) -> &'static str,
) -> Finding {
    let [first, second] = [(), ()].map(|()| build(helper, work));
    let (first, second) = (first?, second?);
    let (Some(filled), Some(found)) = (summary(&first), summary(&second)) else {
        return Err(advice(
            "go build did not use the helper",
            "this go command does not know GOCACHEPROG: install Go 1.24 or later",
        ));
    };
    let notes = first
        .lines()
        .filter(|line| !is_summary(line))
        .filter_map(|line| line.strip_prefix(PREFIX))
        .map(str::to_owned);
    let mut notes: Vec<_> = notes.collect();
    let is_in_doubt = keeps_nothing(filled);
    if is_in_doubt {
        notes.push(refused_by(filled).to_owned());
    }
    Ok(Well {
        text: format!("{}; then {found}", puts(filled)?),
        notes,
        is_in_doubt,
    })
}

fn make_module(work: &Path) -> io::Result<()> {
    for folder in ["module", "gocache"] {
        fs::create_dir(work.join(folder))?;
    }
    fs::write(work.join("module/go.mod"), "module doctor\n\ngo 1.21\n")?;
    fs::write(
        work.join("module/doctor.go"),
        "// Package doctor is compiled once.\npackage doctor\n\n// Answer is exported.\nfunc Answer() int { return 42 }\n",
    )
}

/// The value of GOCACHEPROG with the same options, a store of its own, no recording, no bases, no
/// remote tiers, which are looked at apart and are not to be filled with this, and nothing from
/// variables.
fn helper(program: &Path, options: &HelperOptions, work: &Path) -> Result<String, Advice> {
    let mut options = HelperOptions {
        record: None,
        base: Vec::new(),
        tiers: RemoteOptions::default(),
        remote_budget: None,
        verbose: true,
        ..options.clone()
    };
    options.store.dir = Some(work.join("store"));
    let own = options.policy.iter_mut().map(|policy| &mut policy.settings);
    for (number, source) in own.chain([&mut options.settings]).enumerate() {
        if source.is_some() {
            let file = work.join(format!("settings-{number}.json"));
            let settings = settings(source.as_ref())
                .map_err(|failure| advice_on(failure, "mend --settings"))?;
            fs::write(&file, settings.get()).map_err(|error| advice(error.to_string(), REMEDY))?;
            *source = Some(SettingsSource::File { file, pin: None });
        }
    }
    let mut words = vec!["--no-env".to_owned()];
    words.extend(options.words());
    gocacheprog::value(program, &words).map_err(|word| {
        advice(
            format!("{word} has both kinds of quotes, and GOCACHEPROG cannot name it"),
            "look at it with a value that has one kind",
        )
    })
}

/// Builds once; what was said on stderr.
fn build(helper: &str, work: &Path) -> Result<String, Advice> {
    let output = Command::new("go")
        .args(["build", "./..."])
        .current_dir(work.join("module"))
        .env("GOCACHEPROG", helper)
        .env("GOCACHE", work.join("gocache"))
        .env("GOFLAGS", "")
        // A helper that takes itself for a nested one says nothing.
        .env_remove(TOOL_OF_GO)
        .env("GOWORK", "off")
        .output()
        .map_err(|error| advice(error.to_string(), REMEDY))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(advice(format!("go build failed: {}", text.trim()), REMEDY)),
    }
}

/// What a session has said at its end, of gets and of puts.
fn summary(stderr: &str) -> Option<&str> {
    let line = stderr.lines().find(|line| is_summary(line))?;
    Some(line.trim_start_matches(PREFIX))
}

fn is_summary(line: &str) -> bool {
    line.contains(" gets, ") || line.contains(" get, ")
}

// Said where every put was refused. That may be meant, as with `read-only`.

const REFUSED_BY_POLICY: &str = "the policy lets nothing be kept: with these labels it grants no scope to write, or it refuses what is put; --record FILE shows its grant";

const REFUSED_BY_OPTIONS: &str =
    "the options let nothing be kept: --allow-write does not match the scope that --scope names";

/// Whether a policy was asked.
fn has_policy(summary: &str) -> bool {
    !summary.ends_with("no policy")
}

/// Whether every put was refused.
fn keeps_nothing(summary: &str) -> bool {
    let (puts, refused, _) = counts(summary);
    puts > 0 && puts == refused
}

/// The puts in the line of a session's end, those that were refused, and those that could not be
/// kept.
fn counts(summary: &str) -> (u64, u64, u64) {
    let counts = summary.split("; ").nth(1).unwrap_or_default();
    let count = |unit: &str| -> u64 {
        let found = counts.split(", ").find_map(|part| part.strip_suffix(unit));
        found.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    let puts = count(" puts").max(count(" put"));
    (puts, count(" refused"), count(" not kept"))
}

/// What became of the puts in the line of a session's end.
fn puts(summary: &str) -> Result<String, Advice> {
    let (puts, refused, lost) = counts(summary);
    let kept = puts.saturating_sub(refused + lost);
    match lost {
        0 => Ok(format!("{kept} of {puts} puts kept, {refused} refused")),
        _ => Err(advice(
            format!("{kept} of {puts} puts kept, {lost} could not be written"),
            format!("make room in the folder of temporary files ({TEMPORARY})"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_the_puts_is_read_from_the_summary() {
        let line = "3 gets, 0 hits, 0 refused; 5 puts, 2 refused, 1.2 MB; no policy";
        assert_eq!(puts(line).unwrap(), "3 of 5 puts kept, 2 refused");
        assert!(!keeps_nothing(line));
        assert!(!has_policy(line));
        let one = "1 get, 0 hits, 0 refused; 1 put, 0 refused, 1.2 MB; no policy";
        assert!(is_summary(one) && !keeps_nothing(one));
        assert_eq!(puts(one).unwrap(), "1 of 1 puts kept, 0 refused");
        assert!(keeps_nothing(
            "3 gets, 0 hits, 0 refused; 5 puts, 5 refused, 1.2 MB; policy 0.1 ms"
        ));
        let lost = "3 gets, 0 hits, 0 refused; 5 puts, 2 refused, 1 not kept, 1.2 MB; no policy";
        assert!(
            puts(lost)
                .unwrap_err()
                .problem
                .contains("2 of 5 puts kept, 1 could")
        );
    }
}
