//! Loads what a configuration names: issuers, policies, and the cases that the policies must pass.
//!
//! What always holds: a configuration is used as a whole or not at all, so a reload with a mistake
//! leaves everything as it was.

mod described;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_policy_host::{
    CompiledCache, Limits, LoadError, OpenOutcome, PolicySession, PolicySource, Sandbox,
};
use cachewarden_recording as recording;
use cachewarden_replay::replay;
use cachewarden_tokens::{Now, Verifier};
use cachewarden_types::{Code, Pattern, Problem, Refusal, Session};

use crate::config::{Config, ConfigError, PolicyEntry, TenantConfig};
use crate::identity::Identifier;
use crate::remote::{TierList, tiers};
use crate::shares;
use crate::tenants::{LoadedPolicy, Tenant, Tenants};

pub use described::Described;

/// What a configuration has loaded.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Who is who.
    pub identifier: Identifier,
    /// The tenants.
    pub tenants: Tenants,
    /// Storage that other machines share.
    pub(crate) tiers: TierList,
    /// What was checked: something about each issuer and each tenant.
    pub report: Vec<Described>,
}

/// Why a configuration is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A policy cannot be loaded.
    #[error("the policy of the tenant `{tenant}`")]
    Policy {
        /// The tenant.
        tenant: String,
        /// Why not.
        source: LoadError,
    },
    /// A policy does not answer as its cases say.
    #[error("the policy {} of the tenant `{tenant}` does not answer as its cases say:{differences}", file.display())]
    Cases {
        /// The tenant.
        tenant: String,
        /// The policy's file.
        file: PathBuf,
        /// Each difference, with its file and line.
        differences: String,
    },
    /// A policy refuses its settings.
    #[error("the policy {} of the tenant `{tenant}` refuses its settings: {reason}", file.display())]
    Settings {
        /// The tenant.
        tenant: String,
        /// The policy's file.
        file: PathBuf,
        /// What it says.
        reason: String,
    },
    /// Cases cannot be read.
    #[error("the cases of the tenant `{tenant}`")]
    CasesUnreadable {
        /// The tenant.
        tenant: String,
        /// Why not.
        source: recording::ReadError,
    },
}

impl Problem for SetupError {
    fn code(&self) -> Code {
        match self {
            Self::Config(error) => error.code(),
            Self::Policy { source, .. } => source.code(),
            Self::Settings { .. } => Code::SettingsRefused,
            Self::Cases { .. } => Code::ServeCases,
            Self::CasesUnreadable { source, .. } => source.code(),
        }
    }

    fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Cases { .. } => Some("correct the policy, or its cases"),
            Self::Settings { .. } => Some("correct `settings` of its [[tenant.policy]]"),
            Self::Config(_) | Self::Policy { .. } | Self::CasesUnreadable { .. } => None,
        }
    }
}

/// Loads policies.
#[derive(Clone)]
pub struct Loader {
    /// The engine.
    pub sandbox: Arc<Sandbox>,
    /// Where compiled policies are kept.
    pub cache: Option<CompiledCache>,
}

impl Loader {
    /// The same, with compiled policies in this folder.
    pub(crate) fn with_cache(self, folder: PathBuf) -> Self {
        Self {
            cache: Some(CompiledCache::new(folder)),
            ..self
        }
    }

    /// Loads all that a configuration names, which was read from a file. What was known before of
    /// tokens that were presented counts on.
    ///
    /// # Errors
    /// When anything of it cannot be used.
    pub fn load(
        &self,
        config: Config,
        file: &Path,
        before: Option<&Loaded>,
        thread: &PolicyThread,
    ) -> Result<Loaded, SetupError> {
        let meaningless = |text: String| ConfigError::Meaningless {
            file: file.to_owned(),
            text,
        };
        if let Some(audit) = &config.audit {
            audit
                .check()
                .map_err(|text| meaningless(format!("[audit]: {text}")))?;
        }
        let tiers = tiers(&config.remote).map_err(meaningless)?;
        let issuers = config.issuers.clone();
        let verifier = match before {
            Some(before) => before.identifier.verifier().with_configs(issuers),
            None => Verifier::new(issuers),
        };
        let verifier = verifier.map_err(|error| meaningless(error.to_string()))?;
        // So that the first session need not wait for them.
        let mut report: Vec<_> = verifier
            .load_keys(Now::read())
            .into_iter()
            .map(|(issuer, why)| Described::issuer(&issuer, &why))
            .collect();
        let mut tenants = Vec::new();
        for tenant in &config.tenants {
            check_name(&tenant.name).map_err(meaningless)?;
            let mut cases = 0;
            let policies = tenant.policies.iter().map(|entry| {
                let policy = self.policy(tenant, entry, file)?;
                check_settings(tenant, &policy, thread)?;
                cases += check_cases(tenant, entry, &policy, thread)?;
                Ok(policy)
            });
            let policies = policies.collect::<Result<Vec<_>, SetupError>>()?;
            let loaded = Tenant::new(tenant, &config, policies)
                .map_err(|why| meaningless(format!("tenant `{}`: {why}", tenant.name)))?;
            report.push(Described::tenant(tenant, cases));
            tenants.push(Arc::new(loaded));
        }
        report.extend(
            shares::overcommitted(&config)
                .iter()
                .map(|text| Described::warning(text)),
        );
        if tenants.is_empty() {
            return Err(meaningless(
                "there is no [[tenant]], so every session would be refused".to_owned(),
            )
            .into());
        }
        Ok(Loaded {
            identifier: Identifier::new(verifier),
            tenants: Tenants::new(tenants).map_err(meaningless)?,
            config,
            tiers,
            report,
        })
    }

