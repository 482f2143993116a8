//! What the host knows about an object from its bytes alone: its kind, and facts it has established.
//!
//! Everything here is fed while an object streams by, in chunks of any size, and gives the same answer however the
//! bytes are cut. Nothing here knows of files, scopes or policies.

mod build_id;
mod kind;

pub use build_id::BindingCheck;
pub use kind::{Kind, KindRecogniser};

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// What the host itself established about an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// A package archive whose build ID names this very action and this very content.
    pub bound: bool,
    /// It comes from beyond this machine.
    pub remote: bool,
}

impl fmt::Display for Facts {
    /// The form of an entry line: names joined by commas, `-` for none.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match (self.bound, self.remote) {
            (false, false) => "-",
            (true, false) => "bound",
            (false, true) => "remote",
            (true, true) => "bound,remote",
        })
    }
}

impl FromStr for Facts {
    type Err = std::convert::Infallible;

    /// Names this version does not know are dropped: a fact it cannot pass on must not hide those it can.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut facts = Self::default();
        for name in text.split(',') {
            match name {
                "bound" => facts.bound = true,
                "remote" => facts.remote = true,
                _ => {}
            }
        }
        Ok(facts)
    }
}

/// Looks at one object while its bytes pass.
pub struct Recogniser {
    kind: KindRecogniser,
    binding: BindingCheck,
}

impl Recogniser {
    /// For an object put under `action`.
    pub fn new(action: &Digest) -> Self {
        Self {
            kind: KindRecogniser::new(),
            binding: BindingCheck::new(action),
        }
    }

    /// The next bytes of the object.
    pub fn update(&mut self, bytes: &[u8]) {
        self.kind.update(bytes);
        self.binding.update(bytes);
    }

    /// What the bytes were.
    pub fn finish(self) -> (Kind, Facts) {
        let kind = self.kind.finish();
        let facts = Facts {
            bound: self.binding.finish() && kind == Kind::PackageArchive,
            remote: false,
        };
        (kind, facts)
    }
}
