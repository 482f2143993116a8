//! `cachewarden policy test`: does a policy answer as its cases say?

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::value::RawValue;

use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_policy_host::{Policy, PolicySource};
use cachewarden_recording as recording;
use cachewarden_recording::{Line, NumberedLine};
use cachewarden_replay::replay;
use cachewarden_types::{Code, sanitize};

use crate::cli::arguments::LimitOptions;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, ensure};
use crate::cli::helper::compiled_cache;
use crate::cli::output;
use crate::cli::settings::{SettingsSource, settings};

/// What to test with what.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct TestOptions {
    /// The policy
    file: PolicySource,
    /// Recordings, or cases in their form (docs/recording.md)
    #[arg(required = true)]
    cases: Vec<PathBuf>,
    /// Which policy of a chain the cases are of, from 0: the `policy-index` of a recording's lines
    #[arg(long, value_name = "N", default_value_t = 0)]
    policy_index: u32,
    /// Ask with these settings, a JSON text or @FILE, instead of those of the cases
    // No variable: one that is set for the builds of a job would change what its cases say.
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<SettingsSource>,
    #[command(flatten)]
    limits: LimitOptions,
}

/// Prints every difference with its file and line; exit code 1 where there is one.
pub(in crate::cli) fn run(test: &TestOptions) -> Result<ExitStatus, Failure> {
    let (limits, test) = (test.limits.limits(), test.clone());
    super::on_policy_thread(move |thread| {
        let policy = super::load(&test.file, limits, compiled_cache().as_ref())?;
        compare(&policy, &test, thread)
    })
}

fn compare(
    policy: &Arc<Policy>,
    test: &TestOptions,
    thread: &PolicyThread,
) -> Result<ExitStatus, Failure> {
    let of_all = test.settings.as_ref();
    let of_all = of_all.map(|source| settings(Some(source))).transpose()?;
    let (mut sessions, mut questions, mut differences) = (0, 0, 0);
    for file in &test.cases {
        let mut lines = recording::read(file)?;
        if let Some(settings) = &of_all {
            replace_settings(&mut lines, settings);
        }
        let outcome = replay(policy, &lines, test.policy_index, thread)?;
        ensure(outcome.sessions > 0, Code::NoSession, || {
            format!(
                "{} has no session of the policy with the index {} (--policy-index); expected a `session` line first (docs/recording.md)",
                file.display(),
                test.policy_index
            )
        })?;
        for difference in &outcome.differences {
            output::print(&format!(
                "{}:{}: {}\n",
                file.display(),
                difference.number,
                sanitize(&difference.text)
            ))?;
        }
        if outcome.lost > 0 {
            let are = match outcome.lost {
                1 => "is",
                _ => "are",
            };
            output::print(&format!(
                "{}: {} {are} missing, which the daemon could not write; a difference may come from that\n",
                file.display(),
                output::count(outcome.lost, "line")
            ))?;
        }
        if outcome.without_policy > 0 {
            output::print(&format!(
                "{}: {} had no policy, so only `open` was asked: record with a policy such as allow-all.wasm to have the other questions\n",
                file.display(),
                output::count(outcome.without_policy, "session")
            ))?;
        }
        if !outcome.differences.is_empty() && !outcome.redacted_labels.is_empty() {
            let labels: Vec<_> = outcome.redacted_labels.into_iter().collect();
            output::print(&format!(
                "{}: the values of these labels were not written down (--redact-label), and the policy got `redacted` instead, which may be why it answers otherwise: {}\n",
                file.display(),
                sanitize(&labels.join(", "))
            ))?;
        }
        sessions += outcome.sessions;
        questions += outcome.questions;
        differences += outcome.differences.len();
    }
    output::print(&format!(
        "{}, {}, {}\n",
        output::count(sessions, "session"),
        output::count(questions, "question"),
        output::count(differences, "difference")
    ))?;
    Ok(match differences {
        0 => ExitStatus::Success,
        _ => ExitStatus::Finding,
    })
}

fn replace_settings(lines: &mut [NumberedLine], settings: &RawValue) {
    for line in lines {
        if let Line::Session(began) = &mut line.line {
            began.settings = settings.to_owned();
        }
    }
}
