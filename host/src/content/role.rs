//! What an entry is for, by its key.
//!
//! cmd/go files what belongs to an action under `Subkey(action, name)`, the SHA-256 of `subkey:`, the action and the
//! name (cmd/go/internal/cache/hash.go). It asks for the action first, so a session that has seen the action knows the
//! role of such a key. A key that nothing explains has the role `unknown`.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

use super::words::{Role, SUBKEYS};

/// Actions of one session that are noted: some sixty builds of the standard library. A client that asks for more than
/// that gets the role `unknown` for what follows. 12 MB at most.
const MAX_ACTIONS: usize = 65_536;

/// The actions that a session has seen, and the keys that follow from them.
#[derive(Debug, Default)]
pub struct Roles {
    /// Seen, and their subkeys not computed: most sessions never need them.
    pending: Vec<Digest>,
    /// By the first 64 bits of the key. Two keys that share them are one in billions of builds, and an answer more strict.
    subkeys: HashMap<u64, Role>,
    noted: usize,
}

impl Roles {
    /// Notes an action that the client named.
    pub fn note(&mut self, action: &Digest) {
        if self.noted < MAX_ACTIONS {
            self.noted += 1;
            self.pending.push(*action);
        }
    }

    /// The role of a key.
    pub fn of(&mut self, key: &Digest) -> Role {
        for action in self.pending.drain(..) {
            for (name, role) in SUBKEYS {
                self.subkeys.insert(subkey(&action, name).words()[0], role);
            }
        }
        let role = self.subkeys.get(&key.words()[0]);
        role.copied().unwrap_or_default()
    }
}

/// The key of what belongs to `action` by this name.
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
    fn the_actions_that_are_noted_are_bounded() {
        let mut roles = Roles::default();
        for number in 0..=MAX_ACTIONS as u64 {
            roles.note(&Digest::of(&number.to_le_bytes()));
        }
        let last = Digest::of(&(MAX_ACTIONS as u64).to_le_bytes());
        assert_eq!(roles.of(&subkey(&last, "stdout")), Role::Unknown);
        assert_eq!(roles.subkeys.len(), MAX_ACTIONS * SUBKEYS.len());
    }
}
