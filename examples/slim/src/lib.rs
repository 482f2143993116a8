//! Only what another machine can use leaves this one.
#![no_std]

use cachewarden_policy::prelude::*;

#[derive(Default)]
struct Slim;

impl Policy for Slim {
    type Settings = NoSettings;

    fn put(&mut self, offer: &Offer) -> Reach {
        match offer.kind {
            // What is made from the inputs that it is filed under, wherever they are.
            Kind::EMPTY
            | Kind::PACKAGE_ARCHIVE
            | Kind::FILE_LIST
            | Kind::ANALYSIS_FACTS
            | Kind::ANALYSIS_RESULT
            | Kind::GENERATED_SOURCE
            | Kind::COVERAGE_META
            | Kind::PROBE
            | Kind::TOOL_OUTPUT
            | Kind::PGO_PROFILE => Reach::Shared,
            // A module index, a test's record and a fix archive hold for this machine's files; a program is for who
            // linked it; and of what is not known nobody can say that it holds elsewhere.
            _ => Reach::Local,
        }
    }
}

cachewarden_policy::export!(Slim);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_can_use_stays_here() {
        for kind in [
            Kind::OTHER,
            Kind::MODULE_INDEX,
            Kind::TEST_RECORD,
            Kind::EXECUTABLE,
            Kind::FIX_ARCHIVE,
            Kind::from_number(4242),
        ] {
            assert_eq!(Slim.put(&Offer::of(kind)), Reach::Local, "{kind}");
        }
    }

    #[test]
    fn all_that_a_build_elsewhere_asks_for_is_shared() {
        for kind in [
            Kind::EMPTY,
            Kind::PACKAGE_ARCHIVE,
            Kind::FILE_LIST,
            Kind::ANALYSIS_FACTS,
            Kind::ANALYSIS_RESULT,
            Kind::GENERATED_SOURCE,
            Kind::COVERAGE_META,
            Kind::PROBE,
            Kind::TOOL_OUTPUT,
            Kind::PGO_PROFILE,
        ] {
            assert_eq!(Slim.put(&Offer::of(kind)), Reach::Shared, "{kind}");
        }
    }
}
