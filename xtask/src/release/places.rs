//! The places that have the version, all of which a release changes together.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::dist::tree::{read, write};

/// A file, and the text around the version: `{}` stands for it.
pub(super) const PLACES: [(&str, &str); 21] = [
    ("Cargo.toml", "[workspace.package]\nversion = \"{}\""),
    // Our own crates have a path before it.
    ("Cargo.toml", "\", version = \"{}\""),
    ("guest-sdk/rust/Cargo.toml", "\nversion = \"{}\""),
    ("guest-sdk/javascript/package.json", "\"version\": \"{}\""),
    (
        "guest-sdk/assemblyscript/package.json",
        "\"version\": \"{}\"",
    ),
    ("guest-sdk/python/pyproject.toml", "\nversion = \"{}\""),
    (
        "guest-sdk/python/template/requirements.txt",
        "cachewarden-policy=={}",
    ),
    (
        "examples/trusted-branches/python/requirements.txt",
        "cachewarden-policy=={}",
    ),
    ("guest-sdk/zig/build.zig.zon", ".version = \"{}\""),
    ("guest-sdk/go/README.md", "guest-sdk/go@v{}"),
    ("guest-sdk/go/template/go.mod.template", "guest-sdk/go v{}"),
    ("guest-sdk/conformance/go/go.mod", "guest-sdk/go v{}"),
    ("examples/trusted-branches/go/go.mod", "guest-sdk/go v{}"),
    ("action/README.md", "action@v{}"),
    ("action/action.yml", "such as {}."),
    ("action/src/release.mjs", "action@v{}"),
    ("action/src/release.mjs", "write it as {}`"),
    ("docs/ci/github.md", "action@v{}"),
    ("docs/ci/github.md", "version: {}"),
    ("examples/ci/github/test.yml", "action@v{}"),
    ("examples/ci/docker/Dockerfile", "VERSION={}"),
];

const CHANGELOG: &str = "CHANGELOG.md";
const UNRELEASED: &str = "## [Unreleased]\n";
const LINK: &str = "[Unreleased]: ";

/// What the action installs.
const PINNED: &str = "action/checksums.txt";

/// Sets the version in all places below a folder. Returns the names of the files.
pub(super) fn set(root: &Path, old: &str, new: &str) -> Result<Vec<&'static str>> {
    let mut files = Vec::new();
    for (file, around) in PLACES {
        edit(root, file, |text| replace(text, around, old, new))?;
        files.push(file);
    }
    // The places of one file follow one another.
    files.dedup();
    Ok(files)
}

/// Gives what is not released yet in the changelog a heading with the version and the day.
pub(super) fn date_changelog(root: &Path, new: &str, day: &str, homepage: &str) -> Result<()> {
    edit(root, CHANGELOG, |text| dated(text, new, day, homepage))
}

/// Adds the lines of the archives to what the action knows.
pub(super) fn pin(root: &Path, checksums: &str, version: &str) -> Result<()> {
    edit(root, PINNED, |text| pinned(text, checksums, version))
}

fn edit(root: &Path, file: &str, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
    let path = root.join(file);
    let text = String::from_utf8(read(&path)?).with_context(|| format!("{file} is no text"))?;
    let changed = change(&text).with_context(|| format!("cannot change {file}"))?;
    write(&path, changed.as_bytes())
}

fn replace(text: &str, around: &str, old: &str, new: &str) -> Result<String> {
    let old = around.replace("{}", old);
    ensure!(text.contains(&old), "it has no `{}`", old.trim());
    Ok(text.replace(&old, &around.replace("{}", new)))
}

fn dated(text: &str, new: &str, day: &str, homepage: &str) -> Result<String> {
    ensure!(
        !text.contains(&format!("## [{new}]")),
        "{new} was released before"
    );
    let (before, rest) = text
        .split_once(UNRELEASED)
        .context("no heading `Unreleased`")?;
    let (body, link) = rest.split_once(LINK).context("no link for `Unreleased`")?;
    let (_, others) = link.split_once('\n').unwrap_or((link, ""));
    Ok(format!(
        "{before}{UNRELEASED}\n## [{new}] - {day}\n{body}{LINK}{homepage}/compare/v{new}...main\n\
         [{new}]: {homepage}/releases/tag/v{new}\n{others}"
    ))
}

