//! The policies of a session, each asked every question: the strictest verdict wins, and grants
//! intersect.
//!
//! A policy of the chain only ever narrows what the others give. Each has its own instance,
//! settings, limits, log and place in the recording, and is told a scope by its place in the grant
//! that it gave itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_policy_host::{
    Account, Event, Exports, LoadError, OpenOutcome, Policy, PolicySession,
};
use cachewarden_types::{Candidate, Digest, Lookup, Offer, Reach, Session, Totals};

/// A policy with its settings, a JSON text.
pub struct PolicyConfig {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its settings.
    pub settings: Box<RawValue>,
}

/// A policy at work.
pub(super) struct ActivePolicy {
    session: PolicySession,
    exports: Exports,
    digest: Digest,
    /// Its file, for texts.
    pub(super) name: String,
}

impl ActivePolicy {
    /// Opens the policy on an account, with this description of the session.
    pub(super) fn open(
        config: PolicyConfig,
        input: Session,
        account: &Arc<dyn Account>,
        thread: &PolicyThread,
    ) -> Result<(Self, OpenOutcome), LoadError> {
        let PolicyConfig { policy, .. } = config;
        let (exports, digest) = (policy.exports(), policy.digest());
        let name = policy.file().display().to_string();
        let (session, opening) =
            PolicySession::open_on(Arc::clone(account), policy, input, thread)?;
        let active = Self {
            session,
            exports,
            digest,
            name,
        };
        Ok((active, opening))
    }

    /// The verdict on a get; `None` where the policy does not decide gets.
    pub(super) fn get(&mut self, candidate: &Candidate) -> Option<Lookup> {
        self.exports.get.then(|| self.session.get(candidate))
    }

    /// The verdict on a put; `None` where the policy does not decide puts.
    pub(super) fn put(&mut self, offer: &Offer) -> Option<Reach> {
        self.exports.put.then(|| self.session.put(offer))
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        self.session.take_events()
    }
}

/// The policies at work: none, or a chain.
#[derive(Default)]
pub(super) struct Chain {
    policies: Vec<ActivePolicy>,
}

impl Chain {
    pub(super) fn push(&mut self, policy: ActivePolicy) {
        self.policies.push(policy);
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut ActivePolicy)> {
        (0..).zip(&mut self.policies)
    }

    /// The policy at a place of the chain.
    pub(super) fn at(&mut self, place: usize) -> Option<&mut ActivePolicy> {
        self.policies.get_mut(place)
    }

    pub(super) fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether a policy has failed for good: what it would have forbidden nobody knows.
    pub(super) fn is_off(&self) -> bool {
        self.policies.iter().any(|policy| policy.session.is_off())
    }

    /// Tells all policies that the session is over.
    pub(super) fn close(&mut self, totals: &Totals) {
        for policy in &mut self.policies {
            policy.session.close(totals);
        }
    }

    /// The CPU time of all policies; `None` without one.
    pub(super) fn time(&self) -> Option<Duration> {
        let times = self.policies.iter().map(|policy| policy.session.used());
        (!self.policies.is_empty()).then(|| times.sum())
    }

    /// The SHA-256 of each policy, joined by `+`; `None` without one.
    pub(super) fn digests(&self) -> Option<String> {
        let digests = self.policies.iter().map(|policy| policy.digest.to_hex());
        (!self.policies.is_empty()).then(|| digests.collect::<Vec<_>>().join("+"))
    }
}

/// The seed of the policy at a place of the chain. No policy is told the session's own number, so
/// none can foresee what another draws.
pub(super) fn seed(session: u64, place: u32) -> u64 {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&session.to_le_bytes());
    bytes[8..].copy_from_slice(&place.to_le_bytes());
    Digest::of(&bytes).words()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_draws_from_a_seed_of_its_own() {
        let seeds = [7, seed(7, 0), seed(7, 1), seed(7, 2), seed(8, 1)];
        for (index, one) in seeds.iter().enumerate() {
            assert!(!seeds[..index].contains(one), "{seeds:?}");
        }
    }
}
