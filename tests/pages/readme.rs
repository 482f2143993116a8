//! README.md: its commands work, it fits two screens, and what it counts and names is there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::*;

const README: &str = include_str!("../../README.md");

/// The page that has the figures of commands.
const FIGURES: &str = include_str!("../../docs/performance.md");

/// Lines that two screens show: on a code host text is 24 pixels high and some 100 characters wide,
/// and a window is about 1,200 pixels high.
const TWO_SCREENS: usize = 2 * 50;
const WIDTH: usize = 100;
const HEIGHT_OF_A_LINE: usize = 24;

fn root() -> PathBuf {
    // This is a package of the workspace, two folders below it.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("the workspace").into()
}

/// The text of a part, from its heading to the next one.
fn part(heading: &str) -> &'static str {
    let heading = format!("\n## {heading}\n");
    let (_, rest) = README.split_once(&heading).expect("the part");
    rest.split("\n## ").next().expect("its text")
}

/// Stands for cargo, which would compile the program for minutes: installs the one under test.
const CARGO: &str = r#"#!/bin/sh
case "$1 $2 $3" in "install --locked --path") ;; *) echo "cargo $*?"; exit 9 ;; esac
grep -qx 'name = "cachewarden"' "$4/Cargo.toml" || exit 9
mkdir -p "$HOME/.cargo/bin" && ln -s "$PROGRAM" "$HOME/.cargo/bin/cachewarden"
"#;

#[test]
fn the_start_works_when_it_is_followed() {
    let blocks = blocks(part("Start"));
    let [install, start] = &blocks[..] else {
        panic!("one block for a checkout, and one for a module: {blocks:?}");
    };
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, GREETING);
    write_script(&sandbox.path("bin/cargo"), CARGO);
    let folders = [
        sandbox.path("home/.cargo/bin"),
        sandbox.path("bin"),
        toolchain(GO).join("bin"),
    ];
    let search = std::env::var("PATH").expect("PATH");
    let search = folders.map(text).join(":") + ":" + &search;
    let follow = |block: &Block, folder: &Path| {
        let script = sandbox.file(
            "part.sh",
            format!("exec 2>&1\n{}", script_of(std::slice::from_ref(block))),
        );
        let mut command = project.command(Path::new("bash"));
        command
            .arg(script)
            .current_dir(folder)
            .env("PATH", &search)
            .env("PROGRAM", PROGRAM)
            .env_remove("GOCACHEPROG");
        run_to_its_end(&mut command).succeeded().stdout
    };
    follow(install, &root());
    let told = follow(start, project.folder());
    let summaries = told
        .lines()
        .filter(|line| line.contains(" gets, ") && !line.starts_with("ok "));
    let summaries: Vec<_> = summaries.map(Totals::of).collect();
    let [first, second] = &summaries[..] else {
        panic!("two builds were expected: {told}");
    };
    assert!(first.puts > 0 && first.hits == 0, "{told}");
    assert!(second.hits > 0, "{told}");
    let well = told.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(well > 0, "what the doctor says: {told}");
}

/// How many lines a page takes where its links are read and not followed.
fn lines_shown(page: &str, height: impl Fn(&str) -> usize) -> usize {
    let (mut lines, mut paragraph, mut is_code) = (0, 0, false);
    // A paragraph is wrapped anew, and so is each item of a list.
    let wrapped = |characters: usize| characters.div_ceil(WIDTH);
    for line in page.lines().chain([""]) {
        let is_fence = line.starts_with("```");
        let begins = line.is_empty() || line.starts_with(['#', '-', '|', '!', '<']) || is_fence;
        if begins || is_code {
            lines += wrapped(std::mem::take(&mut paragraph));
        }
        is_code ^= is_fence;
        lines += match line {
            _ if is_fence || line.starts_with("<!--") || line.starts_with("|-") => 0,
            picture if picture.starts_with("![") => height(picture).div_ceil(HEIGHT_OF_A_LINE),
            _ if is_code || line.is_empty() || line.starts_with('|') => 1,
            prose => {
                paragraph += without_targets(prose).trim().chars().count() + 1;
                0
            }
        };
    }
    lines
}

/// The text without where its links lead.
fn without_targets(line: &str) -> String {
    let mut pieces = line.split("](");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| piece.split_once(')').map_or("", |(_, after)| after));
    (first + &rest.collect::<String>()).replace('[', "")
}

#[test]
fn the_readme_fits_two_screens() {
    let height = |picture: &str| {
        let (_, file) = picture.split_once("](").expect("a link");
        let file = fs::read_to_string(root().join(file.trim_end_matches(')')));
        let file = file.expect("the picture");
        let (_, height) = file.split_once(" height=\"").expect("its height");
        let height = height.split('"').next().expect("a number");
        height.parse().expect("pixels")
    };
    let lines = lines_shown(README, height);
    assert!(
        lines <= TWO_SCREENS,
        "{lines} lines are more than two screens of {} have",
        TWO_SCREENS / 2
    );
}