    fn policy(
        &self,
        tenant: &TenantConfig,
        entry: &PolicyEntry,
        file: &Path,
    ) -> Result<LoadedPolicy, SetupError> {
        let wrong = |text: String| ConfigError::Meaningless {
            file: file.to_owned(),
            text: format!("tenant `{}`: `policy`: {text}", tenant.name),
        };
        let source: PolicySource = entry
            .file
            .parse()
            .map_err(|error: cachewarden_policy_host::PinError| wrong(error.to_string()))?;
        let text = entry.settings.json();
        let text = text.map_err(|error| wrong(format!("`settings`: {error}")))?;
        let settings = canonical("settings", &text).map_err(|error| wrong(error.to_string()))?;
        let slow = || tracing::info!(policy = %source.file.display(), "compiling a policy");
        let policy = self
            .sandbox
            .load(&source, Limits::default(), self.cache.as_ref(), slow)
            .map_err(unusable(tenant))?;
        Ok(LoadedPolicy { policy, settings })
    }
}

/// Starts a policy with its settings: what it refuses would stop every go command of the tenant.
fn check_settings(
    tenant: &TenantConfig,
    policy: &LoadedPolicy,
    thread: &PolicyThread,
) -> Result<(), SetupError> {
    let everything = || vec![Pattern::any().as_str().to_owned()];
    let session = Session {
        started: 0,
        seed: 0,
        labels: Vec::new(),
        readable: everything(),
        writable: everything(),
        settings: policy.settings.get().to_owned(),
    };
    let opened = PolicySession::open(Arc::clone(&policy.policy), session, thread);
    match opened {
        Ok((_, OpenOutcome::Refused(Refusal::Settings(reason)))) => Err(SetupError::Settings {
            tenant: tenant.name.clone(),
            file: policy.policy.file().to_owned(),
            reason,
        }),
        // Without a session's labels it may refuse the session.
        Ok(_) => Ok(()),
        Err(error) => Err(unusable(tenant)(error)),
    }
}

/// Has a policy answer its cases; how many questions it was asked.
fn check_cases(
    tenant: &TenantConfig,
    entry: &PolicyEntry,
    policy: &LoadedPolicy,
    thread: &PolicyThread,
) -> Result<u64, SetupError> {
    let mut questions = 0;
    let mut differences = String::new();
    for file in &entry.cases {
        let lines = recording::read(file).map_err(|source| SetupError::CasesUnreadable {
            tenant: tenant.name.clone(),
            source,
        })?;
        let outcome = replay(&policy.policy, &lines, 0, thread).map_err(unusable(tenant))?;
        questions += outcome.questions;
        if outcome.sessions == 0 {
            differences += &format!("\n{}: it has no session", file.display());
        }
        for difference in outcome.differences {
            let (number, text) = (difference.number, difference.text);
            // A string takes everything.
            let _ = write!(differences, "\n{}:{number}: {text}", file.display());
        }
    }
    match differences.is_empty() {
        true => Ok(questions),
        false => Err(SetupError::Cases {
            tenant: tenant.name.clone(),
            file: policy.policy.file().to_owned(),
            differences,
        }),
    }
}

/// The error of a policy of a tenant.
fn unusable(tenant: &TenantConfig) -> impl FnOnce(LoadError) -> SetupError {
    |source| SetupError::Policy {
        tenant: tenant.name.clone(),
        source,
    }
}

/// The name is part of a file's name in the audit log, and of a metric.
fn check_name(name: &str) -> Result<(), String> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match (1..=64).contains(&name.len()) && name.bytes().all(is_word) {
        true => Ok(()),
        false => Err(format!(
            "tenant `{}`: a name has 1 to 64 lower-case letters, digits and dashes",
            name.escape_debug()
        )),
    }
}
