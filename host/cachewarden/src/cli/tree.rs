//! The whole command line as one tree: every verb that a person may type, with its options, also
//! those of `serve` and `connect`, which have command lines of their own. Completions and manual
//! pages are made from it. Nothing is parsed with it.

use clap::{Arg, Command};

use super::{arguments, daemon};

/// What a person types.
pub(super) const PROGRAM: &str = "cachewarden";

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
    let help = everywhere
        .iter()
        .find(|argument| argument.get_id() == "help");
    let verbs = verbs.map(|verb| {
        daemon::own_tree(verb.get_name(), help)
            .unwrap_or_else(|| with_options(verb.clone(), &everywhere))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::{CONNECT, SERVE};

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
                // Both have command lines of their own.
                Some(_) if name == CONNECT || name == SERVE => {}
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
}
