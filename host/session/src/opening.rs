//! How a session begins: its policies are asked what they grant.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cachewarden_content::Roles;
use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_policy_host::{Account, CONTRACT_VERSION, OpenOutcome};
use cachewarden_recording::{FORM, Line, OffRecord, OpenRecord, SessionStarted};
use cachewarden_store::SessionStats;
use cachewarden_types::{Code, Grant, Refusal, with_causes};

use super::Session;
use super::chain::{ActivePolicy, Chain, PolicyConfig};
use super::config::{
    DefaultGrant, Services, SessionConfig, SessionError, SessionFacts, no_settings,
};
use super::counts::Counts;
use super::effective_grant::EffectiveGrant;
use super::events::WITHOUT_CACHE;
use super::linked::Linked;
use super::local_puts::LocalPuts;
use super::waiting::WaitingGets;

impl Session {
    /// Begins a session: asks each policy's `open`, and holds the grants against what the operator
    /// allows.
    ///
    /// # Errors
    /// When a policy refuses its settings or does not fit the contract. Every other failure of a
    /// policy gives a session without access, in which a build works, slower.
    pub fn open(
        config: SessionConfig,
        services: &Services,
        thread: &PolicyThread,
    ) -> Result<Self, SessionError> {
        let SessionConfig {
            facts,
            policies,
            recorder,
            diagnostics,
            paths,
            quota,
            account,
            witnessing,
        } = config;
        let mut session = Self {
            id: facts.id,
            started: facts.started,
            user: facts.user,
            store: Arc::clone(&services.store),
            paths,
            isolation: facts.isolation.clone(),
            quota,
            policies: Chain::default(),
            access: EffectiveGrant::default(),
            own: LocalPuts::default(),
            entries: None,
            last_hit: None,
            waiting: WaitingGets::default(),
            remote: None,
            has_tiers: services.remote.is_some(),
            audits: HashMap::new(),
            roles: Roles::default(),
            linked: Linked::new(facts.work_folders.clone(), facts.started),
            tally: SessionStats::default(),
            counts: Counts::default(),
            lost_puts: 0,
            refusals: BTreeMap::new(),
            policy_failures: 0,
            witnessing,
            disputes: Vec::new(),
            recorder,
            diagnostics,
        };
        let default = EffectiveGrant::to_default(&facts.default_grant, &facts.allowed);
        if policies.is_empty() {
            session.record_beginning(0, &facts, None);
            session.record_with(0, || Line::Open(OpenRecord::Grant(default.as_grant())));
            session.access = default;
        } else if let Some(grants) = session.open_policies(policies, &facts, &account, thread)? {
            session.access = EffectiveGrant::intersection(&grants);
            session.warn_no_common_scope(&grants);
        }
        if let Some(remote) = &services.remote {
            session.open_tiers(remote, facts.labels);
        }
        Ok(session)
    }

