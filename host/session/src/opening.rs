//! How a session begins: its policies are asked what they grant.

use std::collections::HashMap;
use std::sync::Arc;

use cachewarden_content::Roles;
use cachewarden_policy_host::thread::Room;
use cachewarden_policy_host::{CONTRACT_VERSION, OpenOutcome};
use cachewarden_recording::{FORM, Line, OffRecord, OpenRecord, SessionStarted};
use cachewarden_store::{DiskPaths, SessionStats};
use cachewarden_types::Refusal;

use super::Session;
use super::chain::{ActivePolicy, Chain, PolicyConfig};
use super::config::{Services, SessionConfig, SessionError, SessionFacts, no_settings};
use super::effective_grant::EffectiveGrant;
use super::events::WITHOUT_CACHE;
use super::local_puts::LocalPuts;

impl Session {
    /// Begins a session: asks each policy's `open`, and holds the grants against what the operator allows.
    ///
    /// # Errors
    /// When a policy refuses its settings or does not fit the contract. Every other failure of a policy gives a session
    /// without access, in which a build works, slower.
    pub(super) fn open(
        config: SessionConfig,
        services: &Services,
        room: &Room,
    ) -> Result<Self, SessionError> {
        let SessionConfig {
            facts,
            policies,
            recorder,
            diagnostics,
        } = config;
        let mut session = Self {
            id: facts.id,
            started: facts.started,
            store: Arc::clone(&services.store),
            paths: DiskPaths::new(facts.gocache.clone()),
            policies: Chain::default(),
            access: EffectiveGrant::default(),
            own: LocalPuts::default(),
            answered: None,
            audits: HashMap::new(),
            roles: Roles::default(),
            tally: SessionStats::default(),
            lost_puts: 0,
            recorder,
            diagnostics,
        };
        let default = EffectiveGrant::to_default(&facts.default_scope, &facts.allowed);
        if policies.is_empty() {
            session.record_beginning(0, &facts, None);
            session.record_with(0, || Line::Open(OpenRecord::Grant(default.as_grant())));
            session.access = default;
        } else if let Some(grants) = session.open_policies(policies, &facts, room)? {
            session.access = EffectiveGrant::intersection(&grants, default);
        }
        Ok(session)
    }

    /// What each policy grants; `None` where one of them gives this session nothing.
    fn open_policies(
        &mut self,
        policies: Vec<PolicyConfig>,
        facts: &SessionFacts,
        room: &Room,
    ) -> Result<Option<Vec<Option<EffectiveGrant>>>, SessionError> {
        let mut openings = Vec::new();
        for (place, config) in (0..).zip(policies) {
            self.record_beginning(place, facts, Some(&config));
            let told = facts.told(place, &config.settings);
            let (policy, opening) = ActivePolicy::open(config, told, room)?;
            openings.push((place, policy.name.clone(), opening));
            self.policies.push(policy);
            self.tell_events();
        }
        // All of them first: settings that are refused are for the operator to mend, whatever another policy says.
        for (place, policy, opening) in &openings {
            self.record_opening(*place, opening, facts);
            if let OpenOutcome::Refused(Refusal::Settings(reason)) = opening {
                return Err(SessionError::Settings {
                    policy: policy.clone(),
                    reason: reason.clone(),
                });
            }
        }
        let mut grants = Vec::new();
        for (place, policy, opening) in openings {
            match self.grant(place, &policy, opening, facts) {
                Some(grant) => grants.push(grant),
                None => return Ok(None),
            }
        }
        Ok(Some(grants))
    }

    /// What one policy grants: the inner `None` where it has no `open`, the outer one where it gives nothing.
    fn grant(
        &mut self,
        place: u32,
        policy: &str,
        opening: OpenOutcome,
        facts: &SessionFacts,
    ) -> Option<Option<EffectiveGrant>> {
        match opening {
            OpenOutcome::Default => Some(None),
            OpenOutcome::Granted(grant) => match EffectiveGrant::granted(&grant, &facts.allowed) {
                Ok(access) => Some(Some(access)),
                Err(reason) => {
                    self.diagnostics.warn(&format!(
                        "the grant of the policy {policy} is not used: {reason}. {WITHOUT_CACHE}"
                    ));
                    self.record_with(place, || Line::Off(OffRecord { reason }));
                    None
                }
            },
            OpenOutcome::Refused(Refusal::Session(reason) | Refusal::Settings(reason)) => {
                self.diagnostics.warn(&format!(
                    "the policy {policy} refuses this session: {reason}. {WITHOUT_CACHE}"
                ));
                None
            }
            OpenOutcome::Failed => None,
        }
    }

    fn record_beginning(
        &mut self,
        place: u32,
        facts: &SessionFacts,
        config: Option<&PolicyConfig>,
    ) {
        self.record_with(place, || {
            let settings = config.map_or_else(no_settings, |config| config.settings.clone());
            let told = facts.told(place, &settings);
            Line::Session(Box::new(SessionStarted {
                form: FORM,
                contract: CONTRACT_VERSION.to_owned(),
                policy: config.map(|config| config.policy.digest()),
                scope: facts.default_scope.to_string(),
                started: told.started,
                seed: told.seed,
                labels: told.labels,
                readable: told.readable,
                writable: told.writable,
                settings,
            }))
        });
    }

    fn record_opening(&mut self, place: u32, opening: &OpenOutcome, facts: &SessionFacts) {
        let opened = match opening {
            OpenOutcome::Default => {
                let default = EffectiveGrant::to_default(&facts.default_scope, &facts.allowed);
                OpenRecord::Grant(default.as_grant())
            }
            OpenOutcome::Granted(grant) => OpenRecord::Grant(grant.clone()),
            OpenOutcome::Refused(refusal) => OpenRecord::Refusal(refusal.clone()),
            OpenOutcome::Failed => return,
        };
        self.record_with(place, || Line::Open(opened));
    }
}
