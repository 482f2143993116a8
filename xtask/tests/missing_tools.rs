//! `cargo xtask guests` on a machine that lacks what a language needs: for a person each such
//! language is named as left out, in continuous integration each is a failure, and all languages
//! alike.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Languages whose tools somebody must have installed.
const INSTALLED: [&str; 7] = [
    "go",
    "c",
    "assemblyscript",
    "javascript",
    "typescript",
    "zig",
    "d",
];

/// Languages whose tools are fetched.
const FETCHED: [&str; 5] = [
    "assemblyscript",
    "javascript",
    "typescript",
    "python",
    "zig",
];

/// A folder below target/, so that nothing that was built or fetched before is found; empty.
fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("it can be removed");
    }
    fs::create_dir_all(&folder).expect("it can be made");
    folder
}

fn guests(target: &Path, languages: &[&str], is_ci: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .arg("guests")
        .args(languages)
        .env("CARGO_TARGET_DIR", target)
        // Said to test programs, which then tell what each test takes; a compiler would do other
        // things.
        .env_remove("RUSTC_BOOTSTRAP");
    match is_ci {
        true => command.env("CI", "1"),
        false => command.env_remove("CI"),
    };
    command
}

fn said(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{stdout}{stderr}")
}

/// Runs it as a person and as a service, each with `change`.
#[track_caller]
fn is_told(name: &str, languages: &[&str], change: impl Fn(&mut Command, &Path)) {
    let target = empty(name);
    let run = |is_ci| {
        let mut command = guests(&target, languages, is_ci);
        change(&mut command, &target);
        command.output().expect("xtask starts")
    };
    let person = run(false);
    assert!(person.status.success(), "{}", said(&person));
    let service = run(true);
    assert!(!service.status.success(), "{}", said(&service));
    for language in languages {
        let left_out = format!("not built here: policies in {language}: ");
        assert!(
            said(&person).contains(&left_out),
            "{left_out}{}",
            said(&person)
        );
        let failed = format!("the policies in {language}: ");
        assert!(
            said(&service).contains(&failed),
            "{failed}{}",
            said(&service)
        );
    }
}

#[test]
fn tools_that_are_not_installed() {
    is_told("no-tools", &INSTALLED, |command, target| {
        // What xtask itself needs, and nothing else.
        let folder = target.join("bin");
        fs::create_dir_all(&folder).expect("a folder");
        for name in ["cargo", "rustc"] {
            let link = folder.join(name);
            if !link.exists() {
                let path = std::env::var_os("PATH").expect("PATH");
                let found = std::env::split_paths(&path)
                    .map(|folder| folder.join(name))
                    .find(|file| file.is_file());
                symlink(found.expect("it runs this test"), link).expect("a link");
            }
        }
        command.env("PATH", &folder);
    });
}

#[test]
fn tools_that_cannot_be_fetched() {
    is_told("no-network", &FETCHED, |command, target| {
        command
            .env("npm_config_offline", "true")
            .env("npm_config_cache", target.join("empty"))
            .env("PIP_NO_INDEX", "1");
    });
}
