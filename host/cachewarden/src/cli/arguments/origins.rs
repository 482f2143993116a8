//! Where the values of options come from that were not typed.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::cli::failure::Failure;

use super::layers::read_typed;
use super::{HelperOptions, Verb};

/// A layer below the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Source {
    /// A variable, by its name.
    Variable(String),
    /// The configuration file.
    File { file: PathBuf, line: usize },
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(formatter, "the variable {name}"),
            Self::File { file, line } => write!(formatter, "{}, line {line}", file.display()),
        }
    }
}

/// Where an option has its value from, or a part of a list.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Origin {
    /// The option as the command line spells it, without dashes before it.
    pub(in crate::cli) option: String,
    pub(in crate::cli) source: Source,
}

/// The configuration file that was read.
#[derive(Clone, Debug)]
pub(in crate::cli) struct FileRead {
    /// The value of --config that names it.
    pub(in crate::cli) word: String,
    /// The same command line without what the file says.
    pub(super) line_without: Vec<OsString>,
    /// Whether an option names it, and no variable.
    pub(in crate::cli) is_typed: bool,
}

/// The origins of all options that were not typed.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Origins {
    known: Vec<Origin>,
    pub(in crate::cli) file: Option<FileRead>,
    /// Whether no variable counts.
    pub(in crate::cli) no_env: bool,
    /// Why the layers below the command line count for nothing; `doctor` alone goes on then.
    pub(in crate::cli) fault: Option<Failure>,
}

impl Origins {
    pub(super) fn of<'origin>(origins: impl Iterator<Item = &'origin Origin>) -> Self {
        Self {
            known: origins.cloned().collect(),
            ..Self::default()
        }
    }

    pub(super) fn unread(fault: Failure) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// The helper's options that the file does not say; `None` where no file was read.
    pub(in crate::cli) fn options_beside_file(&self) -> Option<HelperOptions> {
        let line = self.file.as_ref()?.line_without.clone();
        let arguments = read_typed(line).ok()?;
        Some(match arguments.verb {
            Some(Verb::Doctor(options)) => options.helper,
            _ => arguments.helper,
        })
    }

    /// Where an option has its value from that was not typed.
    pub(in crate::cli) fn of_option(&self, option: &str) -> Option<&Source> {
        let mut all = self.known.iter().rev();
        all.find(|origin| origin.option == option)
            .map(|origin| &origin.source)
    }

    /// All of them.
    pub(in crate::cli) fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.known.iter()
    }

    /// The text, with where each option that it names has its value from: who set a variable looks
    /// for its name.
    pub(in crate::cli) fn named_in(&self, text: String) -> String {
        let told: Vec<_> = self
            .known
            .iter()
            .filter(|origin| is_named(&origin.option, &text) && !is_told(&origin.source, &text))
            .map(|Origin { option, source }| format!("--{option} is from {source}"))
            .collect();
        match told.is_empty() {
            true => text,
            false => format!("{text} ({})", told.join("; ")),
        }
    }
}

/// Whether a text names an option, and not one whose name goes on.
fn is_named(option: &str, text: &str) -> bool {
    let word = format!("--{option}");
    text.match_indices(&word).any(|(at, _)| {
        let next = text[at + word.len()..].chars().next();
        !next.is_some_and(|next| next.is_alphanumeric() || next == '-')
    })
}

fn is_told(source: &Source, text: &str) -> bool {
    match source {
        Source::Variable(name) => text.contains(name),
        Source::File { .. } => text.contains(&source.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_names_an_option_names_where_its_value_is_from() {
        let origins = [
            Origin {
                option: "policy".into(),
                source: Source::Variable("CACHEWARDEN_POLICY".into()),
            },
            Origin {
                option: "dir".into(),
                source: Source::File {
                    file: "/c.toml".into(),
                    line: 3,
                },
            },
        ];
        let origins = Origins::of(origins.iter());
        let told = |text: &str| origins.named_in(text.to_owned());
        for text in [
            "nothing of an option",
            "--policy-memory is small",
            "--policy (CACHEWARDEN_POLICY) is wrong",
        ] {
            assert_eq!(told(text), text);
        }
        assert_eq!(
            told("see --policy, and --dir"),
            "see --policy, and --dir (--policy is from the variable CACHEWARDEN_POLICY; --dir is from /c.toml, line 3)"
        );
    }
}
