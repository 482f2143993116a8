//! `cachewarden completions SHELL`: what a shell needs to complete this program's command line.

use clap::Args;
use clap_complete::{Shell, generate};

use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::output;
use super::tree::{self, tree};

/// The verb.
pub(super) const VERB: &str = "completions";

/// Where the text goes.
pub(super) const AFTER_HELP: &str = "\
bash: source <(cachewarden completions bash)   (in ~/.bashrc)
zsh:  cachewarden completions zsh > FOLDER/_cachewarden   (a folder of $fpath)
fish: cachewarden completions fish > ~/.config/fish/completions/cachewarden.fish
powershell: cachewarden completions powershell | Out-String | Invoke-Expression   (in $PROFILE)";

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions.
pub(super) fn run(options: &CompletionsOptions) -> Result<ExitStatus, Failure> {
    let mut text = Vec::new();
    generate(options.shell, &mut tree(), tree::PROGRAM, &mut text);
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Success)
}
