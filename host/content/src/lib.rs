//! Determines the kind, the role and the facts of an entry: from the object's bytes, and from the
//! entry's key.
//!
//! An object is examined while it streams by, in chunks of any size; the result does not depend on
//! how the bytes are cut. Nothing here knows files, scopes or policies.

mod build_id;
mod climbing;
mod file_list;
mod kind;
mod program_id;
mod role;
mod zeroing_hasher;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::build_id::fuzzing::build_id;
    pub use crate::kind::fuzzing::kind;
}

pub use build_id::BuildIdCheck;
pub use kind::KindRecogniser;
pub use program_id::ProgramId;
pub use role::Roles;

use cachewarden_types::{Digest, Facts, Kind, Role};

use climbing::ClimbingCheck;

/// What is known about an object and the entry that will name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// The kind of the object.
    pub kind: Kind,
    /// The role of the entry.
    pub role: Role,
    /// The facts that the host has established.
    pub facts: Facts,
}

/// Examines one object while its bytes stream by.
pub struct Recogniser {
    role: Role,
    kind: KindRecogniser,
    build_id: BuildIdCheck,
    climbing: ClimbingCheck,
}

impl Recogniser {
    /// For an object that is put under `action`, a key of this role.
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

    /// Whether the bytes so far are put as a list of source files, and one of its lines leads out
    /// of its folder.
    pub fn has_unsafe_names(&self) -> bool {
        self.role == Role::SourceList && self.climbing.found()
    }

    /// The result, after all bytes.
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
                .with(Facts::CLIMBS, self.climbing.found()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_list_is_unsafe_if_one_of_its_lines_leads_out() {
        for (role, bytes, expected) in [
            (Role::SourceList, &b"../a.go\n"[..], true),
            (Role::SourceList, b"./a.go\nmode: set\n./../a.go", true),
            (Role::SourceList, b"./a.go\n/etc/passwd\n", false),
            (Role::SourceList, b"", false),
            (Role::Unknown, b"../a.go\n", false),
        ] {
            let mut recogniser = Recogniser::new(&Digest::of(b"action"), role);
            recogniser.update(bytes);
            let name = bytes.escape_ascii();
            assert_eq!(recogniser.has_unsafe_names(), expected, "{name}");
            let climbs = recogniser.finish().facts.has(Facts::CLIMBS);
            assert!(climbs || !expected, "the fact says the same: {name}");
        }
    }
}
