//! Checks what the pages of this repository name between backticks: its paths and its tests. And
//! that their prose is wrapped.
//!
//! What may be somebody else's is not checked: a path in no folder of ours that is no Rust file,
//! and a name that is too short for a test's.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::prose;

/// A path that begins with one of these is ours.
const FOLDERS: [&str; 9] = [
    "action/",
    "docs/",
    "examples/",
    "fuzz/",
    "guest-sdk/",
    "host/",
    "packaging/",
    "tests/",
    "xtask/",
];

/// A path with one of these is a pattern, or has more than a path.
const NO_PATH: [char; 5] = ['*', '<', '#', '$', ' '];

/// How the name of a metric begins.
const METRIC: &str = "cachewarden_";

/// The file that registers metrics.
const METRICS: &str = "host/daemon/src/metrics.rs";

/// Words that the name of a test has at least. Shorter names may be those of another program.
const WORDS_OF_A_TEST: usize = 4;

/// Characters of a line of prose.
const WIDTH: usize = 100;

/// Pages whose prose a chore writes with figures in it.
const MEASURED: [&str; 3] = [
    "docs/benchmarks.md",
    "docs/benchmarks-remote.md",
    "docs/peers.md",
];

/// What is wrong in the pages of `docs/` and of the repository's own folder.
pub(super) fn check(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let read = |file: &Path| {
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    };
    let (mut pages, mut known) = (Vec::new(), HashSet::new());
    for file in files {
        let is_page = file.parent() == Some(root) || file.starts_with(root.join("docs"));
        match file.extension().is_some_and(|extension| extension == "rs") {
            true => {
                let code = read(file)?;
                known.extend(names_of_functions(&code).map(str::to_owned));
                if file.ends_with(METRICS) {
                    known.extend(names_of_metrics(&code));
                }
            }
            false if is_page => pages.push((file, read(file)?)),
            false => {}
        }
    }
    let mut problems = Vec::new();
    for (file, page) in &pages {
        let wrong =
            mentions(page).filter_map(|name| Some((name, problem(root, files, &known, name)?)));
        problems.extend(wrong.map(|(name, why)| format!("{}: `{name}`: {why}", file.display())));
        if !MEASURED.iter().any(|measured| file.ends_with(measured)) {
            let long = long_lines(page);
            problems.extend(long.map(|line| {
                format!(
                    "{}: wrap this at {WIDTH} characters: {line}",
                    file.display()
                )
            }));
        }
    }
    Ok(problems)
}

/// What stands between backticks.
fn mentions(page: &str) -> impl Iterator<Item = &str> {
    prose(page).flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn names_of_functions(code: &str) -> impl Iterator<Item = &str> {
    let after = code.split("fn ").skip(1);
    after.filter_map(|rest| rest.split(['(', '<']).next())
}

/// What stands in quotes in the file that registers metrics, with the prefix of a metric.
fn names_of_metrics(code: &str) -> impl Iterator<Item = String> {
    let quoted = code.split('"').skip(1).step_by(2);
    quoted.map(|name| format!("{METRIC}{name}"))
}

/// The problem with what a page names, if there is one.
fn problem(
    root: &Path,
    files: &[PathBuf],
    known: &HashSet<String>,
    name: &str,
) -> Option<&'static str> {
    if name.contains(NO_PATH) {
        return None;
    }
    if FOLDERS.iter().any(|folder| name.starts_with(folder)) {
        return (!root.join(name).exists()).then_some("there is no such file");
    }
    if name.ends_with(".rs") {
        let is_there = files.iter().any(|file| file.ends_with(name));
        return (!is_there).then_some("no file has this name");
    }
    if name.starts_with(METRIC) {
        let metric = name.strip_suffix("_total").unwrap_or(name);
        let is_known = known.contains(metric) || !is_name_of_a_test(name);
        return (!is_known).then_some("there is no such metric");
    }
    let function = name.rsplit("::").next().unwrap_or(name);
    (is_name_of_a_test(function) && !known.contains(function)).then_some("there is no such test")
}

fn is_name_of_a_test(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(is_plain) && name.split('_').count() >= WORDS_OF_A_TEST
}

/// The lines of prose that are too long. Tables, links and what has no space may be longer.
fn long_lines(page: &str) -> impl Iterator<Item = &str> {
    prose(page).filter(|line| {
        let text = line.trim_start().trim_start_matches("- ");
        let may_be = text.starts_with('|') || text.contains("](") || text.contains("://");
        line.chars().count() > WIDTH && text.contains(' ') && !may_be
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_a_test_that_does_not_exist_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("host/store/src/trim.rs");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(
            &file,
            "fn a_test_that_is_there() {}\nfn of_any_type<T>() {}\n",
        )
        .unwrap();
        let page = folder.path().join("README.md");
        let check = |text: &str| {
            fs::write(&page, text).unwrap();
            let problems = check(folder.path(), &[file.clone(), page.clone()]).unwrap();
            problems.join("\n")
        };
        for text in [
            "`host/store/src/trim.rs`, `host/store`, `trim.rs` and `src/trim.rs`",
            "`a_test_that_is_there`, `trim::a_test_that_is_there`, `a_short_name`",
            "`host/*.rs`, `host/<crate>`, `work/exec.go`, `cargo test -p x`, host/none.rs",
            "```\n`host/none.rs` `a_test_that_is_gone`\n```",
        ] {
            assert_eq!(check(text), "", "{text}");
        }
        for (text, why) in [
            ("See `host/store/src/none.rs`.", "there is no such file"),
            ("See `tests/none`.", "there is no such file"),
            ("See `none.rs`.", "no file has this name"),
            (
                "See `cachewarden_none_of_these_total`.",
                "there is no such metric",
            ),
            ("See `a_test_that_is_gone`.", "there is no such test"),
            ("See `trim::a_test_that_is_gone`.", "there is no such test"),
        ] {
            assert!(check(text).contains(why), "{text}: {}", check(text));
        }
    }

    #[test]
    fn a_long_line_of_prose_is_found() {
        let long = "a word ".repeat(20);
        let page = format!(
            "{long}\n- {long}\n| {long}|\n[{long}](b.md)\n```\n{long}\n```\n{}\nshort\n",
            "w".repeat(200)
        );
        assert_eq!(long_lines(&page).count(), 2);
    }
}
