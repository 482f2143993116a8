//! `cachewarden policy compile`: fills the cache of compiled policies ahead, for images and CI
//! set-up.

use clap::Args;

use cachewarden_policy_host::PolicySource;
use cachewarden_types::Code;

use crate::cli::arguments::LimitOptions;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail};
use crate::cli::helper::compiled_cache;
use crate::cli::output;
use crate::cli::paths::HOME;

/// What to compile.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompileOptions {
    /// The policy
    file: PolicySource,
    #[command(flatten)]
    limits: LimitOptions,
}

/// Compiles, and says where the result is kept.
pub(in crate::cli) fn run(compile: &CompileOptions) -> Result<ExitStatus, Failure> {
    let cache = compiled_cache().or_fail(Code::PolicyNotKept, || {
        format!("no cache folder is known for this user ({HOME} is not set)")
    })?;
    let cache = cache.ignoring_cached_failures();
    let policy = super::load(&compile.file, compile.limits.limits(), Some(&cache))?;
    if let Some(reason) = policy.cache_write_error() {
        return Err(Failure::new(
            Code::PolicyNotKept,
            format!(
                "the compiled policy cannot be kept in {}: {reason}; make the folder yours and writable, and no link",
                cache.folder().display()
            ),
        ));
    }
    output::print(&format!(
        "{} ({}) is compiled in {}\n",
        compile.file.file.display(),
        policy.digest(),
        cache.folder().display()
    ))?;
    Ok(ExitStatus::Success)
}
