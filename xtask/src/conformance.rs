//! The table of what policies in every language must do, made from the results of the tests in tests/conformance/:
//! `conformance::<language>::<case>`.

use std::collections::{BTreeMap, BTreeSet};

use crate::guests::LANGUAGES;
use crate::table::Table;

/// The module of the tests.
const MODULE: &str = "conformance";

/// What the names of a language's tests begin with.
pub(crate) fn tests_of(language: &str) -> String {
    format!("{MODULE}::{language}::")
}

/// Cases by languages: what each test came to, a dash where there was none.
pub(crate) fn table(outcomes: &BTreeMap<String, String>) -> Table {
    let mut results: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, outcome) in outcomes {
        if let Some((MODULE, rest)) = name.split_once("::")
            && let Some((language, case)) = rest.split_once("::")
            && LANGUAGES.iter().any(|known| known.name == language)
        {
            results.entry(language).or_default().insert(case, outcome);
        }
    }
    let languages: Vec<_> = LANGUAGES
        .iter()
        .map(|language| language.name)
        .filter(|language| results.contains_key(language))
        .collect();
    let mut table = Table::new(&[&["case"], &languages[..]].concat());
    let cases: BTreeSet<_> = results.values().flat_map(BTreeMap::keys).collect();
    for case in cases {
        let result = |language| results[language].get(case).copied().unwrap_or("-");
        let row = languages.iter().map(|language| result(language).to_owned());
        table.add([case.replace('_', " ")].into_iter().chain(row).collect());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_and_case_has_a_cell() {
        let outcomes = [
            ("conformance::go::mirror_open", "ok"),
            ("conformance::go::panics", "FAILED"),
            ("conformance::c::mirror_open", "ok"),
            ("store::heals", "ok"),
            ("conformance::tests::this_one", "ok"),
        ];
        let outcomes = outcomes.map(|(name, outcome)| (name.to_owned(), outcome.to_owned()));
        let expected = "\
| case        |     go |  c |
| ----------- | -----: | -: |
| mirror open |     ok | ok |
| panics      | FAILED |  - |
";
        assert_eq!(table(&outcomes.into()).to_string(), expected);
    }
}
