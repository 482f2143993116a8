//! Who connects: what the kernel says of the socket's peer, and what a signed token says.
//!
//! What always holds: every label made here is verified; a bad token is an error, and never a
//! session without one; and the overflow user, which stands for any user of another namespace, has
//! no user labels, so no tenant that wants one takes it.

use nix::unistd::{Uid, User};

use cachewarden_connect::Peer;
use cachewarden_connect::wire::Token;
use cachewarden_tokens::{Now, Verifier};
use cachewarden_types::{verified_label, with_causes};

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

    /// What checks tokens.
    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Who this is.
    ///
    /// # Errors
    /// When there is a token that is not accepted. The text says why.
    pub(crate) fn identify(
        &self,
        peer: &Peer,
        socket: &str,
        token: Option<&Token>,
    ) -> Result<Identity, String> {
        let mut identity = Identity {
            labels: Vec::new(),
            issuer: None,
            subject: None,
            uid: peer.uid,
        };
        let mut add = |name: &str, value: String| {
            let label = verified_label(format!("{PEER}{name}"), value);
            identity.labels.push(label);
        };
        add("socket", socket.to_owned());
        if peer.uid != self.overflow_uid {
            add("uid", peer.uid.to_string());
            add("gid", peer.gid.to_string());
            if let Ok(Some(user)) = User::from_uid(Uid::from_raw(peer.uid)) {
                add("user", user.name);
            }
        }
        if let Some(Token(token)) = token {
            if peer.uid == self.overflow_uid {
                // Users of all other namespaces are this one, so a token that one of them has
                // taken from another would count.
                return Err(format!(
                    "the daemon's user namespace does not know this user (it is {}), so no token is accepted from it; run the daemon where users have their own numbers",
                    peer.uid
                ));
            }
            let verified = self
                .verifier
                .verify(token, peer.uid, Now::read())
                .map_err(|error| with_causes(&error))?;
            let labels = verified.labels.into_iter();
            identity
                .labels
                .extend(labels.map(|(name, value)| verified_label(name, value)));
            identity.subject = Some(verified.subject);
            identity.issuer = Some(verified.issuer);
        }
        Ok(identity)
    }
}
