//! The command line: one file a verb.

mod advice;
mod arguments;
mod bar;
mod bounded_file;
mod color;
mod completions;
#[cfg_attr(not(unix), path = "no_daemon.rs")]
mod daemon;
mod doctor;
mod exit_status;
mod explain;
mod failure;
mod go_version;
mod gocacheprog;
mod helper;
mod manual;
#[cfg_attr(not(unix), path = "no_mtimes.rs")]
mod mtimes;
mod named_policy;
mod output;
mod paths;
mod policy;
mod policy_argument;
mod prune;
#[cfg_attr(not(feature = "remote"), path = "no_remote.rs")]
mod remote;
mod screen;
mod services;
mod settings;
mod setup;
mod shells;
mod stats;
mod the_store;
mod tree;
mod trim;
mod verify;

use std::ffi::OsString;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::process::{ExitCode, Termination};

use cachewarden_policy_host::{run_compiler, run_test_load};
use cachewarden_system::helper_process::outlive_file_limit;
use cachewarden_system::terminal::obey_escapes;
use cachewarden_types::Code;

use arguments::{Arguments, Verb};
use exit_status::ExitStatus;
use failure::{Failure, OrFail};

/// The verbs with a command line of their own: the daemon, and what serves a go command from it.
const SERVE: &str = "serve";
const CONNECT: &str = "connect";

/// The folder of this program's sources, as the compiler names it in the text of a panic.
const OWN_SOURCES: &str = "host/";

/// Runs the program.
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(tell_panic));
    if let Some(ended) = daemon::run_own_line(&words(std::env::args_os().skip(1))) {
        return ended;
    }
    let status = match arguments::parse() {
        Ok(arguments) => {
            let origins = arguments.origins.clone();
            run(arguments).map_err(|failure| failure.map_text(|text| origins.named_in(text)))
        }
        Err(failure) => Err(failure),
    };
    report(status)
}

/// The words behind the program's name. `help VERB` of a verb that has a command line of its own is
/// `VERB --help`, as it is of the others.
fn words(typed: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let typed: Vec<_> = typed.collect();
    match &typed[..] {
        [help, verb, ..] if help == "help" && (verb == CONNECT || verb == SERVE) => {
            vec![verb.clone(), "--help".into()]
        }
        _ => typed,
    }
}

fn report(status: Result<ExitStatus, Failure>) -> ExitCode {
    let status = status.unwrap_or_else(|failure| {
        output::fail(&failure);
        ExitStatus::Usage
    });
    status.report()
}

fn run(arguments: Arguments) -> Result<ExitStatus, Failure> {
    outlive_file_limit();
    obey_escapes();
    let origins = arguments.origins;
    match arguments.verb {
        None => helper::run(arguments.helper, origins),
        Some(Verb::Stats(options)) => stats::run(&options, &origins),
        Some(Verb::Prune(options)) => prune::run(&options, &origins),
        Some(Verb::Flush(options)) => remote::flush(&options, &origins),
        Some(Verb::Verify(options)) => verify::run(&options, &origins),
        Some(Verb::Doctor(options)) => doctor::run(*options, arguments.no_env, origins),
        Some(Verb::Explain(options)) => explain::run(&options),
        Some(Verb::Dir(options)) => the_store::print_folder(&options, &origins),
        Some(Verb::Mtimes(options)) => mtimes::run(&options),
        Some(Verb::Setup(options)) => setup::run(&options),
        Some(Verb::Completions(options)) => completions::run(&options),
        Some(Verb::Manual(options)) => manual::run(&options),
        Some(Verb::Policy { verb }) => policy::run(&verb),
        Some(Verb::Remote { verb }) => remote::run(&verb, &origins),
        Some(Verb::Status(options)) => daemon::status(&options),
        Some(Verb::Revoke(options)) => daemon::revoke(&options),
        // Both have command lines of their own, which were read above.
        Some(Verb::Serve | Verb::Connect) => Err(Failure::new(
            Code::CommandLine,
            "`serve` and `connect` come first on the command line",
        )),
        Some(Verb::CompileForParent(options)) => for_parent(run_compiler(
            io::stdin().lock(),
            io::stdout().lock(),
            &options.limits(),
        )),
        Some(Verb::LoadForParent(options)) => for_parent(run_test_load(
            io::stdin().lock(),
            io::stdout().lock(),
            &options.limits(),
        )),
        Some(Verb::Trim(options)) => trim::run(&options),
        Some(Verb::Upload(options)) => remote::upload(&options),
    }
}

