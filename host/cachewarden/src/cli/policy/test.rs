//! `cachewarden policy test`: does a policy answer as its cases say?

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use cachewarden_policy_host::thread::Room;
use cachewarden_policy_host::{Policy, PolicySource};
use cachewarden_recording as recording;
use cachewarden_session::diagnostics::sanitize;

use crate::cli::arguments::LimitOptions;
use crate::cli::exit_status::ExitStatus;
use crate::cli::helper::compiled_cache;
use crate::cli::output;
use crate::replay::replay;

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
    #[command(flatten)]
    limits: LimitOptions,
}

/// Prints every difference with its file and line; exit code 1 where there is one.
pub(in crate::cli) fn run(test: &TestOptions) -> anyhow::Result<ExitStatus> {
    let (limits, test) = (test.limits.limits(), test.clone());
    super::on_policy_thread(move |room| {
        let policy = super::load(&test.file, limits, compiled_cache().as_ref())?;
        compare(&policy, &test, room)
    })
}

fn compare(policy: &Arc<Policy>, test: &TestOptions, room: &Room) -> anyhow::Result<ExitStatus> {
    let (mut sessions, mut questions, mut differences) = (0, 0, 0);
    for file in &test.cases {
        let outcome = replay(policy, &recording::read(file)?, test.policy_index, room)?;
        anyhow::ensure!(
            outcome.sessions > 0,
            "{} holds no session; expected a `session` line first (docs/recording.md)",
            file.display()
        );
        for difference in &outcome.differences {
            output::print(&format!(
                "{}:{}: {}\n",
                file.display(),
                difference.number,
                sanitize(&difference.text)
            ))?;
        }
        sessions += outcome.sessions;
        questions += outcome.questions;
        differences += outcome.differences.len();
    }
    output::print(&format!(
        "{sessions} sessions, {questions} questions, {differences} differences\n"
    ))?;
    Ok(match differences {
        0 => ExitStatus::Success,
        _ => ExitStatus::Finding,
    })
}
