//! docs/hostile-policies.md: the rows of each file, written by its test.
//!
//! A test notes what it saw, and at its end the page must say just that; with UPDATE_DOCS=1 it is
//! made to. The text around the tables is a person's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::source::Source;

/// Characters of what a session said that the page shows.
const SHOWN: usize = 240;

/// Ends each theme's table: `<!-- end of time -->`.
const END: &str = "<!-- end of ";

/// What was noted so far, by the file's name; whoever reads or writes the page holds it.
static NOTED: Mutex<BTreeMap<&str, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// Notes what happened with one policy of a file.
#[track_caller]
pub(super) fn note(source: &'static Source, variant: &str, happened: &str, said: &str) {
    let row = row(source, variant, happened, said);
    noted().entry(source.name).or_default().insert(row);
}

/// That the page says about this file what was noted, and no more.
#[track_caller]
pub(super) fn compare(source: &'static Source) {
    let mut noted = noted();
    let rows = noted.remove(source.name).unwrap_or_default();
    assert!(!rows.is_empty(), "{}: nothing was tried", source.name);
    let page = read();
    let written: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with(&beginning(source.name)))
        .map(str::to_owned)
        .collect();
    if written == rows {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return fs::write(path(), with_rows(&page, source.name, &rows)).expect("the page");
    }
    drop(noted);
    panic!(
        "docs/hostile-policies.md has\n{written:#?}\nbut this happened:\n{rows:#?}\n\
         If it is right: UPDATE_DOCS=1 cargo test -p cachewarden --test program hostile"
    );
}

/// That each row is of a file that is still there.
#[track_caller]
pub(super) fn has_no_other_files(files: &BTreeSet<String>) {
    let _noted = noted();
    for line in read().lines() {
        let name = line
            .strip_prefix("| [")
            .and_then(|rest| rest.split_once(']'));
        let is_known = name.is_none_or(|(name, _)| files.contains(name));
        assert!(is_known, "a row of a file that is gone: {line}");
    }
}

fn noted() -> MutexGuard<'static, BTreeMap<&'static str, BTreeSet<String>>> {
    NOTED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile-policies.md")
}

#[track_caller]
fn read() -> String {
    fs::read_to_string(path()).expect("docs/hostile-policies.md")
}

/// Begins each row of a file.
fn beginning(name: &str) -> String {
    format!("| [{name}](../tests/hostile/{name})")
}

fn row(source: &Source, variant: &str, happened: &str, said: &str) -> String {
    let (what, must) = source.promise();
    let beginning = beginning(source.name);
    let variant = match variant {
        "" => String::new(),
        variant => format!(", {}", cell(variant)),
    };
    let mut happened = happened.to_owned();
    // The last line says what it came to.
    let last = said.lines().last();
    if let Some(line) = last.and_then(|line| line.strip_prefix("cachewarden: ")) {
        let line = without_code(line);
        happened += match said.lines().count() {
            1 => "; said: ".to_owned(),
            lines => format!("; said {lines} lines, at last: "),
        }
        .as_str();
        happened.extend(line.chars().take(SHOWN));
        if line.chars().nth(SHOWN).is_some() {
            happened += " ...";
        }
    }
    let (what, must, happened) = (cell(what), cell(must), cell(&happened));
    format!("{beginning}{variant} | {what} | {must} | {happened} |")
}

/// What is said, without `warning[CODE]: ` before it.
fn without_code(line: &str) -> &str {
    match line.split_once("]: ") {
        Some((code, rest)) if code.starts_with("error[CW") || code.starts_with("warning[CW") => {
            rest
        }
        _ => line,
    }
}

/// Markdown's own signs are no part of the text.
fn cell(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('|', "\\|");
    escaped.replace('<', "&lt;").replace('*', "\\*")
}

fn with_rows(page: &str, name: &str, rows: &BTreeSet<String>) -> String {
    let beginning = beginning(name);
    let mut lines: Vec<_> = page.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with(&beginning));
    let theme = name.split('/').next().expect("a theme");
    let end = format!("{END}{theme} -->");
    let end = lines.iter().position(|line| *line == end);
    let end = end.unwrap_or_else(|| panic!("the page has no end of {theme}"));
    let head = lines[..end]
        .iter()
        .rposition(|line| line.starts_with("|---"));
    let first = head.expect("a table's head") + 1;
    let later = lines[first..end].iter().position(|line| *line > beginning);
    let place = later.map_or(end, |position| first + position);
    lines.splice(place..place, rows.iter().cloned());
    lines.join("\n") + "\n"
}
