//! Determines what an entry is for, by its key.
//!
//! cmd/go stores what belongs to an action under `Subkey(action, name)`, the SHA-256 of `subkey:`,
//! the action and the name (cmd/go/internal/cache/hash.go). It asks for the action first, so a
//! session that has seen the action knows the role of such a key. Every other key has the role
//! `unknown`.

use std::collections::HashMap;
use std::mem;

use sha2::{Digest as _, Sha256};

use cachewarden_types::{Digest, Role, SUBKEYS};

/// Actions of one session whose keys are kept: some sixty builds of the standard library, in 14 MB.
/// Beyond that, the older half is dropped, never the latest: cmd/go asks for what belongs to an
/// action right after the action.
const MAX_ACTIONS: usize = 65_536;

/// Actions whose keys are not computed yet, in 1 MB: a session that only gets, and has no policy,
/// never needs them.
const MAX_PENDING: usize = MAX_ACTIONS / 2;

/// Keys that are kept for an action: its own, which has no role, and its subkeys.
const KEYS: usize = 1 + SUBKEYS.len();

/// The actions that a session has seen, and the keys that follow from them.
#[derive(Debug, Default)]
pub struct Roles {
    /// Actions whose subkeys are not computed yet.
    pending: Vec<Digest>,
    /// Roles by the first 64 bits of the key. A collision is expected once in billions of builds,
    /// and only makes an answer more strict.
    latest: HashMap<u64, Role>,
    /// The previous `latest`.
    older: HashMap<u64, Role>,
}

impl Roles {
    /// Notes an action that the client named.
    pub fn note(&mut self, action: &Digest) {
        self.pending.push(*action);
        if self.pending.len() == MAX_PENDING {
            self.compute();
        }
    }

    /// The role of a key.
    pub fn of(&mut self, key: &Digest) -> Role {
        self.compute();
        let key = key.words()[0];
        let role = self.latest.get(&key).or_else(|| self.older.get(&key));
        role.copied().unwrap_or_default()
    }

    fn compute(&mut self) {
        for action in self.pending.drain(..) {
            let word = action.words()[0];
            // It was noted before, or it is itself a subkey, and cmd/go stores nothing under a
            // subkey of a subkey.
            if self.latest.contains_key(&word) {
                continue;
            }
            if self.latest.len() >= MAX_ACTIONS / 2 * KEYS {
                self.older = mem::take(&mut self.latest);
            }
            self.latest.insert(word, Role::Unknown);
            for (name, role) in SUBKEYS {
                self.latest.insert(subkey(&action, name).words()[0], role);
            }
        }
    }
}

/// The subkey of `action` with this name.
fn subkey(action: &Digest, name: &str) -> Digest {
    let hasher = Sha256::new()
        .chain_update(b"subkey:")
        .chain_update(action.as_bytes())
        .chain_update(name);
    Digest::finish(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subkey_is_the_one_that_cmd_go_computes() {
        let mut text = b"subkey:".to_vec();
        text.extend_from_slice(Digest::of(b"action").as_bytes());
        text.extend_from_slice(b"stdout");
        assert_eq!(subkey(&Digest::of(b"action"), "stdout"), Digest::of(&text));
    }

    #[test]
    fn a_key_has_a_role_once_its_action_was_seen() {
        let (action, mut roles) = (Digest::of(b"action"), Roles::default());
        let list = subkey(&action, "srcfiles");
        assert_eq!(roles.of(&list), Role::Unknown);
        roles.note(&action);
        assert_eq!(roles.of(&list), Role::SourceList);
        assert_eq!(roles.of(&subkey(&action, "fix.zip")), Role::FixArchive);
        assert_eq!(roles.of(&subkey(&action, "main.go")), Role::Unknown);
        assert_eq!(roles.of(&action), Role::Unknown);
    }

    #[test]
    fn an_action_is_computed_once_and_the_key_of_what_belongs_to_one_never() {
        let (action, mut roles) = (Digest::of(b"action"), Roles::default());
        let output = subkey(&action, "stdout");
        for key in [action, action, output] {
            roles.note(&key);
            roles.of(&key);
        }
        assert_eq!(roles.latest.len(), KEYS);
        assert_eq!(roles.of(&output), Role::Stdout);
        assert_eq!(roles.of(&subkey(&output, "stdout")), Role::Unknown);
    }

    #[test]
    fn the_actions_that_are_noted_are_bounded_and_the_latest_is_never_forgotten() {
        let mut roles = Roles::default();
        for number in 0..=2 * MAX_ACTIONS as u64 {
            let action = Digest::of(&number.to_le_bytes());
            roles.note(&action);
            if number % 1000 == 0 || number == 2 * MAX_ACTIONS as u64 {
                assert_eq!(roles.of(&subkey(&action, "stdout")), Role::Stdout);
            }
        }
        assert!(roles.latest.len() + roles.older.len() <= MAX_ACTIONS * KEYS);
        assert!(roles.pending.is_empty());
    }
}
