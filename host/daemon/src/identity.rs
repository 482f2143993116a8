//! Who connects: what the kernel says of the socket's peer, and what a signed token says.
//!
//! What always holds: every label made here is verified; a bad token is an error, and never a
//! session without one; and the overflow user, which stands for any user of another namespace, has
//! no user labels, so no tenant that wants one takes it.

use nix::unistd::{Uid, User};

use cachewarden_connect::Peer;
use cachewarden_connect::wire::Token;
use cachewarden_tokens::{Now, TokenError, Verifier};
use cachewarden_types::verified_label;

use crate::tenants::{Identity, PEER};

/// Where the kernel says which user ID stands for users that this namespace does not know.
const OVERFLOW_UID: &str = "/proc/sys/kernel/overflowuid";

/// What it is where the kernel does not say.
const USUAL_OVERFLOW_UID: u32 = 65_534;

/// Establishes who connects.
pub struct Identifier {
    verifier: Verifier,
    overflow_uid: u32,
}

impl Identifier {
    /// With these issuers.
    pub fn new(verifier: Verifier) -> Self {
        let text = std::fs::read_to_string(OVERFLOW_UID);
        let overflow_uid = text.ok().and_then(|text| text.trim().parse().ok());
        Self {
            verifier,
            overflow_uid: overflow_uid.unwrap_or(USUAL_OVERFLOW_UID),
        }
    }

    /// Who this is.
    ///
    /// # Errors
    /// When there is a token that is not accepted.
    pub fn identify(&self, peer: &Peer, token: Option<&Token>) -> Result<Identity, TokenError> {
        let mut identity = Identity {
            labels: Vec::new(),
            issuer: None,
            witness: format!("uid {}", peer.uid),
        };
        let mut add = |name: &str, value: String| {
            let label = verified_label(format!("{PEER}{name}"), value);
            identity.labels.push(label);
        };
        if peer.uid != self.overflow_uid {
            add("uid", peer.uid.to_string());
            add("gid", peer.gid.to_string());
            if let Ok(Some(user)) = User::from_uid(Uid::from_raw(peer.uid)) {
                add("user", user.name);
            }
        }
        if let Some(Token(token)) = token {
            let verified = self.verifier.verify(token, peer.uid, Now::read())?;
            let labels = verified.labels.into_iter();
            identity
                .labels
                .extend(labels.map(|(name, value)| verified_label(name, value)));
            identity.witness = format!("{} of {}", verified.subject, verified.issuer);
            identity.issuer = Some(verified.issuer);
        }
        Ok(identity)
    }
}
