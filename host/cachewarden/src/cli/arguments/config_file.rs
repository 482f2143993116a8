//! The configuration file: options as keys of a TOML file, which `--config` or CACHEWARDEN_CONFIG
//! names.
//!
//! No file is looked for: not in the folder that go runs in, which a pull request owns, and not in
//! the user's, where nobody would see a bound that counts (docs/decisions/0021). Relative paths in
//! it begin at its own folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Command};
use toml::de::{DeTable, DeValue};

use cachewarden_types::Code;

use crate::cli::failure::Failure;
use crate::cli::paths::check_spelling;
use crate::cli::policy_argument::PolicyArgument;
use crate::cli::settings::SettingsSource;

use super::config_source::{self, ConfigSource};
use super::layers::Said;
use super::origins::{Origin, Source};
use super::unknown;

/// The one key that is no option with a variable: that no variable counts.
const NO_ENV: &str = "no-env";

/// What a file says.
pub(super) struct ConfigFile {
    source: ConfigSource,
    values: BTreeMap<String, Value>,
}

struct Value {
    line: usize,
    /// `None` for a switch that is off.
    values: Option<Vec<OsString>>,
}

impl ConfigFile {
    /// Reads a file whose keys are options of this command.
    ///
    /// # Errors
    /// When it cannot be read, has other bytes than were pinned, is no TOML, or says something that
    /// no option takes.
    pub(super) fn read(
        mut source: ConfigSource,
        command: &Command,
        is_helper: bool,
    ) -> Result<Self, Failure> {
        let text = source.read(is_helper)?;
        let values = Reader {
            file: &source.file,
            text: &text,
            command,
        }
        .values()?;
        Ok(Self { source, values })
    }

    /// Whether it says that no variable counts.
    pub(super) fn has_no_env(&self) -> bool {
        let said = self.values.get(NO_ENV);
        said.is_some_and(|value| value.values.is_some())
    }

    /// The value of the option that names it, with its absolute path.
    pub(super) fn word(&self) -> String {
        self.source.word()
    }

    /// What it says of an option.
    pub(super) fn said(&self, key: &str) -> Option<Said> {
        let Value { line, values } = self.values.get(key)?;
        Some(Said {
            values: values.clone(),
            origin: Origin {
                option: key.to_owned(),
                source: Source::File {
                    file: self.source.file.clone(),
                    line: *line,
                },
            },
        })
    }
}

/// Reads the text of a file.
struct Reader<'file> {
    file: &'file Path,
    text: &'file str,
    command: &'file Command,
}

