//! The go commands of fresh machines.

use crate::bench::builds::{STANDARD_LIBRARY, Workload};

/// A go command, and the policy of examples/ that its helper asks, if any.
pub(super) struct GoCommand {
    pub(super) workload: &'static Workload,
    pub(super) policy: Option<&'static str>,
}

impl GoCommand {
    pub(super) fn name(&self) -> &'static str {
        self.workload.name()
    }
}

pub(super) const BUILD: GoCommand = GoCommand {
    workload: &STANDARD_LIBRARY,
    policy: None,
};

/// Results of tests are at hand on no machine: each runs its tests.
pub(super) const TESTS_RUN: GoCommand = GoCommand {
    workload: &Workload::new(
        "`go test -count=1` of five packages",
        &[
            "test", "-count=1", "strings", "bytes", "sort", "strconv", "bufio",
        ],
    ),
    policy: None,
};

/// Results of tests travel, which they do not by default.
pub(super) const TESTS: GoCommand = GoCommand {
    workload: &Workload::new(
        "`go test` of five packages, with `shared-tests`",
        &["test", "strings", "bytes", "sort", "strconv", "bufio"],
    ),
    policy: Some("shared-tests"),
};
