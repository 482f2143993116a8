//! A policy on the command line, together with its settings: `FILE?settings=JSON` or
//! `FILE?settings=@FILE`, where FILE may be the name of a policy that comes with the program.
//!
//! A session may ask several policies. Their settings stand in the same word, so that none can be
//! paired with another policy. `--settings` is the short way where there is one policy.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cachewarden_policy_host::{PinError, PolicySource, pin};

use super::named_policy;
use super::settings::SettingsSource;

/// Between a policy and its settings.
const SETTINGS: &str = "?settings=";

/// A policy, and its settings where they are given with it.
#[derive(Clone, Debug)]
pub(super) struct PolicyArgument {
    pub(super) source: PolicySource,
    pub(super) settings: Option<SettingsSource>,
}

impl FromStr for PolicyArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (source, settings) = match text.split_once(SETTINGS) {
            Some((source, settings)) => (source, Some(settings.parse()?)),
            None if text.contains("?s") && text.contains('=') => {
                return Err(format!(
                    "expected `{SETTINGS}` between the policy and its settings"
                ));
            }
            None => (text, None),
        };
        let mut source: PolicySource = source
            .parse()
            .map_err(|error: PinError| error.to_string())?;
        if let Some(file) = named_policy::find(&source.file)? {
            source.file = file;
        }
        Ok(Self { source, settings })
    }
}

impl PolicyArgument {
    /// The word that says it.
    pub(super) fn word(&self) -> String {
        let PolicySource { file, pin } = &self.source;
        let source = pin::join(&file.display().to_string(), *pin);
        match &self.settings {
            None => source,
            Some(settings) => format!("{source}{SETTINGS}{}", settings.word()),
        }
    }

    /// Changes the paths that it names.
    pub(super) fn for_each_path(
        &mut self,
        change: impl Fn(&mut PathBuf) -> io::Result<()>,
    ) -> io::Result<()> {
        change(&mut self.source.file)?;
        match &mut self.settings {
            Some(settings) => settings.for_each_path(change),
            None => Ok(()),
        }
    }

    /// The files that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let settings = self.settings.as_ref().and_then(SettingsSource::file);
        [("--policy", self.source.file.as_path())]
            .into_iter()
            .chain(settings.map(|file| ("--policy FILE?settings=@", file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_and_its_settings_are_one_word() {
        for word in [
            "/p.wasm",
            "/p.wasm?settings={\"a\":\"?settings=\"}",
            "/p.wasm?settings=@/s.json",
        ] {
            let argument: PolicyArgument = word.parse().unwrap();
            assert_eq!(argument.source.file, Path::new("/p.wasm"));
            assert_eq!(argument.settings.is_some(), word.contains('?'));
            assert_eq!(argument.word(), word);
        }
        for wrong in [
            "?settings={}",
            "/p.wasm?settings=",
            "/p.wasm?settings=@",
            "/p.wasm?setting={}",
        ] {
            assert!(wrong.parse::<PolicyArgument>().is_err(), "{wrong}");
        }
    }
}
