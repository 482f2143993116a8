//! `cachewarden policy ...`: what a policy's author needs beside an editor; one file a verb.

mod bench;
mod compile;
mod new;
mod test;

use std::sync::Arc;

use clap::Subcommand;

use cachewarden_policy_host::thread::{self, PolicyThread};
use cachewarden_policy_host::{
    CONTRACT, CompiledCache, Limits, LoadError, Policy, PolicySource, Sandbox,
};

use cachewarden_types::Code;

use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;

/// The contract as a core module sees it, for compilers that read C.
const HEADER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sdk/wit/policy.h"));

/// What an author may ask for.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyVerb {
    /// Make a project for a new policy, in any of several languages
    New(new::NewOptions),
    /// Ask a policy the questions of recordings or hand-written cases, and print what differs
    Test(test::TestOptions),
    /// Measure what a policy costs: compilation, first decision, a million questions, memory
    Bench(bench::BenchOptions),
    /// Compile a policy ahead, so that no build waits for it
    Compile(compile::CompileOptions),
    /// Print the contract, for those who use their own tools
    Wit,
    /// Print the contract as a C header: the functions of a core module, its import, and how memory
    /// is laid out
    Header,
}

pub(super) fn run(verb: &PolicyVerb) -> Result<ExitStatus, Failure> {
    match verb {
        PolicyVerb::New(new) => new::run(new),
        PolicyVerb::Test(test) => test::run(test),
        PolicyVerb::Bench(bench) => bench::run(bench),
        PolicyVerb::Compile(compile) => compile::run(compile),
        PolicyVerb::Wit => {
            output::print(CONTRACT)?;
            Ok(ExitStatus::Success)
        }
        PolicyVerb::Header => {
            output::print(HEADER)?;
            Ok(ExitStatus::Success)
        }
    }
}

/// Loads a policy for a person, who is told where compiling it takes a while.
fn load(
    source: &PolicySource,
    limits: Limits,
    cache: Option<&CompiledCache>,
) -> Result<Arc<Policy>, LoadError> {
    Sandbox::start()?.load(source, limits, cache, || {
        output::warn(Code::PolicyCompiling, &compiling(source));
    })
}

/// What is said where compiling takes longer than a second.
pub(super) fn compiling(source: &PolicySource) -> String {
    format!(
        "compiling the policy {}, once on this machine",
        source.file.display()
    )
}

/// Runs what asks a policy.
fn on_policy_thread(
    run: impl FnOnce(&PolicyThread) -> Result<ExitStatus, Failure> + Send + 'static,
) -> Result<ExitStatus, Failure> {
    thread::spawn("policy", run)
        .or_fail(Code::System, || "cannot start a thread".to_owned())?
        .join()
        .unwrap_or_else(|_| Err(super::thread_failed()))
}