    /// What each policy grants; `None` where one of them gives this session nothing.
    fn open_policies(
        &mut self,
        policies: Vec<PolicyConfig>,
        facts: &SessionFacts,
        account: &Arc<dyn Account>,
        thread: &PolicyThread,
    ) -> Result<Option<Vec<Option<EffectiveGrant>>>, SessionError> {
        let mut openings = Vec::new();
        for (place, config) in (0..).zip(policies) {
            self.record_beginning(place, facts, Some(&config));
            let input = facts.for_policy(place, &config.settings);
            let (policy, opening) = ActivePolicy::open(config, input, account, thread)?;
            openings.push((place, policy.name.clone(), opening));
            self.policies.push(policy);
            self.report_events();
        }
        // All of them first: settings that are refused are for the operator to mend, whatever
        // another policy says.
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
            // A first policy that grants the one default scope means it, and hears of it where that
            // is not allowed.
            let is_meant = place == 0 && facts.default_grant.is_one_scope();
            if !is_meant && has_no_opinion(&opening, &facts.default_grant) {
                let default = || EffectiveGrant::to_default(&facts.default_grant, &facts.allowed);
                grants.push((place == 0).then(default));
                continue;
            }
            if let Some(grant) = reads_the_default(&opening, &facts.default_grant)
                && place > 0
            {
                grants.push(Some(EffectiveGrant::following(grant.lifetime)));
                continue;
            }
            match self.grant_of(place, &policy, opening, facts) {
                Some(grant) => grants.push(Some(grant)),
                None => return Ok(None),
            }
        }
        Ok(Some(grants))
    }

    /// Says so where each policy grants something, and all of them together nothing: a build
    /// without a cache is not what anybody meant.
    fn warn_no_common_scope(&mut self, grants: &[Option<EffectiveGrant>]) {
        let opinions = || grants.iter().flatten();
        let reads_nothing = self.access.read.is_empty() && opinions().all(EffectiveGrant::may_read);
        let writes_nothing =
            self.access.write.is_none() && opinions().all(|one| one.write.is_some());
        let lacks = match (reads_nothing, writes_nothing) {
            (true, true) => "to read or to write",
            (true, false) => "to read",
            (false, true) => "to write",
            (false, false) => return,
        };
        let policies = self.policies.iter_mut().zip(grants);
        let granted: Vec<_> = policies
            .filter_map(|((_, policy), grant)| Some(format!("{} {}", policy.name, grant.as_ref()?)))
            .collect();
        self.diagnostics.warn(Code::NoCommonScope, &format!(
            "the policies have no scope in common {lacks}: {}. The build goes on: what no policy may read is not found, and what none may write is not kept. Put the policy that chooses scopes first, and let the others grant its scopes; see docs/policies.md, several policies",
            granted.join("; ")
        ));
    }

    /// What one policy grants; `None` where it gives nothing.
    fn grant_of(
        &mut self,
        place: u32,
        policy: &str,
        opening: OpenOutcome,
        facts: &SessionFacts,
    ) -> Option<EffectiveGrant> {
        match opening {
            OpenOutcome::Default => Some(EffectiveGrant::to_default(
                &facts.default_grant,
                &facts.allowed,
            )),
            OpenOutcome::Granted(grant) => match EffectiveGrant::granted(&grant, &facts.allowed) {
                Ok(access) => Some(access),
                Err(error) => {
                    let reason = with_causes(&error);
                    self.diagnostics.warn(Code::GrantInvalid, &format!(
                        "the grant of the policy {policy} is not used: {reason}. {WITHOUT_CACHE}"
                    ));
                    self.record_with(place, || Line::Off(OffRecord { reason }));
                    None
                }
            },
            OpenOutcome::Refused(Refusal::Session(reason) | Refusal::Settings(reason)) => {
                self.diagnostics.warn(
                    Code::SessionRefused,
                    &format!("the policy {policy} refuses this session: {reason}. {WITHOUT_CACHE}"),
                );
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
            let input = facts.for_policy(place, &settings);
            Line::Session(Box::new(SessionStarted {
                form: FORM,
                contract: CONTRACT_VERSION.to_owned(),
                policy: config.map(|config| config.policy.digest()),
                scope: facts.default_grant.scope.to_string(),
                started: input.started,
                seed: input.seed,
                labels: input.labels,
                readable: input.readable,
                writable: input.writable,
                settings,
            }))
        });
    }

    fn record_opening(&mut self, place: u32, opening: &OpenOutcome, facts: &SessionFacts) {
        let opened = match opening {
            OpenOutcome::Default => {
                let default = EffectiveGrant::to_default(&facts.default_grant, &facts.allowed);
                OpenRecord::Grant(default.as_grant())
            }
            OpenOutcome::Granted(grant) => OpenRecord::Grant(grant.clone()),
            OpenOutcome::Refused(refusal) => OpenRecord::Refusal(refusal.clone()),
            OpenOutcome::Failed => return,
        };
        self.record_with(place, || Line::Open(opened));
    }
}

/// Whether a policy grants just the default scope. An SDK does where its author says nothing of
/// scopes; behind the first policy that is no opinion, or no policy that only looks at single
/// entries could follow one that grants.
fn has_no_opinion(opening: &OpenOutcome, default: &DefaultGrant) -> bool {
    match opening {
        OpenOutcome::Default => true,
        OpenOutcome::Granted(grant) => {
            let names_default = |name: &String| name == default.scope.as_str();
            grant.write.as_ref().is_some_and(names_default)
                && matches!(&grant.read[..], [name] if names_default(name))
                && grant.lifetime == 0
                && grant.admit.is_empty()
        }
        OpenOutcome::Refused(_) | OpenOutcome::Failed => false,
    }
}

/// The grant of a policy that writes nothing, and reads just the default scope. Behind the first
/// policy that is no opinion on what is read: a policy that only forbids writing could follow none
/// whose scopes it does not know.
fn reads_the_default<'opening>(
    opening: &'opening OpenOutcome,
    default: &DefaultGrant,
) -> Option<&'opening Grant> {
    match opening {
        OpenOutcome::Granted(grant)
            if grant.write.is_none() && grant.read == [default.scope.as_str()] =>
        {
            Some(grant)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_no_opinion_where_it_grants_the_default_scope_and_nothing_else() {
        let default = DefaultGrant::of("default".parse().unwrap());
        let granted = |write: &str, read: &[&str], lifetime| {
            let grant = Grant {
                write: Some(write.to_owned()),
                read: read.iter().map(ToString::to_string).collect(),
                lifetime,
                admit: Vec::new(),
            };
            has_no_opinion(&OpenOutcome::Granted(grant), &default)
        };
        assert!(has_no_opinion(&OpenOutcome::Default, &default));
        assert!(granted("default", &["default"], 0));
        assert!(!granted("default", &["default"], 1));
        assert!(!granted("default", &["default", "main"], 0));
        assert!(!granted("main", &["default"], 0));
        assert!(!has_no_opinion(&OpenOutcome::Failed, &default));
    }
}
