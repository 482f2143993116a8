//! What is demanded of the options where they serve a go command, and not of a person at a
//! terminal.

use std::fs;
use std::path::{Path, PathBuf};

use cachewarden_types::Code;

use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::paths::{absolute_in_helper_mode, check_spelling};
use crate::cli::policy_argument::PolicyArgument;
use crate::cli::remote;
use crate::cli::settings::SettingsSource;

use super::HelperOptions;

impl HelperOptions {
    /// Refuses what would leave a bound out: settings and labels that no policy reads, paths that
    /// mean another file in another folder, a recording that breaks the store or tells what it
    /// should not.
    pub(in crate::cli) fn check_as_a_helpers(&self) -> Result<(), Failure> {
        self.check_policy()?;
        for (option, path) in self.paths() {
            absolute_in_helper_mode(option, path)?;
        }
        for name in &self.redact_label {
            let mut names = self.label.iter().map(|(name, _)| name);
            let is_set = names.any(|label| label == name) || self.label_env.contains(name);
            ensure(is_set, Code::RedactNothing, || {
                format!(
                    "--redact-label {name}: neither --label nor --label-env sets a label of this name, so its value could be written down under another one"
                )
            })?;
        }
        remote::check(&self.tiers)?;
        self.check_record()
    }

    fn check_policy(&self) -> Result<(), Failure> {
        let told = [
            (
                "--settings",
                "CACHEWARDEN_SETTINGS",
                self.settings.is_some(),
            ),
            ("--label", "CACHEWARDEN_LABEL", !self.label.is_empty()),
            (
                "--label-env",
                "CACHEWARDEN_LABEL_ENV",
                !self.label_env.is_empty(),
            ),
        ];
        for (option, variable, is_there) in told {
            ensure(
                !self.policy.is_empty() || !is_there,
                Code::NeedsPolicy,
                || {
                    format!(
                        "{option} ({variable}) is for a policy, and there is none: without one every get and put is allowed. Give --policy FILE, or leave {option} out"
                    )
                },
            )?;
        }
        self.check_pairs()
    }

    /// Which policy settings are for must be plain.
    fn check_pairs(&self) -> Result<(), Failure> {
        let Some(_) = &self.settings else {
            return Ok(());
        };
        let count = self.policy.len();
        ensure(count < 2, Code::SettingsAmbiguous, || {
            format!(
                "--settings is for one policy, and there are {count}; give each its own: --policy 'FILE?settings=JSON', or ?settings=@FILE"
            )
        })?;
        let mut policies = self.policy.iter();
        ensure(
            policies.all(|policy| policy.settings.is_none()),
            Code::SettingsAmbiguous,
            || {
                "the policy has settings twice, by --settings (CACHEWARDEN_SETTINGS) and by ?settings=; leave one out".to_owned()
            },
        )
    }

    /// The files and folders that are named, each with its option.
    fn paths(&self) -> Vec<(&'static str, &Path)> {
        let mut paths = Vec::new();
        paths.extend(self.policy.iter().flat_map(PolicyArgument::files));
        let settings = self.settings.as_ref().and_then(SettingsSource::file);
        paths.extend(settings.map(|file| ("--settings @", file)));
        paths.extend(self.store.dir.as_deref().map(|path| ("--dir", path)));
        paths.extend(self.base.iter().map(|path| ("--base", path.as_path())));
        paths.extend(self.record.as_deref().map(|path| ("--record", path)));
        let credentials = self.tiers.remote_credentials.as_deref();
        paths.extend(credentials.map(|path| ("--remote-credentials", path)));
        paths
    }

    /// The same options with the paths that a person at a terminal means.
    pub(in crate::cli) fn with_absolute_paths(mut self) -> Result<Self, Failure> {
        for (option, path) in self.paths() {
            check_spelling(option, path)?;
        }
        let absolute = |path: &mut PathBuf| {
            *path = std::path::absolute(&*path)?;
            Ok(())
        };
        let mut policies = self.policy.iter_mut();
        policies
            .try_for_each(|policy| policy.for_each_path(absolute))
            .and_then(|()| match &mut self.settings {
                Some(settings) => settings.for_each_path(absolute),
                None => Ok(()),
            })
            .and_then(|()| {
                let mut others = [
                    &mut self.store.dir,
                    &mut self.record,
                    &mut self.tiers.remote_credentials,
                ]
                .into_iter()
                .flatten()
                .chain(&mut self.base);
                others.try_for_each(absolute)
            })
            .or_fail(Code::System, || {
                "the folder that this is run in has no path".to_owned()
            })?;
        Ok(self)
    }

    /// A folder with somebody else's file in it is no store, and the store's own files are its own.
    fn check_record(&self) -> Result<(), Failure> {
        let (Some(record), Ok(store)) = (&self.record, self.store.folder()) else {
            return Ok(());
        };
        let is_within = resolved(record).starts_with(resolved(&store));
        ensure(!is_within, Code::RecordInStore, || {
            format!(
                "--record {} lies in the store {}, which holds files of the store alone. Name a file outside it",
                record.display(),
                store.display()
            )
        })
    }
}

/// The path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = &end_of_links(path);
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

/// Links that are followed; Linux follows as many.
const MAX_LINKS: usize = 40;

/// Where a path ends that may be a link, also one to what is not there yet: a recording would be
/// made there.
fn end_of_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match (fs::read_link(&path), path.parent()) {
            (Ok(target), Some(folder)) => path = folder.join(target),
            _ => break,
        }
    }
    path
}