fn pinned(text: &str, checksums: &str, version: &str) -> Result<String> {
    let begin = format!("  cachewarden-{version}-");
    let archives = checksums.lines().filter(|line| line.ends_with(".tar.gz"));
    let mut lines = String::new();
    for line in archives.filter(|line| line.contains(&begin)) {
        let (sha256, _) = line.split_once(' ').unwrap_or((line, ""));
        let is_hex = sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        ensure!(sha256.len() == 64 && is_hex, "`{line}` has no SHA-256");
        lines += &format!("{line}\n");
    }
    ensure!(
        !lines.is_empty(),
        "the checksums name no archive of {version}"
    );
    ensure!(
        !text.contains(&begin),
        "it has archives of {version} already"
    );
    Ok(format!("{}\n{lines}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use crate::process;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn every_place_has_the_version_of_the_workspace() {
        for (file, around) in PLACES {
            let text = std::fs::read_to_string(root().join(file)).expect(file);
            let changed = replace(&text, around, env!("CARGO_PKG_VERSION"), "98.7.6");
            let changed = changed.unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(changed.contains("98.7.6"), "{file}");
        }
        assert!(replace("version = \"1.0.0\"", "version = \"{}\"", "2.0.0", "3.0.0").is_err());
    }

    /// Where the version's digits may be that are no place, and what they are there.
    const OTHERS: [(&str, &str); 15] = [
        ("CHANGELOG.md", "what was released"),
        ("Cargo.lock", "cargo sets it"),
        ("fuzz/Cargo.lock", "cargo sets it"),
        ("xtask/locks/", "other packages"),
        ("xtask/src/features.rs", "what cargo printed once"),
        ("host/policy/src/contract.rs", "the contract"),
        ("tests/corpus/", "the contract"),
        ("host/policy/src/adapters/", "the interface of the adapters"),
        ("tests/hostile/", "the interface of the adapters"),
        ("docs/hostile-policies.md", "the interface of the adapters"),
        ("guest-sdk/rust/template/", "an author's own version"),
        (
            "guest-sdk/assemblyscript/template/",
            "an author's own version",
        ),
        ("guest-sdk/zig/template/", "an author's own version"),
        ("guest-sdk/conformance/zig/", "an author's own version"),
        ("examples/trusted-branches/zig/", "an author's own version"),
    ];

    /// Whether a text has the version, and not as a part of another one: `4.5.6` is not in `14.5.6`.
    fn has_version(text: &str, version: &str) -> bool {
        text.match_indices(version).any(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            let is_other = |c: char| c.is_ascii_digit() || c == '.';
            !before.is_some_and(is_other) && !after.is_some_and(|c| c.is_ascii_digit())
        })
    }

    #[test]
    fn no_other_file_has_the_version() {
        let version = env!("CARGO_PKG_VERSION");
        let mut git = Command::new("git");
        git.current_dir(root()).args(["ls-files", "-z"]);
        let files = process::read(&mut git).unwrap();
        let is_place = |file: &str| PLACES.iter().any(|(place, _)| *place == file);
        let is_other = |file: &str| {
            let mut others = OTHERS.iter();
            !is_place(file) && others.any(|(other, _)| file.starts_with(other))
        };
        let mut found = Vec::new();
        for file in files.split('\0').filter(|file| !is_other(file)) {
            let Ok(mut text) = std::fs::read_to_string(root().join(file)) else {
                continue;
            };
            for (_, around) in PLACES.iter().filter(|(place, _)| *place == file) {
                text = text.replace(&around.replace("{}", version), "");
            }
            if has_version(&text, version) {
                found.push(file);
            }
        }
        assert!(found.is_empty(), "they are not in PLACES: {found:?}");
    }

    #[test]
    fn a_version_is_not_a_part_of_another() {
        for (text, expected) in [
            ("version = \"4.5.6\"", true),
            ("@v4.5.6.", true),
            ("^14.5.6", false),
            ("4.5.67", false),
            ("1.4.5.6", false),
        ] {
            assert_eq!(has_version(text, "4.5.6"), expected, "{text}");
        }
    }

    #[test]
    fn the_changelog_gets_a_heading_with_the_day_and_a_link() {
        let text = "# Changelog\n\n## [Unreleased]\n\nWhat is new.\n\n[Unreleased]: old\n";
        let changed = dated(text, "1.2.3", "2026-01-02", "https://example.com").unwrap();
        let expected = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-02\n\nWhat is new.\n\n\
                        [Unreleased]: https://example.com/compare/v1.2.3...main\n\
                        [1.2.3]: https://example.com/releases/tag/v1.2.3\n";
        assert_eq!(changed, expected);
        assert!(dated(&changed, "1.2.3", "2026-01-03", "").is_err(), "twice");
        assert!(dated("# Changelog\n", "1.2.3", "2026-01-02", "").is_err());
    }

    #[test]
    fn only_archives_of_the_version_are_pinned_and_only_once() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let checksums = format!(
            "{a}  cachewarden-1.2.3-x86_64-unknown-linux-gnu.tar.gz\n\
             {b}  cachewarden-1.2.3-py3-none-any.whl\n\
             {b}  cachewarden-1.2.2-x86_64-unknown-linux-gnu.tar.gz\n"
        );
        let changed = pinned("# Releases.\n", &checksums, "1.2.3").unwrap();
        let line = format!("{a}  cachewarden-1.2.3-x86_64-unknown-linux-gnu.tar.gz\n");
        assert_eq!(changed, format!("# Releases.\n{line}"));
        assert!(pinned(&changed, &checksums, "1.2.3").is_err(), "twice");
        assert!(pinned("", &checksums, "9.9.9").is_err(), "no archive");
        let damaged = "abc  cachewarden-1.2.3-x86_64-unknown-linux-gnu.tar.gz\n";
        assert!(pinned("", damaged, "1.2.3").is_err(), "no SHA-256");
    }
}
