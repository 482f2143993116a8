//! `go test` on fresh machines. The results of tests stay on their machine by default, and no policy
//! of examples/ lets them travel.

use crate::bench::builds::Workload;

/// The tests of a fresh machine, which has none of their results.
pub(super) const TESTS: Workload = Workload::new(
    "`go test` of five packages",
    &["test", "strings", "bytes", "sort", "strconv", "bufio"],
);

/// The same where their results are at hand, which are not used: it does as much as a fresh machine.
pub(super) const TESTS_RUN: Workload = Workload::new(
    "`go test` of five packages, run",
    &[
        "test", "-count=1", "strings", "bytes", "sort", "strconv", "bufio",
    ],
);

/// The same where their results are at hand, which are shown.
pub(super) const TESTS_CACHED: Workload = Workload::new(
    "`go test` of five packages, cached there",
    TESTS.arguments(),
);
