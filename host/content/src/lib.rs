//! What the host knows about an object from its bytes, and about an entry from its key: kind, role and facts.
//!
//! An object is looked at while it streams by, in chunks of any size, and the answer is the same however the bytes are
//! cut. Nothing here knows of files, scopes or policies.

mod build_id;
mod climbing;
mod file_list;
mod kind;
mod program_id;
mod role;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::build_id::fuzzing::build_id;
    pub use crate::kind::fuzzing::kind;
}

pub use build_id::BuildIdCheck;
pub use kind::KindRecogniser;
pub use role::Roles;

use cachewarden_types::{Digest, Facts, Kind, Role};

use climbing::ClimbingCheck;

/// What was found out about an object and the entry that will name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// What the object is.
    pub kind: Kind,
    /// What the entry is for.
    pub role: Role,
    /// What was established about it.
    pub facts: Facts,
}

/// Looks at one object while its bytes pass.
pub struct Recogniser {
    role: Role,
    kind: KindRecogniser,
    build_id: BuildIdCheck,
    climbing: ClimbingCheck,
}

impl Recogniser {
    /// For an object put under `action`, a key of this role.
    pub fn new(action: &Digest, role: Role) -> Self {
        Self {
            role,
            kind: KindRecogniser::new(role),
            build_id: BuildIdCheck::new(action),
            climbing: ClimbingCheck::new(),
        }
    }

    /// The next bytes of the object.
    pub fn update(&mut self, bytes: &[u8]) {
        self.kind.update(bytes);
        self.build_id.update(bytes);
        self.climbing.update(bytes);
    }

    /// Whether the bytes until now are a list of source files with a name that leads out of its folder. Its kind is
    /// `other`: no kind is an unsafe list.
    pub fn has_unsafe_names(&self) -> bool {
        self.kind.has_unsafe_names()
    }

    /// What the bytes were.
    pub fn finish(self) -> Content {
        let kind = self.kind.finish();
        let matches = self.build_id.finish() && Role::Output.allows(kind);
        Content {
            kind,
            role: match self.role {
                Role::Unknown if matches => Role::Output,
                role => role,
            },
            facts: Facts::NONE
                .with(Facts::BUILD_ID_MATCHES, matches)
                .with(Facts::CLIMBS, self.climbing.finish()),
        }
    }
}