impl Reader<'_> {
    fn values(&self) -> Result<BTreeMap<String, Value>, Failure> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let line = self.line(error.span().map_or(0, |span| span.start));
            self.failure(Code::ConfigInvalid, line, error.message())
        })?;
        let mut known = unknown::keys(self.command);
        known.remove(config_source::KEY);
        known.insert(NO_ENV.to_owned(), &ArgAction::SetTrue);
        let mut values = BTreeMap::new();
        for (key, value) in table.get_ref() {
            let line = self.line(key.span().start);
            let key = key.get_ref().as_ref();
            let Some(action) = known.get(key) else {
                let hint = unknown::hint_at_key(&known, key);
                return Err(self.failure(
                    Code::ConfigUnknownKey,
                    line,
                    &format!("`{key}` is no key; {hint}"),
                ));
            };
            let found = self
                .value(key, value.get_ref(), action)
                .map_err(|expected| {
                    self.failure(Code::ConfigInvalid, line, &format!("`{key}`: {expected}"))
                })?;
            values.insert(
                key.to_owned(),
                Value {
                    line,
                    values: found,
                },
            );
        }
        Ok(values)
    }

    /// The values of a key; what is expected where it has others.
    fn value(
        &self,
        key: &str,
        value: &DeValue<'_>,
        action: &ArgAction,
    ) -> Result<Option<Vec<OsString>>, String> {
        let texts = match (value, action) {
            (DeValue::Boolean(is_on), action) if !action.takes_values() => {
                return Ok(is_on.then(Vec::new));
            }
            (_, action) if !action.takes_values() => return Err("expected true or false".into()),
            (DeValue::String(text), _) => vec![text.as_ref()],
            (DeValue::Array(items), ArgAction::Append) => items
                .iter()
                .map(|item| item.get_ref().as_str())
                .collect::<Option<_>>()
                .ok_or("expected a list of texts in quotes")?,
            (_, ArgAction::Append) => {
                return Err("expected a text in quotes, or a list of them".into());
            }
            _ => return Err("expected a text in quotes, as the option takes it".into()),
        };
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            return Err(format!(
                "it is empty, which says nothing of what --{key} is to be; give it a value, or leave the key out"
            ));
        }
        texts
            .into_iter()
            .map(|text| self.anchored(key, text))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The value with the paths in it that begin at the file's folder. A wrong value stays as it
    /// is, for clap to say so.
    fn anchored(&self, key: &str, text: &str) -> Result<OsString, String> {
        let folder = self.file.parent().unwrap_or(self.file);
        let anchor = |path: &mut PathBuf| {
            // What a shell would expand, and a URL, is refused later.
            if check_spelling("", path).is_ok() {
                *path = folder.join(&*path);
            }
            Ok(())
        };
        let mut path = PathBuf::from(text);
        let word = match key {
            "dir" | "base" | "record" | "remote-credentials" => {
                anchor(&mut path).map(|()| path.into_os_string())
            }
            "policy" => match text.parse::<PolicyArgument>() {
                Ok(mut policy) => policy.for_each_path(anchor).map(|()| policy.word().into()),
                Err(_) => Ok(text.into()),
            },
            "settings" => match text.parse::<SettingsSource>() {
                Ok(mut settings) => settings
                    .for_each_path(anchor)
                    .map(|()| settings.word().into()),
                Err(_) => Ok(text.into()),
            },
            _ => Ok(text.into()),
        };
        let word = word.map_err(|error| error.to_string())?;
        match word.to_str() {
            Some(_) => Ok(word),
            None => Err("the path of the file's folder is not valid UTF-8".into()),
        }
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    fn failure(&self, code: Code, line: usize, why: &str) -> Failure {
        let why = why.replace('\n', " ");
        Failure::new(code, format!("{}:{line}: {why}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, Value>, String> {
        let command = crate::cli::arguments::command();
        let reader = Reader {
            file: Path::new("/etc/cw/c.toml"),
            text,
            command: &command,
        };
        reader.values().map_err(|failure| failure.text().to_owned())
    }

    #[test]
    fn each_option_with_a_variable_is_a_key() {
        let text = "# comment\ndir = \"store\"\nbase = [\"image\", \"/b\"]\nverbose = true\nallow-shared-store = false\nlabel = [\"A=1\", \"B=2\"]\npolicy = \"p.wasm?settings=@../s.json\"\nprune-max-size = '2GB'\nallow-write = \"pr-*\"\n";
        let values = read(text).unwrap();
        let said = |key: &str| values[key].values.clone();
        assert_eq!(said("dir"), Some(vec!["/etc/cw/store".into()]));
        assert_eq!(
            said("base"),
            Some(vec!["/etc/cw/image".into(), "/b".into()])
        );
        assert_eq!(said("verbose"), Some(Vec::new()));
        assert_eq!(said("allow-shared-store"), None);
        assert_eq!(said("label"), Some(vec!["A=1".into(), "B=2".into()]));
        assert_eq!(
            said("policy"),
            Some(vec!["/etc/cw/p.wasm?settings=@/etc/cw/../s.json".into()])
        );
        assert_eq!(said("prune-max-size"), Some(vec!["2GB".into()]));
        assert_eq!(values["prune-max-size"].line, 8);
        let home = read("dir = \"~/store\"\nrecord = \"/r\"").unwrap();
        assert_eq!(home["dir"].values, Some(vec!["~/store".into()]));
        assert_eq!(home["record"].values, Some(vec!["/r".into()]));
    }

    #[test]
    fn what_no_option_takes_is_refused_by_its_line() {
        for (text, told) in [
            (
                "\nallow-writes = \"x\"",
                ":2: `allow-writes` is no key; did you mean `allow-write`?",
            ),
            ("allow_write = \"x\"", "did you mean `allow-write`?"),
            ("xyzzy = 1", "docs/command-line.md"),
            ("config = \"/c.toml\"", "`config` is no key"),
            ("no-env = 1", "`no-env`: expected true or false"),
            ("[prune]\nmax-size = \"1GB\"", ":1: `prune` is no key"),
            ("verbose = \"yes\"", "`verbose`: expected true or false"),
            ("max-size = 10", "`max-size`: expected a text in quotes"),
            ("label = [1]", "`label`: expected a list of texts"),
            ("allow-write = []", "`allow-write`: it is empty"),
            ("allow-write = \"\"", "`allow-write`: it is empty"),
            ("dir = [\"/a\"]", "`dir`: expected a text"),
            ("dir = \"/a\"\n\ndir = \"/b\"", ":3: duplicate key"),
            ("dir = \"/a", ":1: "),
        ] {
            let error = read(text).map(drop).unwrap_err();
            assert!(
                error.starts_with("/etc/cw/c.toml:") && error.contains(told),
                "{text}: {error}"
            );
        }
    }
}
