//! The whole command line as one tree: every verb that a person may type, with its options, also
//! those of `serve` and `connect`, which have command lines of their own. Completions and manual
//! pages are made from it. Nothing is parsed with it.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, CommandFactory, ValueHint};

use cachewarden_connect::client;

use super::serve::ServeArguments;
use super::{CONNECT, arguments, serve};

/// What a person types.
pub(super) const PROGRAM: &str = "cachewarden";

/// The column at which an option's text begins in the help of `connect`.
const TEXT_OF_CONNECT: usize = 26;

/// The tree.
pub(super) fn tree() -> Command {
    let whole = arguments::command();
    let everywhere: Vec<_> = whole
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.clone().global(false))
        .collect();
    let own = whole
        .get_arguments()
        .filter(|argument| !argument.is_global_set());
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    let verbs = verbs.map(|verb| match verb.get_name() {
        CONNECT => connect(),
        serve::VERB => {
            let help = everywhere
                .iter()
                .filter(|argument| argument.get_id() == "help");
            ServeArguments::command().name(serve::VERB).args(help)
        }
        _ => with_options(verb.clone(), &everywhere),
    });
    Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .about(whole.get_about().cloned().unwrap_or_default())
        .after_help(whole.get_after_help().cloned().unwrap_or_default())
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommand_value_name("VERB")
        .subcommand_help_heading("Verbs")
        .args(own.cloned().chain(everywhere.iter().cloned()))
        .subcommands(verbs)
}

/// A verb with options that all verbs have.
fn with_options(verb: Command, options: &[Arg]) -> Command {
    verb.args(options)
        .mut_subcommands(|inner| with_options(inner, options))
}

/// `connect`, by its help.
fn connect() -> Command {
    let (about, rest) = client::HELP.split_once('\n').unwrap_or_default();
    let (_, rest) = rest.split_once("\nOptions:\n").unwrap_or_default();
    let (options, after) = rest.split_once("\n\n").unwrap_or_default();
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for line in options.lines() {
        let (spelling, text) = line.split_at_checked(TEXT_OF_CONNECT).unwrap_or((line, ""));
        match (spelling.trim(), found.last_mut()) {
            ("", Some((_, more))) => *more = format!("{more} {text}").trim().to_owned(),
            (spelling, _) => found.push((spelling, text.to_owned())),
        }
    }
    Command::new(CONNECT)
        .about(about)
        .after_help(after)
        .disable_help_flag(true)
        .args(
            found
                .into_iter()
                .map(|(spelling, text)| option(spelling, text)),
        )
}

/// An option as the help spells it: `-v, --verbose`, `--when-down private|fail`.
fn option(spelling: &'static str, text: String) -> Arg {
    let words = spelling.split([',', ' ']).filter(|word| !word.is_empty());
    let named = Arg::new(spelling).action(ArgAction::SetTrue).help(text);
    words.fold(named, |option, word| {
        if let Some(long) = word.strip_prefix("--") {
            return option.long(long);
        }
        if let Some(short) = word.strip_prefix('-') {
            return option.short(short.chars().next());
        }
        let option = option.action(ArgAction::Set).value_name(word);
        match word {
            "PATH" | "FILE" => option.value_hint(ValueHint::FilePath),
            "FOLDER" => option.value_hint(ValueHint::DirPath),
            _ if word.contains('|') && word.starts_with(|first: char| first.is_lowercase()) => {
                option.value_parser(PossibleValuesParser::new(word.split('|')))
            }
            _ => option,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::OsString;

    use client::{Parsed, parse};

    use super::*;
    use crate::cli::CONNECT_NAME;

    /// The options of a verb, by their long names.
    fn options(verb: &Command) -> BTreeSet<String> {
        let long = verb.get_arguments().filter_map(Arg::get_long);
        long.map(str::to_owned).collect()
    }

    #[test]
    fn the_tree_has_what_is_parsed() {
        let (mut whole, mut tree) = (arguments::command(), tree());
        whole.build();
        tree.build();
        tree.clone().debug_assert();
        assert_eq!(options(&whole), options(&tree));
        for verb in whole.get_subcommands() {
            let name = verb.get_name();
            match tree.find_subcommand(name) {
                None => assert!(verb.is_hide_set(), "{name}"),
                Some(_) if verb.is_hide_set() => panic!("{name} is hidden"),
                Some(_) if name == CONNECT => {}
                Some(own) if name == serve::VERB => {
                    let mut serve = ServeArguments::command();
                    serve.build();
                    assert_eq!(options(own), options(&serve));
                }
                Some(own) => {
                    assert_eq!(options(own), options(verb), "{name}");
                    for inner in verb.get_subcommands() {
                        let own = own.find_subcommand(inner.get_name()).expect("it is there");
                        assert_eq!(options(own), options(inner), "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_options_of_connect_are_those_that_it_takes() {
        let connect = connect();
        let help: Vec<_> = connect.get_arguments().collect();
        let spelled = client::HELP.split_whitespace();
        let spelled = spelled.filter(|word| word.starts_with("--") && *word != "--socket");
        assert_eq!(help.len(), spelled.count() + 1);
        for option in help {
            let long = option.get_long().expect("a long name");
            let values = option.get_possible_values();
            let value = match (option.get_action().takes_values(), values.first()) {
                (false, _) => String::new(),
                (true, Some(value)) => format!("={}", value.get_name()),
                (true, None) if long == "connect-timeout" => "=1s".to_owned(),
                (true, None) => "=/x".to_owned(),
            };
            let word = format!("--{long}{value}");
            let policy = OsString::from("--policy=/p");
            let words = [OsString::from(&word), "--socket=/s".into(), policy];
            match parse(CONNECT_NAME, words) {
                Ok(Parsed::Run(_)) => assert!(!matches!(long, "help" | "version"), "{word}"),
                Ok(Parsed::Print(_)) => assert!(matches!(long, "help" | "version"), "{word}"),
                Err(error) => panic!("{word}: {error}"),
            }
            assert!(
                option
                    .get_help()
                    .is_some_and(|help| !help.to_string().is_empty())
            );
        }
    }
}
