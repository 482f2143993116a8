//! Loads a compiled policy once in a child process with a session's limits, so that a policy that
//! is too expensive to load is found before the first session.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use cachewarden_types::{Digest, Problem, Session};

use super::Defect;
use super::account::no_account;
use super::call_deadline::cpu_time;
use super::child_task::{ChildTask, TaskError};
use super::host::Log;
use super::instance::{CallError, Instance, StartError};
use super::limits::{LOADING_MEMORY, LOADING_TIME, Limits, MAX_IMAGE_BYTES};
use super::loading::deserialize;
use super::sandbox::Sandbox;

/// The verb of this program that [`run`] serves.
pub const TEST_LOAD_VERB: &str = "load-for-parent";

/// The task for a compiled form of this size: it is read, and then mapped.
fn child_task(image: usize, limits: &Limits) -> ChildTask<'_> {
    ChildTask {
        verb: TEST_LOAD_VERB,
        doing: "loading it",
        memory: (2 * image as u64 + LOADING_MEMORY).saturating_add(limits.memory),
        memory_option: "which every session would take; more with --policy-memory",
        limits,
    }
}

/// Loads a compiled policy in a child process.
pub(super) fn test_load(image: &Arc<Vec<u8>>, limits: &Limits) -> Result<(), TaskError> {
    let tried = child_task(image.len(), limits).send(Arc::clone(image), || ());
    tried.map(drop).map_err(|error| match error {
        // Otherwise the policy would be compiled again to find this.
        TaskError::Failed { reason, .. } => TaskError::Failed {
            reason,
            is_repeatable: true,
        },
        TaskError::NoProcess(error) => TaskError::NoProcess(error),
    })
}

/// The child's side: loads the compiled form from `input`, and writes nothing, or the reason of the
/// failure. Returns whether it succeeded.
///
/// # Errors
/// When a stream fails, or no thread can be started.
pub fn run(input: impl Read, output: impl Write, limits: &Limits) -> io::Result<bool> {
    let mut image = Vec::new();
    input.take(MAX_IMAGE_BYTES).read_to_end(&mut image)?;
    let limits = *limits;
    child_task(image.len(), &limits)
        .serve(output, move || load(&image, limits).map(|()| Vec::new()))
}

fn load(image: &[u8], limits: Limits) -> Result<(), Defect> {
    let began = cpu_time();
    let sandbox = Sandbox::start().map_err(|error| Defect::Compilation(error.told()))?;
    let component = deserialize(&sandbox.engine, image)
        .map_err(|error| Defect::Compilation(format!("{error:#}")))?;
    let digest = Digest::of(image);
    // Errors in linking or in the policy's own code are reported by the sessions.
    let Ok(policy) = sandbox.link(&component, limits, digest, Path::new("")) else {
        return Ok(());
    };
    let session = Session {
        started: 0,
        seed: 0,
        labels: Vec::new(),
        readable: Vec::new(),
        writable: Vec::new(),
        settings: String::new(),
    };
    let started = Instance::start(
        &policy,
        &session,
        &no_account(),
        limits.deadline,
        Log::new(),
    );
    if let Err((StartError::CallError(CallError::Trap(reason)), _)) = &started
        && let Some(reason) = child_task(image.len(), &limits).explain(reason)
    {
        return Err(Defect::Compilation(reason));
    }
    drop(started);
    let most = LOADING_TIME.saturating_add(limits.deadline);
    match cpu_time().saturating_sub(began) > most {
        true => Err(Defect::Compilation(format!(
            "loading it takes more than {} of processor time, which every session would take",
            humantime::format_duration(most)
        ))),
        false => Ok(()),
    }
}
