//! `policy new`: a project in each language.

use std::path::Path;

use crate::support::*;

/// What an author reads first in the README of an SDK is what works today: its package is in no
/// registry yet.
#[track_caller]
fn begins_with_a_new_project(project: &Path, name: &str, language: &str, command: &str) {
    let readme = std::fs::read_to_string(project.join("sdk/README.md")).expect("a README");
    let (_, blocks) = readme.split_once("```").expect("a block of code");
    let (first, _) = blocks.split_once("```").expect("its end");
    assert!(
        first.starts_with("sh\ncachewarden policy new frugal --lang "),
        "{language}: {first}"
    );
    let built = command.replace(&name.replace('-', "_"), "frugal");
    assert!(
        first.contains(&built),
        "{language}: no `{built}` in {first}"
    );
    let new = format!("--lang {language}");
    assert!(readme.contains(&new), "{language}: no `{new}`");
}

#[test]
fn a_new_project_never_overwrites_and_says_how_to_build_it() {
    let sandbox = Sandbox::new();
    let new =
        |name: &str, language: &str| sandbox.run(&["policy", "new", name, "--lang", language]);
    let languages = sandbox.run(&["policy", "new", "--list"]).succeeded().stdout;
    for language in languages.lines() {
        let name = format!("in-{language}");
        let made = new(&name, language).succeeded();
        let command = made.stdout.lines().last().unwrap();
        let readme = std::fs::read_to_string(sandbox.path(&name).join("README.md")).unwrap();
        assert!(
            readme.contains(command),
            "{language}: `{command}` is not in the README"
        );
        begins_with_a_new_project(&sandbox.path(&name), &name, language, command);
        let files = listing(&sandbox.path(&name));
        assert!(
            files.keys().any(|file| file.ends_with("cases.jsonl")),
            "{language}"
        );
        for file in files
            .keys()
            .filter(|file| file.components().all(|part| part.as_os_str() != "sdk"))
        {
            let path = sandbox.path(&name).join(file);
            let content = std::fs::read_to_string(&path).unwrap();
            for left in ["{{name", "{{sdk"] {
                assert!(!content.contains(left), "{left} in {}", path.display());
            }
        }
        let again = new(&name, language).exited(2);
        assert!(again.stderr.contains(&name), "{}", again.stderr);
        assert_eq!(
            listing(&sandbox.path(&name)),
            files,
            "{language}: nothing changed"
        );
    }
    for name in ["../x", "A", "", "a b", "-x"] {
        new(name, "rust").exited(2);
    }
    let unknown = new("x", "cobol").exited(2);
    assert!(
        unknown.stderr.contains("rust"),
        "known languages are named: {}",
        unknown.stderr
    );
    assert!(!sandbox.path("x").exists());
}