#[test]
fn lines_are_counted_as_they_are_shown() {
    let words = "word ".repeat(30);
    for (page, lines) in [
        ("# A\n\nb\nc\n".to_owned(), 4),
        (format!("{words}\n{words}\n"), 4),
        (format!("- a\n- {words}\n  b\n"), 4),
        (format!("[a](https://{})\n", "x".repeat(200)), 2),
        ("```sh\na\n\nb\n```\n".to_owned(), 4),
        ("| a |\n|---|\n| b |\n".to_owned(), 3),
        ("<!-- no -->\n![a](b)\n".to_owned(), 4),
    ] {
        // The end counts as an empty line.
        assert_eq!(lines_shown(&page, |_| 72), lines, "{page}");
    }
}

#[test]
fn as_many_policies_and_languages_are_there_as_it_counts() {
    let examples = fs::read_dir(root().join("examples")).expect("the examples");
    let policies = examples
        .map(|folder| folder.expect("an example").path())
        // What is not a policy is the files for CI services.
        .filter(|folder| !folder.ends_with("ci"))
        .count();
    assert_eq!(policies, 6);
    assert!(README.contains("Six [policies](docs/first-minute.md#use-a-policy)"));
    let table = include_str!("../../docs/first-minute.md");
    let rows = table
        .lines()
        .filter(|line| line.starts_with("| [`"))
        .count();
    assert_eq!(rows, policies, "the table that the README links");

    let sandbox = Sandbox::new();
    let languages = sandbox.run(&["policy", "new", "--list"]).succeeded().stdout;
    assert_eq!(languages.lines().count(), 9, "{languages}");
    assert!(README.contains("[write one](docs/policies.md) in nine languages"));
}

/// What stands between backticks, and in blocks of code, line by line.
fn code() -> impl Iterator<Item = &'static str> {
    README.split('`').skip(1).step_by(2).flat_map(str::lines)
}

#[test]
fn the_verbs_and_options_that_it_names_exist() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["--help"]).succeeded().stdout;
    let verbs: Vec<_> = code()
        .filter_map(|line| line.strip_prefix("cachewarden ")?.split(' ').next())
        .collect();
    assert!(
        verbs.contains(&"doctor") && verbs.contains(&"setup"),
        "{verbs:?}"
    );
    for verb in verbs {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}: {help}");
    }
    let setup = sandbox.run(&["setup", "--help"]).succeeded().stdout;
    let known = help + &setup;
    let options: Vec<_> = code()
        .filter(|code| code.starts_with("--"))
        .filter_map(|code| code.split(' ').next())
        .collect();
    assert!(options.len() >= 5, "{options:?}");
    for option in options {
        assert!(known.contains(&format!("{option} ")), "{option}: {known}");
    }
    // Chores are variants of an enum.
    let chores = fs::read_to_string(root().join("xtask/src/main.rs")).expect("the chores");
    for chore in README.split("cargo xtask ").skip(1) {
        let name = chore.split([' ', '`', '\n']).next().expect("a name");
        let (first, rest) = name.split_at(1);
        let variant = format!("\n        Verb::{}{rest}", first.to_uppercase());
        assert!(chores.contains(&variant), "{name}");
    }
}

/// Its table, and the tests that it names.
#[test]
fn the_go_versions_and_tools_that_it_names_are_tested() {
    let tests = include_str!("../go_versions.rs");
    assert!(README.contains("| Go 1.24 to 1.27, and 1.22 with `GOEXPERIMENT=cacheprog` |"));
    let versions = ["1_22_with_the_experiment", "1_24", "1_25", "1_26", "1_27"];
    let versions = versions.map(|version| format!("go_{version}"));
    assert!(README.contains("| golangci-lint, gopls, staticcheck |"));
    let tools = ["golangci_lint", "gopls", "staticcheck"].map(str::to_owned);
    for name in versions.iter().chain(&tools) {
        assert!(tests.contains(&format!("fn {name}_is_served()")), "{name}");
    }
    let all = tests.matches("is_served(\"go").count();
    assert_eq!(all, versions.len(), "the README names each of them");
}

#[test]
fn its_figures_are_those_of_the_page_that_it_links() {
    let row = FIGURES
        .lines()
        .find(|line| line.starts_with("| commands of every day"));
    let reached = row.expect("a row").split('|').nth(2).expect("a cell");
    // Behind it are those with a policy.
    let without = reached.split(';').next().expect("without a policy");
    let figures: Vec<f64> = without
        .split([' ', ','])
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(figures.len(), 8, "{without}");
    let least = figures.iter().copied().fold(f64::MAX, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    let said = format!("took {least:.2} to {most:.2} times as long");
    let readme = README.replace('\n', " ");
    assert!(readme.contains(&said), "{said}");
}
