//! Results of tests travel to other machines too.
#![no_std]

use cachewarden_policy::prelude::*;

#[derive(Default)]
struct SharedTests;

impl Policy for SharedTests {
    type Settings = NoSettings;

    fn put(&mut self, offer: &Offer) -> Reach {
        match offer.kind {
            Kind::TEST_RECORD => Reach::Shared,
            kind => kind.default_reach(),
        }
    }
}

cachewarden_policy::export!(SharedTests);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_tests_are_shared_and_nothing_else_is_decided_in_another_way() {
        assert_eq!(Kind::TEST_RECORD.default_reach(), Reach::Local);
        assert_eq!(
            SharedTests.put(&Offer::of(Kind::TEST_RECORD)),
            Reach::Shared
        );
        for kind in [
            Kind::PACKAGE_ARCHIVE,
            Kind::MODULE_INDEX,
            Kind::EXECUTABLE,
            Kind::OTHER,
        ] {
            assert_eq!(SharedTests.put(&Offer::of(kind)), kind.default_reach());
        }
    }
}
