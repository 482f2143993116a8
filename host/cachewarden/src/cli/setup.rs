//! `cachewarden setup`: the lines that turn cachewarden on, for this user's go commands or for a CI
//! service, and with `--write` what they do.
//!
//! The files for CI services are those of `examples/ci`, which the tests run. A file that is there
//! is never overwritten; where it runs go, the lines are named.

mod files;
mod go;
mod present;
mod shell;

use clap::Args;

use super::exit_status::ExitStatus;
use super::failure::Failure;
use files::CiFile;

/// What it does without an option for a place.
pub(super) const AFTER_HELP: &str = "\
Without an option for a place, it looks at the variables of GitHub Actions and GitLab CI, and otherwise takes the user's shell. Nothing that is there is overwritten. A workflow, pipeline or Dockerfile that is there and runs go is named, with the lines to which those of the file belong; beside such a workflow none is made.";

/// Where, and whether to do it.
#[derive(Debug, Args)]
pub(super) struct SetupOptions {
    #[command(flatten)]
    place: Place,
    /// Do it, instead of printing the lines
    #[arg(long)]
    write: bool,
}

/// At most one; without any, this looks at the variables of CI services.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Place {
    /// For all go commands of this user
    #[arg(long)]
    shell: bool,
    /// A workflow of GitHub Actions
    #[arg(long)]
    github: bool,
    /// A pipeline of GitLab CI
    #[arg(long)]
    gitlab: bool,
    /// A Dockerfile, also for the image of a pipeline's jobs
    #[arg(long)]
    docker: bool,
}

impl Place {
    /// The file that is wanted; none for this user's go commands.
    fn file(&self) -> Option<&'static CiFile> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| value == "true");
        match self {
            Self { shell: true, .. } => None,
            Self { github: true, .. } => Some(&files::GITHUB),
            Self { gitlab: true, .. } => Some(&files::GITLAB),
            Self { docker: true, .. } => Some(&files::DOCKER),
            _ if is_set("GITHUB_ACTIONS") => Some(&files::GITHUB),
            _ if is_set("GITLAB_CI") => Some(&files::GITLAB),
            _ => None,
        }
    }
}

/// Prints the lines, or does what they do.
pub(super) fn run(options: &SetupOptions) -> Result<ExitStatus, Failure> {
    match (options.place.file(), options.write) {
        (None, false) => shell::print()?,
        (None, true) => shell::write()?,
        (Some(file), false) => file.print()?,
        (Some(file), true) => file.write()?,
    }
    Ok(ExitStatus::Success)
}