/// The end of a process that has worked for another one of this program.
fn for_parent(is_done: io::Result<bool>) -> Result<ExitStatus, Failure> {
    let is_done = is_done.or_fail(Code::System, || "cannot work for its parent".to_owned())?;
    Ok(match is_done {
        true => ExitStatus::Success,
        false => ExitStatus::Finding,
    })
}

/// A mistake of this program is told in one line, as everything is. One of a library that becomes an error
/// is told as that.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    if remote::is_panic_an_error() {
        return;
    }
    let text = match panic.location() {
        Some(place) if !is_own(place.file()) => format!(
            "panicked at {place}, in a library, whose words are not shown, since they may contain a secret"
        ),
        _ => panic.to_string().replace('\n', " "),
    };
    output::fail(&Failure::new(Code::Bug, text));
}

/// Whether a source file is one of this program's. Those of libraries have absolute paths.
fn is_own(file: &str) -> bool {
    file.starts_with(OWN_SOURCES)
}

/// What became of a thread that panicked; the panic itself was told.
fn thread_failed() -> Failure {
    Failure::new(
        Code::Bug,
        "it failed in a way it should not; please report what is above",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{CONNECT, arguments, daemon, is_own};

    /// The reference, generated from the code.
    fn reference() -> String {
        let mut command = arguments::command().term_width(110);
        command.build();
        let mut text = String::from(
            "# The command line\n\nGenerated from the code. Durations are such as `100ms`, `10s`, `5days`; sizes such as `500MB`,\n`10GiB`.\n\nMost options can also be set by a variable, or by a key of the file that `--config` names.\n[configuration.md](configuration.md) says which of them counts.\n",
        );
        describe("cachewarden", &mut command, &mut text);
        text
    }

    fn describe(name: &str, command: &mut clap::Command, text: &mut String) {
        let help = command.render_help();
        text.push_str(&format!("\n## {name}\n\n```text\n{help}```\n"));
        let variables: Vec<_> = command
            .get_arguments()
            .filter_map(|argument| {
                let variable = argument.get_env()?.to_str()?;
                let (option, key) = (argument.get_long()?, arguments::key(argument)?);
                let key = match key == "config" {
                    true => String::new(),
                    false => format!("`{key}`"),
                };
                Some(format!("| `--{option}` | `{variable}` | {key} |\n"))
            })
            .collect();
        if !variables.is_empty() {
            text.push_str("\n| option | variable | key |\n|---|---|---|\n");
            text.extend(variables);
        }
        for verb in command
            .get_subcommands_mut()
            .filter(|verb| !verb.is_hide_set())
        {
            match verb.get_name() {
                CONNECT => text.push_str(&of_connect()),
                verb_name => {
                    let own = daemon::own_tree(verb_name, None).map(|own| own.term_width(110));
                    let mut own = own.unwrap_or_else(|| verb.clone());
                    describe(&format!("{name} {verb_name}"), &mut own, text);
                }
            }
        }
    }

    fn of_connect() -> String {
        let help = daemon::help_of_connect();
        format!(
            "\n## cachewarden {CONNECT}\n\n```text\n{}\n```\n",
            help.trim_end()
        )
    }

    /// Sees that a page of docs/ that is written by a test is this text; with UPDATE_DOCS it is
    /// written.
    #[track_caller]
    pub(super) fn is_current(page: &str, text: &str) {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let path = docs.join(page);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == text,
            "docs/{page} is not what the code says; run: UPDATE_DOCS=1 cargo test -p cachewarden --lib reference"
        );
    }

    #[test]
    fn the_words_of_a_panic_are_shown_where_they_are_this_programs() {
        assert!(is_own(file!()));
        assert!(!is_own("/rustc/0123/library/std/src/env.rs"));
        assert!(!is_own(
            "/cargo/registry/src/index/reqsign-core/src/context.rs"
        ));
    }

    /// The page has all verbs; the daemon's are not there on Windows.
    #[cfg(unix)]
    #[test]
    fn the_reference_in_the_documentation_is_current() {
        is_current("command-line.md", &reference());
    }
}
