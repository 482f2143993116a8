//! Only what another machine can use leaves this one.
#![no_std]

use cachewarden_policy::prelude::*;

#[derive(Default)]
struct Slim;

impl Policy for Slim {
    type Settings = NoSettings;

    fn put(&mut self, offer: &Offer) -> Reach {
        match offer.kind {
            // Filed under the paths and times of this machine's files: no other machine ever asks for it.
            Kind::ModuleIndex => Reach::Local,
            // Holds for this machine's files and environment, and is new with every run of the test.
            Kind::TestRecord => Reach::Local,
            _ => Reach::Shared,
        }
    }
}

cachewarden_policy::export!(Slim);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_can_use_stays_here() {
        for kind in [Kind::ModuleIndex, Kind::TestRecord] {
            assert_eq!(Slim.put(&Offer::of(kind)), Reach::Local, "{kind:?}");
        }
    }

    #[test]
    fn all_that_a_build_elsewhere_asks_for_is_shared() {
        for kind in [
            Kind::Other,
            Kind::Empty,
            Kind::PackageArchive,
            Kind::FileList,
            Kind::AnalysisFacts,
            Kind::GeneratedSource,
            Kind::CoverageMeta,
            Kind::Probe,
        ] {
            assert_eq!(Slim.put(&Offer::of(kind)), Reach::Shared, "{kind:?}");
        }
    }
}
