//! The command line: one file a verb. Exit codes are decided here and nowhere else.
//!
//! Exit code 0 is success, 1 a finding (`doctor` found a fault), 2 something that the caller must mend.

mod arguments;
mod doctor;
mod helper;
mod output;
mod prune;
mod stats;
mod trim;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::notices::printable;

use arguments::{Arguments, Verb};

/// The caller must mend something.
const USAGE: u8 = 2;

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.verb {
        None => helper::run(arguments.helper),
        Some(Verb::Stats(options)) => stats::run(&arguments.helper, &options),
        Some(Verb::Prune(options)) => prune::run(&arguments.helper, &options),
        Some(Verb::Doctor) => doctor::run(&arguments.helper),
        Some(Verb::Trim) => trim::run(&arguments.helper),
    };
    result.unwrap_or_else(|error| {
        output::complain(&format!(
            "cachewarden: {}",
            printable(&format!("{error:#}"))
        ));
        ExitCode::from(USAGE)
    })
}

/// The command line's reference as text, generated from the code; for the documentation.
pub fn reference() -> String {
    let mut command = Arguments::command().term_width(100);
    command.build();
    let mut text = command.render_long_help().to_string();
    for verb in command.get_subcommands_mut() {
        if !verb.is_hide_set() && verb.get_name() != "help" {
            let help = verb.render_long_help();
            text.push_str(&format!("\n## {}\n\n{help}", verb.get_name()));
        }
    }
    text
}
