//! The table of conformance cases by language, made from the results of the tests in
//! tests/conformance/: `conformance::<language>::<case>`.
//!
//! A language or a case without a test is a gap, and a gap is a failure: if a test is renamed or
//! removed, the table must not look complete.

use std::collections::{BTreeMap, BTreeSet};

use crate::guests::{LANGUAGES, Language};
use crate::table::Table;

/// The module of the tests.
const MODULE: &str = "conformance";

/// Cases that need an SDK: a language without one has none of them, and its cells say so.
const OF_SDKS: [&str; 2] = [
    "misuse_is_told_with_the_export_and_its_signature",
    "new_project_serves_a_go_build_and_a_million_questions",
];

/// The cell of such a case.
const NO_SDK: &str = "no SDK";

/// Cases that are part of another case if there is an SDK: that case tests the project that the SDK
/// makes.
const WITHOUT_SDK: [&str; 1] = ["a_million_questions_cost_no_more_at_the_end"];

/// The cell of such a case.
const IN_PROJECT: &str = "by project";

/// The cell of a case without a test.
const GAP: &str = "-";

/// The prefix of the names of a language's tests.
pub(crate) fn tests_of(language: &str) -> String {
    format!("{MODULE}::{language}::")
}

/// The table of results; a dash for a case without a test.
pub(crate) fn table(outcomes: &BTreeMap<String, String>) -> Table {
    let results = results(outcomes);
    let tested = LANGUAGES
        .iter()
        .filter(|language| results.contains_key(language.name));
    let languages: Vec<_> = tested.collect();
    let names: Vec<_> = languages.iter().map(|language| language.name).collect();
    let mut table = Table::new(&[&["case"], &names[..]].concat());
    for case in cases(&results) {
        let row = languages.iter().map(|language| {
            let outcome = results[language.name].get(case).copied();
            outcome.unwrap_or(cell_without_test(language, case))
        });
        let row = row.map(str::to_owned);
        table.add([case.replace('_', " ")].into_iter().chain(row).collect());
    }
    table
}

/// The gaps in the table: languages other than those `left_out`, and cells.
pub(crate) fn gaps(outcomes: &BTreeMap<String, String>, left_out: &[&str]) -> Vec<String> {
    let results = results(outcomes);
    let cases = cases(&results);
    let mut gaps = Vec::new();
    for language in LANGUAGES {
        match results.get(language.name) {
            None if left_out.contains(&language.name) => {}
            None => gaps.push(format!(
                "nothing was tested of policies in {}",
                language.name
            )),
            Some(results) => gaps.extend(
                cases
                    .iter()
                    .filter(|case| !results.contains_key(*case))
                    .filter(|case| cell_without_test(language, case) == GAP)
                    .map(|case| format!("`{case}` was not tested in {}", language.name)),
            ),
        }
    }
    gaps
}

/// The results, by language and case.
type Results<'run> = BTreeMap<&'run str, BTreeMap<&'run str, &'run str>>;

fn results(outcomes: &BTreeMap<String, String>) -> Results<'_> {
    let mut results = Results::new();
    for (name, outcome) in outcomes {
        if let Some((MODULE, rest)) = name.split_once("::")
            && let Some((language, case)) = rest.split_once("::")
            && LANGUAGES.iter().any(|known| known.name == language)
        {
            results.entry(language).or_default().insert(case, outcome);
        }
    }
    results
}

fn cases<'run>(results: &Results<'run>) -> BTreeSet<&'run str> {
    results.values().flat_map(BTreeMap::keys).copied().collect()
}

fn cell_without_test(language: &Language, case: &str) -> &'static str {
    match language.has_sdk {
        false if OF_SDKS.contains(&case) => NO_SDK,
        true if WITHOUT_SDK.contains(&case) => IN_PROJECT,
        _ => GAP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes() -> BTreeMap<String, String> {
        let outcomes = [
            ("conformance::go::mirror_open", "ok"),
            ("conformance::go::panics", "FAILED"),
            (
                "conformance::go::new_project_serves_a_go_build_and_a_million_questions",
                "ok",
            ),
            ("conformance::c::mirror_open", "ok"),
            ("conformance::d::mirror_open", "ok"),
            ("conformance::d::panics", "ok"),
            (
                "conformance::d::a_million_questions_cost_no_more_at_the_end",
                "ok",
            ),
            ("store::heals", "ok"),
            ("conformance::tests::this_one", "ok"),
        ];
        outcomes
            .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
            .into()
    }

    #[test]
    fn every_language_and_case_has_a_cell() {
        let expected = "\
| case                                                  |         go |          c |      d |
| ----------------------------------------------------- | ---------: | ---------: | -----: |
| a million questions cost no more at the end           | by project | by project |     ok |
| mirror open                                           |         ok |         ok |     ok |
| new project serves a go build and a million questions |         ok |          - | no SDK |
| panics                                                |     FAILED |          - |     ok |
";
        assert_eq!(table(&outcomes()).to_string(), expected);
    }

    #[test]
    fn what_was_not_tested_is_told() {
        let left_out = [
            "rust",
            "assemblyscript",
            "javascript",
            "typescript",
            "python",
            "zig",
        ];
        assert_eq!(
            gaps(&outcomes(), &left_out),
            [
                "`new_project_serves_a_go_build_and_a_million_questions` was not tested in c",
                "`panics` was not tested in c",
                "nothing was tested of policies in wat",
            ]
        );
    }

    #[test]
    fn the_tests_have_these_languages_and_cases() {
        let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/mod.rs");
        let tests = std::fs::read_to_string(tests).unwrap();
        let listed = |begin: &str| -> BTreeSet<String> {
            let (_, list) = tests.rsplit_once(begin).unwrap();
            let (list, _) = list.split_once([';', '\n']).unwrap();
            list.split(',').map(|name| name.trim().to_owned()).collect()
        };
        let known = |has_sdk: bool| -> BTreeSet<String> {
            LANGUAGES
                .iter()
                .filter(|language| language.has_sdk == has_sdk)
                .map(|language| language.name.to_owned())
                .collect()
        };
        assert_eq!(listed("    with an SDK: "), known(true));
        assert_eq!(listed("    without: "), known(false));
        for case in OF_SDKS.iter().chain(&WITHOUT_SDK) {
            assert!(tests.contains(&format!("fn {case}()")), "{case}");
        }
    }
}
