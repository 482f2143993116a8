//! The codes of warnings and errors: what a person or a CI job may meet has a number that never
//! changes.
//!
//! The one table is `table`. docs/errors.md and `cachewarden explain` are made from it. A code is
//! never given to another problem; one that is no longer printed leaves its number unused.

mod table;

pub use table::Code;

use std::error::Error;
use std::fmt;

use crate::sanitize;

/// An error that ends the program, or that it prints.
pub trait Problem: Error {
    /// Its code.
    fn code(&self) -> Code;

    /// The next step, where the error's own text does not end with it.
    fn remedy(&self) -> Option<&'static str> {
        None
    }

    /// What happened, why, and what to do, on one line.
    fn told(&self) -> String
    where
        Self: Sized,
    {
        let mut text = with_causes(self);
        if let Some(remedy) = self.remedy() {
            text.push_str("; ");
            text.push_str(remedy);
        }
        text
    }
}

/// An error's text, and those of its causes.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What the numbers of one hundred are about, in the order of the numbers.
pub const AREAS: [(&str, &str); 8] = [
    ("CW00", "The program"),
    ("CW01", "The store"),
    ("CW02", "Policies"),
    ("CW03", "Sessions"),
    ("CW04", "Options, variables and the configuration file"),
    ("CW05", "Tools for policy authors"),
    ("CW06", "The daemon and its clients"),
    ("CW07", "Remote tiers"),
];

/// What the program says to a person, in one line, as every line on stderr begins. Nothing in it
/// reaches the terminal as a control character.
pub fn line(text: &str) -> String {
    format!("cachewarden: {}", sanitize(text))
}

impl Code {
    /// A warning's text, with its code for who looks for it.
    pub fn warning(self, text: &str) -> String {
        format!("warning[{self}]: {text}")
    }

    /// An error's text, with its code.
    pub fn error(self, text: &str) -> String {
        format!("error[{self}]: {text}")
    }

    /// The code of this number or name.
    pub fn find(text: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|code| text.eq_ignore_ascii_case(code.number()) || text == code.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.number())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{pair:?}");
        }
        for code in Code::ALL {
            assert!(code.number().len() == 6, "{code}");
            let areas = AREAS
                .iter()
                .filter(|(area, _)| code.number().starts_with(area));
            assert_eq!(areas.count(), 1, "{code}");
            let is_word = |letter: u8| letter.is_ascii_lowercase() || letter == b'-';
            assert!(code.name().bytes().all(is_word), "{code}");
            assert_eq!(Code::find(code.name()), Some(*code), "names are unique");
            assert_eq!(Code::find(&code.number().to_lowercase()), Some(*code));
            for text in [code.meaning(), code.action()] {
                assert!(text.ends_with(['.', '`']), "{code}: {text}");
            }
        }
    }

    /// The part of each source below `host/` that is no test, with the folder of its crate.
    fn sources() -> Vec<(String, PathBuf, String)> {
        fn below(folder: &Path, found: &mut Vec<PathBuf>) {
            for item in fs::read_dir(folder).expect("a folder of sources") {
                let item = item.expect("an item");
                match item.file_type().expect("its type").is_dir() {
                    true => below(&item.path(), found),
                    false => found.push(item.path()),
                }
            }
        }
        let host = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("host");
        let mut sources = Vec::new();
        for item in fs::read_dir(host).expect("host") {
            let item = item.expect("a crate");
            if item.file_name() == "fuzz" {
                // A tool for tests.
                continue;
            }
            let mut files = Vec::new();
            below(&item.path().join("src"), &mut files);
            for file in files
                .into_iter()
                .filter(|file| file.extension().is_some_and(|end| end == "rs"))
                .filter(|file| file.file_name().is_some_and(|name| name != "tests.rs"))
            {
                let text = fs::read_to_string(&file).expect("a source");
                let code = text
                    .split("\n#[cfg(test)]\nmod tests")
                    .next()
                    .unwrap_or_default();
                sources.push((
                    item.file_name().to_string_lossy().into_owned(),
                    file,
                    code.to_owned(),
                ));
            }
        }
        sources
    }

    #[test]
    fn every_code_is_used_just_where_the_table_says() {
        let sources = sources();
        for code in Code::ALL {
            let name = format!("Code::{}", code.identifier());
            let is_used = |text: &str| {
                text.match_indices(&name).any(|(at, _)| {
                    let next = text[at + name.len()..].chars().next();
                    !next.is_some_and(char::is_alphanumeric)
                })
            };
            let mut places: Vec<_> = sources
                .iter()
                .filter(|(_, _, text)| is_used(text))
                .map(|(place, _, _)| place.as_str())
                .collect();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places, code.places(), "{code} {}", code.name());
        }
    }

    /// There is one place that says how a line with a code looks.
    #[test]
    fn lines_with_codes_are_put_together_here() {
        assert_eq!(
            line(&Code::DaemonAway.warning("a\u{1b}b")),
            format!("cachewarden: warning[CW0601]: {}", sanitize("a\u{1b}b"))
        );
        assert_eq!(Code::DaemonAway.error("a"), "error[CW0601]: a");
        for (_, file, text) in sources() {
            let is_here = file.ends_with("types/src/codes.rs");
            let puts = text.contains("warning[{") || text.contains("error[{");
            assert!(is_here || !puts, "{}", file.display());
        }
    }

    /// Whoever writes to stderr is given a code, or says what is neither a warning nor an error.
    #[test]
    fn stderr_is_written_in_three_places() {
        for (_, file, text) in sources() {
            let is_one = file.ends_with("session/src/diagnostics.rs")
                || file.ends_with("cachewarden/src/cli/output.rs")
                || file.ends_with("connect/src/client/terminal.rs")
                || file.ends_with("types/src/codes.rs");
            let writes =
                text.contains("stderr().write") || text.contains("Box::new(std::io::stderr())");
            assert!(is_one || !writes, "{}", file.display());
        }
    }
}
