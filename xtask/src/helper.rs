//! A helper (a GOCACHEPROG program) with its arguments: as a command, and as the value of
//! GOCACHEPROG.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use anyhow::{Result, bail};

/// A helper and its arguments.
#[derive(Clone)]
pub(crate) struct Helper {
    words: Vec<OsString>,
}

impl Helper {
    /// A program without arguments.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Helper {
        Helper {
            words: vec![program.as_ref().to_owned()],
        }
    }

    /// With one more argument.
    pub(crate) fn with(mut self, argument: impl AsRef<OsStr>) -> Helper {
        self.words.push(argument.as_ref().to_owned());
        self
    }

    /// With labels, each `NAME=VALUE`.
    pub(crate) fn labelled<const COUNT: usize>(self, labels: [&str; COUNT]) -> Helper {
        let with = |helper: Helper, label| helper.with("--label").with(label);
        labels.into_iter().fold(self, with)
    }

    /// As go would start it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        command
    }

    /// The value of GOCACHEPROG: words separated by spaces; a word with a space or a quote is
    /// quoted as a whole.
    pub(crate) fn to_gocacheprog(&self) -> Result<String> {
        let words: Result<Vec<_>> = self.words.iter().map(|word| quoted(word)).collect();
        Ok(words?.join(" "))
    }
}

/// A word of GOCACHEPROG. There are no escapes: a word with both kinds of quotes cannot be written.
fn quoted(word: &OsStr) -> Result<String> {
    let shown = word.to_string_lossy();
    let Some(text) = word.to_str() else {
        bail!("`{shown}` is not UTF-8, and GOCACHEPROG has to name it");
    };
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./=:,@".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    match (text.contains('\''), text.contains('"')) {
        (false, _) => Ok(format!("'{text}'")),
        (true, false) => Ok(format!("\"{text}\"")),
        (true, true) => bail!("`{text}` has both kinds of quotes, and GOCACHEPROG has to name it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_needs_quotes_stands_wholly_in_them() {
        let helper = Helper::new("/my tools/cachewarden")
            .with("--dir")
            .with("/it's/here")
            .with("");
        assert_eq!(
            helper.to_gocacheprog().unwrap(),
            "'/my tools/cachewarden' --dir \"/it's/here\" ''"
        );
        assert!(Helper::new("'\"").to_gocacheprog().is_err());
    }
}
