//! One set of cases for the policies of every language, run by the program's own `policy test`.

use std::path::{Path, PathBuf};

use crate::support::*;

/// The folder of the cases, and of a policy in each language beside them.
const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk/conformance");

/// The cases that a policy of this name must pass in every language.
fn cases(policy: &str) -> Vec<PathBuf> {
    let cases = files_below(&Path::new(CONFORMANCE).join("cases").join(policy));
    assert!(!cases.is_empty(), "there are cases for {policy}");
    cases
}

#[track_caller]
fn passes(language: &str, policy: &str) {
    let sandbox = Sandbox::new();
    let file = text(guest(&format!("{language}/{policy}")));
    let cases: Vec<_> = cases(policy).into_iter().map(text).collect();
    let mut arguments = vec!["policy", "test", &file];
    arguments.extend(cases.iter().map(String::as_str));
    let outcome = sandbox.run(&arguments);
    assert!(
        outcome.status.success() && outcome.stdout.ends_with(" 0 differences\n"),
        "{policy} in {language}:\n{}{}",
        outcome.stdout,
        outcome.stderr
    );
}

/// A module with two tests for each language, and the list of them.
macro_rules! languages {
    ($($language:ident),* $(,)?) => {
        $(mod $language {
            #[test]
            fn trusted_branches_decides_as_everywhere() {
                super::passes(stringify!($language), "trusted-branches");
            }

            #[test]
            fn what_a_policy_is_told_arrives_whole() {
                super::passes(stringify!($language), "mirror");
            }
        })*

        const LANGUAGES: &[&str] = &[$(stringify!($language)),*];
    };
}

languages!(
    assemblyscript,
    c,
    go,
    javascript,
    python,
    rust,
    typescript,
    wat
);

#[test]
fn every_language_with_a_policy_here_is_tested() {
    let mut folders: Vec<_> = std::fs::read_dir(CONFORMANCE)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir() && entry.file_name() != "cases")
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, LANGUAGES);
}
