//! An issuer whose keys are in a file, and what its tokens are refused with.

use std::path::{Path, PathBuf};

use cachewarden_tokens::{Now, TokenError, VerifiedToken, Verifier};
use serde_json::Value;
use tempfile::TempDir;

use crate::signing::{AUDIENCE, ISSUER, Signer, claims, key_set};
use crate::{UID, verifier};

/// The table of an issuer with its keys in this file.
pub(crate) fn table(keys: &Path) -> String {
    format!(
        "[[issuer]]\nname = 'ci'\nissuer = '{ISSUER}'\naudiences = ['{AUDIENCE}']\n\
         algorithms = ['ES256', 'ES384']\njwks-file = '{}'\n\
         labels = {{ ref = 'ref', team = '/team/id' }}\n",
        keys.display()
    )
}

/// An issuer with an ECDSA key and an Ed25519 key; only the first is pinned.
pub(crate) struct Issuer {
    pub(crate) ec: Signer,
    pub(crate) ed: Signer,
    pub(crate) verifier: Verifier,
    pub(crate) keys: PathBuf,
    _folder: TempDir,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        let (ec, ed) = (Signer::es256("ec"), Signer::eddsa("ed"));
        std::fs::write(&path, key_set(&[&ec, &ed])).unwrap();
        let verifier = verifier(&table(&path));
        Self {
            ec,
            ed,
            verifier,
            keys: path,
            _folder: folder,
        }
    }

    pub(crate) fn verify(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let result = self.verifier.verify(token, UID, Now::read());
        if let Err(error) = &result {
            let text = format!("{error} {error:?} {}", error.kind());
            let parts = token.split('.').filter(|part| part.len() > 10);
            for part in parts {
                assert!(!text.contains(part), "the token is in the text: {text}");
            }
        }
        result
    }

    pub(crate) fn refused(&self, token: &str) -> String {
        self.verify(token).unwrap_err().to_string()
    }

    /// The text for a token with these changes of the claims.
    pub(crate) fn refused_claims(&self, changes: Value) -> String {
        self.refused(&self.ec.token(&claims(changes)))
    }
}
