//! What a policy in any language must do: the same cases, the same end of one that panics, a new
//! project that builds with that language's tools alone and answers a million questions in the same
//! memory, a debug build that does as well, and words of that language for an export that is
//! missing or of another type.
//!
//! The chore that runs the tests makes a table of them, languages by cases, from their names; a
//! language whose tools are not on a person's machine it leaves out, and says so.

mod debug_build;
mod misuse;
mod new_project;

use std::path::{Path, PathBuf};

use crate::support::*;

/// The folder of the cases, and of a policy in each language beside them.
const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest-sdk/conformance");

/// A module with a test of each kind for each language, and lists of the languages.
macro_rules! languages {
    (with an SDK: $($language:ident),+; without: $($bare:ident),*) => {
        $(mod $language {
            const LANGUAGE: &str = stringify!($language);
            tests!();

            #[test]
            fn new_project_serves_a_go_build_and_a_million_questions() {
                super::new_project::builds_and_serves(LANGUAGE);
            }

            #[test]
            fn misuse_is_told_with_the_export_and_its_signature() {
                super::misuse::is_told(LANGUAGE);
            }
        })+

        $(mod $bare {
            const LANGUAGE: &str = stringify!($bare);
            tests!();

            /// With an SDK its new project is asked.
            #[test]
            fn a_million_questions_cost_no_more_at_the_end() {
                super::a_million_cost_no_more_at_the_end(&super::built(LANGUAGE, "mirror"));
            }
        })*

        const WITH_SDK: &[&str] = &[$(stringify!($language)),+];
        const WITHOUT_SDK: &[&str] = &[$(stringify!($bare)),*];

        /// The cases of each.
        const CASES: &[&[&str]] = &[$($language::CASES,)+ $($bare::CASES),*];
    };
}

/// The tests of one language.
macro_rules! tests {
    () => {
        tests!(
            mirror_failures: "mirror/failures",
            mirror_open: "mirror/open",
            mirror_questions: "mirror/questions",
            mirror_repeated: "mirror/repeated",
            mirror_session: "mirror/session",
            mirror_settings: "mirror/settings",
            trusted_branches_grants: "trusted-branches/grants",
            trusted_branches_repeated: "trusted-branches/repeated",
            trusted_branches_settings: "trusted-branches/settings",
        );

        #[test]
        fn debug_build_is_loaded_and_asked() {
            super::debug_build::is_loaded_and_asked(LANGUAGE);
        }

        #[test]
        fn panic_is_told_and_the_answer_safe() {
            super::a_panic_is_told_and_the_answer_safe(LANGUAGE);
        }
    };
    ($($test:ident: $cases:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            super::passes(LANGUAGE, $cases);
        })+

        /// The files of cases that have a test here.
        pub(super) const CASES: &[&str] = &[$($cases),+];
    };
}

languages!(
    with an SDK: assemblyscript, c, go, javascript, python, rust, typescript, wat, zig;
    without: d
);

/// A policy in a language.
#[track_caller]
fn built(language: &str, policy: &str) -> String {
    text(guest(&format!("{language}/{policy}")))
}

/// Runs cases with the program's own runner.
#[track_caller]
fn agrees(sandbox: &Sandbox, policy: &str, cases: &str) {
    // A million calls take more than a session of a build has.
    let outcome = sandbox.run(&["--policy-budget", "10m", "policy", "test", policy, cases]);
    assert!(
        outcome.status.success() && outcome.stdout.ends_with(" 0 differences\n"),
        "{policy}:\n{}{}",
        outcome.stdout,
        outcome.stderr
    );
}

#[track_caller]
fn passes(language: &str, cases: &str) {
    let (policy, _) = cases.split_once('/').expect("a policy and a name");
    let cases = format!("{CONFORMANCE}/cases/{cases}.jsonl");
    agrees(
        &Sandbox::with_kept_policies(),
        &built(language, policy),
        &cases,
    );
}

/// The last tenth of a million questions against the first, by the processor's time, which other
/// programs do not add to. A tenfold would be a collector that drowns; the factor leaves room for a
/// machine that changes its pace.
#[track_caller]
fn a_million_cost_no_more_at_the_end(policy: &str) {
    const FACTOR: u64 = 3;
    // It compiles the policy anew, which takes long beside other tests.
    let limits = ["--policy-compile-time", "20m"];
    let bench = ["policy", "bench", policy, "--question", "put", "--json"];
    let bench = [&limits[..], &bench].concat();
    let figures = Sandbox::with_kept_policies().run(&bench).succeeded().stdout;
    let figures: serde_json::Value = serde_json::from_str(&figures).expect("JSON");
    let figure = |name: &str| figures[name].as_u64().expect("a number");
    assert_eq!(figure("calls"), 1_000_000);
    assert!(
        figure("mean_last") <= FACTOR * figure("mean_first"),
        "it slows down: {figures}"
    );
    assert_eq!(
        figure("memory_last"),
        figure("memory_first"),
        "its memory grows after the first tenth: {figures}"
    );
}

#[track_caller]
fn a_panic_is_told_and_the_answer_safe(language: &str) {
    let sandbox = Sandbox::with_kept_policies();
    let policy = built(language, "mirror");
    let settings = r#"{"write":"default","read":["default"]}"#;
    let options = ["--policy", &policy, "--settings", settings];
    let (panics, after) = (action("panics"), action("after"));
    let mut helper = sandbox.helper(&options);
    helper.put(&panics, &[7; 666]).kept();
    helper.get(&panics).hit();
    helper.put(&after, b"four").kept();
    let stderr = helper.close();
    assert!(stderr.contains("as told"), "its own words: {stderr}");
    assert!(stderr.lines().count() < 20, "and little else: {stderr}");
    if language == "python" {
        let first = stderr.lines().find(|line| line.contains("as told"));
        assert!(
            first.is_some_and(|line| line.contains("mirror.py, line ")),
            "its place first: {stderr}"
        );
        assert!(
            !stderr.contains("cachewarden_policy/"),
            "nothing of the SDK: {stderr}"
        );
    }

    let scope = entries(&sandbox.store(), "default");
    assert_eq!(scope.len(), 1, "what it panicked at is the session's alone");
    assert_eq!(
        entry(&sandbox.store(), "default", &after).field("size"),
        "4"
    );
}

#[test]
fn every_language_and_every_case_is_tested() {
    let mut folders = names(Path::new(CONFORMANCE));
    folders.retain(|name| !["cases", "README.md", "scope-parts.json"].contains(&name.as_str()));
    let mut tested = [WITH_SDK, WITHOUT_SDK].concat();
    tested.sort_unstable();
    assert_eq!(folders, tested);

    let cases = Path::new(CONFORMANCE).join("cases");
    let mut files = Vec::new();
    for policy in names(&cases) {
        for file in names(&cases.join(&policy)) {
            files.push(format!("{policy}/{}", file.trim_end_matches(".jsonl")));
        }
    }
    for cases in CASES {
        assert_eq!(files, *cases);
    }
}

#[test]
fn a_project_can_be_made_in_every_language_with_an_sdk() {
    let list = Sandbox::with_kept_policies().run(&["policy", "new", "--list"]);
    let mut offered: Vec<_> = list.stdout.lines().collect();
    offered.sort_unstable();
    assert_eq!(offered, WITH_SDK);
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let mut names: Vec<_> = paths
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
