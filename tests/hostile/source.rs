//! A file of the corpus: what its first line promises, and the policy that it is.

use crate::support::{CONTRACT_VERSION, component_for};

/// A source file.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// Its path in this folder.
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// Begins the comment in which a module's world stands that imports more than the contract has.
const WORLD: &str = "(; world";

impl Source {
    /// What it does, and what must happen.
    #[track_caller]
    pub(super) fn promise(&self) -> (&'static str, &'static str) {
        let line = self.text.lines().next().unwrap_or_default();
        let promise = line
            .trim_start_matches([';', '/', '!', ' '])
            .split_once(" Must: ");
        promise.unwrap_or_else(|| {
            panic!(
                "{} begins with `what it does. Must: what happens`",
                self.name
            )
        })
    }

    /// The name of the file alone.
    pub(super) fn file_name(&self) -> &'static str {
        self.name.rsplit('/').next().expect("a last part")
    }

    /// The policy: the text itself, or a component of the world that its last comment spells out.
    #[track_caller]
    pub(super) fn policy(&self) -> Vec<u8> {
        let Some((_, world)) = self.text.split_once(WORLD) else {
            return self.text.as_bytes().to_vec();
        };
        let module =
            wat::parse_str(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let world = world
            .trim_end()
            .strip_suffix(";)")
            .expect("the comment ends the file");
        component_for(CONTRACT_VERSION, module, world)
    }
}
