//! `cachewarden connect`, whose command line is not clap's: its options, its help, and both as a tree.

use std::ffi::OsString;

use cachewarden_connect::client::{self, Options, Parsed, parse};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::cli::CONNECT;
use crate::cli::advice::{Advice, advice};

const NAME: &str = "cachewarden connect";

/// The column at which an option's text begins in the help.
const TEXT: usize = 26;

/// Serves a go command from a daemon; its exit status. The words are those after the verb.
pub(super) fn main(words: impl Iterator<Item = OsString>) -> u8 {
    client::main(NAME, words)
}

/// The options within a value of GOCACHEPROG that connects.
pub(super) fn options(value: &str, words: &[String]) -> Result<Box<Options>, Advice> {
    let remedy = "correct this word of GOCACHEPROG; cachewarden connect --help lists the options";
    match parse(NAME, words.iter().map(OsString::from)) {
        Ok(Parsed::Run(options)) => Ok(options),
        Ok(Parsed::Print(_)) => Err(advice(
            format!("`{value}` only prints something, and go would wait for a helper"),
            remedy,
        )),
        Err(error) => Err(advice(format!("`{value}`: {error}"), remedy)),
    }
}

/// What `--help` prints.
pub(in crate::cli) fn help() -> String {
    match parse(NAME, ["--help".into()]) {
        Ok(Parsed::Print(help)) => help,
        _ => String::new(),
    }
}

/// The verb, by its help.
pub(super) fn tree() -> Command {
    let (about, rest) = client::HELP.split_once('\n').unwrap_or_default();
    let (_, rest) = rest.split_once("\nOptions:\n").unwrap_or_default();
    let (options, after) = rest.split_once("\n\n").unwrap_or_default();
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for line in options.lines() {
        let (spelling, text) = line.split_at_checked(TEXT).unwrap_or((line, ""));
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
    use super::*;

    #[test]
    fn the_wrong_option_of_a_value_is_named() {
        let words = ["--sokcet", "/s"].map(str::to_owned);
        let told = options("VALUE", &words).unwrap_err().problem;
        assert!(
            told.contains("VALUE") && told.contains("--sokcet"),
            "{told}"
        );
        let words = ["--socket", "/s"].map(str::to_owned);
        let options = options("VALUE", &words).expect("right");
        assert_eq!(options.socket.path.to_str(), Some("/s"));
    }

    #[test]
    fn the_options_of_connect_are_those_that_it_takes() {
        let connect = tree();
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
            match parse(NAME, words) {
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
