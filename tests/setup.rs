//! `cachewarden setup`: the lines that it prints turn cachewarden on, and so does `--write`.

mod trouble;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use crate::support::*;

/// A folder with the program, in a path that has a space. It is a further name of the program, since
/// a copy would take long; so it is on the same file system.
fn program_beside_a_space() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let program = folder.path().join("a b").join("cachewarden");
    fs::create_dir(program.parent().expect("a folder")).expect("it is made");
    fs::hard_link(PROGRAM, &program).expect("a further name");
    (folder, program)
}

/// bash of somebody whose home has nothing, with go and without GOCACHEPROG.
fn bash(sandbox: &Sandbox, project: &GoProject<'_>, program: &Path, script: &str) -> Command {
    let mut bash = project.command(Path::new("bash"));
    bash.env_remove("GOCACHEPROG")
        .env("SHELL", "/bin/bash")
        .env("CACHEWARDEN_DIR", sandbox.store())
        .env("CACHEWARDEN_VERBOSE", "1")
        .args(["--noprofile", "--norc", "-e", "-c", script, "bash"])
        .arg(program);
    bash
}

/// Builds twice: the second time everything must be there.
const BUILD_TWICE: &str = "go build ./... 2>/dev/null; go build ./...";

#[test]
fn what_is_printed_turns_it_on_in_a_shell() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    let printed = bash(&sandbox, &project, &program, "\"$1\" setup --shell");
    let printed = run_to_its_end(&mut { printed }).succeeded().stdout;
    assert!(printed.contains(&text(program.clone())), "{printed}");
    assert!(printed.contains("~/.bashrc"), "{printed}");
    // The line for go's own file, and the one for a profile.
    let export = printed.lines().find_map(|line| line.strip_prefix("#   "));
    for (script, kept) in [
        (export.expect("a line for a profile").to_owned(), false),
        ("source <(\"$1\" setup)".to_owned(), true),
    ] {
        let script = format!("{script}\n{BUILD_TWICE}");
        let told = run_to_its_end(&mut bash(&sandbox, &project, &program, &script));
        let totals = Totals::of(&told.succeeded().stderr);
        assert!(totals.gets > 0 && totals.hits == totals.gets, "{totals:?}");
        let file = fs::read_to_string(sandbox.path("home/.config/go/env"));
        assert_eq!(file.is_ok_and(|text| text.contains("a b")), kept);
    }
}

#[test]
fn writing_twice_is_writing_once_and_nothing_of_another_is_overwritten() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    let file = sandbox.path("home/.config/go/env");
    let write = |script: &str| {
        let script = format!("{script}\"$1\" setup --shell --write");
        run_to_its_end(&mut bash(&sandbox, &project, &program, &script))
    };
    // A value that is exported alone goes with its shell: it is written for the others.
    let exported = "export GOCACHEPROG=\"'$1'\"; ";
    let told = write(exported).succeeded().stdout;
    assert!(told.contains("from now on"), "{told}");
    let written = fs::read(&file).expect("go has written it");
    assert!(write(exported).succeeded().stdout.contains("already"));
    assert!(write("").succeeded().stdout.contains("already"));
    assert_eq!(fs::read(&file).expect("it is there"), written);
    let told = run_to_its_end(&mut bash(&sandbox, &project, &program, BUILD_TWICE));
    let totals = Totals::of(&told.succeeded().stderr);
    assert!(totals.gets > 0 && totals.hits == totals.gets, "{totals:?}");

    for (script, named, next) in [
        (
            "go env -w GOCACHEPROG=other; ",
            "`go env -w` has kept GOCACHEPROG=`other`",
            "type: go env -u GOCACHEPROG && cachewarden setup --write",
        ),
        (
            "export GOCACHEPROG='mine -v'; ",
            "the environment variable GOCACHEPROG is `mine -v`",
            "type: unset GOCACHEPROG && cachewarden setup --write",
        ),
    ] {
        let told = write(script).exited(2).stderr;
        assert!(told.contains(named) && told.contains("[CW0417]"), "{told}");
        assert!(told.contains(next), "{told}");
    }
    assert!(String::from_utf8_lossy(&fs::read(&file).expect("it")).contains("=other"));
    let off = write("go env -u GOCACHEPROG; export GOENV=off; ").exited(2);
    assert!(off.stderr.contains("unset GOENV"), "{off:?}");
}

/// Origin: a reader who had exported `cachewarden -v`, and was told to give its options up.
#[test]
fn the_options_of_an_exported_value_are_kept() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    let script = "export PATH=\"${1%/*}:$PATH\" GOCACHEPROG='cachewarden -v --scope x'; cachewarden setup --shell";
    let run = |script: &str| run_to_its_end(&mut bash(&sandbox, &project, &program, script));
    let line = format!(
        "go env -w GOCACHEPROG=\"'{}' -v --scope x\"",
        program.display()
    );
    let printed = run(script).succeeded();
    assert!(printed.stdout.contains(&line), "{printed:?}");
    assert!(printed.stderr.contains("by the environment"), "{printed:?}");
    // Nothing is written that the variable would hide, and what is to be typed keeps the options.
    let told = run(&format!("{script} --write")).exited(2).stderr;
    assert!(told.contains(&line), "{told}");
    assert!(!told.contains("go env -u"), "{told}");
    let typed = format!("{line}; {script} --write");
    assert!(run(&typed).succeeded().stdout.contains("already"));
    // Without the variable it is what go has kept, and is not written again.
    let again = run("\"$1\" setup --shell --write").succeeded().stdout;
    assert!(again.contains("-v --scope x already"), "{again}");
}

/// Origin: a reader who kept a policy's options for all shells, and not the variables that it asks
/// for: nothing was kept in the cache from then on.
#[test]
fn variables_that_a_kept_line_passes_on_are_named() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (_folder, program) = program_beside_a_space();
    let policy = policy("agrees");
    let value = format!("cachewarden --policy {policy} --label-env CI_REF --label-env CI_EVENT");
    let script = format!(
        "export CI_REF=main PATH=\"${{1%/*}}:$PATH\" GOCACHEPROG='{value}'; cachewarden setup"
    );
    let run = |script: &str| run_to_its_end(&mut bash(&sandbox, &project, &program, script));
    let said = run(&script).succeeded().stderr;
    let named = "passes on the variables CI_REF, CI_EVENT (--label-env)";
    assert!(said.contains(named), "{said}");
    let keep =
        "go env -w \"GOCACHEPROG=$GOCACHEPROG\"; unset GOCACHEPROG; cachewarden setup --write";
    let said = run(&script.replace("cachewarden setup", keep))
        .succeeded()
        .stderr;
    assert!(said.contains(named), "{said}");
    let said = run("PATH=\"${1%/*}:$PATH\" cachewarden setup --shell");
    let said = said.succeeded().stderr;
    assert!(said.contains(named), "{said}");
}

/// Origin: a package whose link in the PATH led into a folder of one version.
#[test]
fn a_link_on_the_path_is_named_as_it_is() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let link = sandbox.folder("bin").join("cachewarden");
    symlink(PROGRAM, &link).expect("a link");
    let value = format!("\"'{}'\"", link.display());
    for (script, told) in [
        ("PATH=\"${1%/*}:$PATH\" cachewarden setup --shell", &value),
        ("\"$1\" setup --shell", &value),
        ("cd \"${1%/*}\"; ./cachewarden setup --shell", &value),
    ] {
        let printed = run_to_its_end(&mut bash(&sandbox, &project, &link, script));
        let printed = printed.succeeded().stdout;
        assert!(printed.contains(told), "{printed}");
    }
    let script = "PATH=\"${1%/*}:$PATH\" cachewarden doctor";
    let printed = run_to_its_end(&mut bash(&sandbox, &project, &link, script));
    let printed = printed.exited(1).stdout;
    let proposal = printed.lines().find(|line| line.contains("-> export"));
    let proposal = proposal.expect("a proposal");
    assert!(proposal.contains(&text(link)), "{printed}");
}

#[test]
fn a_file_for_a_ci_service_is_made_and_never_overwritten() {
    let sandbox = Sandbox::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ci");
    for (option, variable, path, example) in [
        (
            "--github",
            Some("GITHUB_ACTIONS"),
            ".github/workflows/test.yml",
            "github/test.yml",
        ),
        (
            "--gitlab",
            Some("GITLAB_CI"),
            ".gitlab-ci.yml",
            "gitlab/gitlab-ci.yml",
        ),
        ("--docker", None, "Dockerfile", "docker/Dockerfile"),
    ] {
        let example = fs::read_to_string(examples.join(example)).expect("an example");
        let told = sandbox.run(&["setup", option]).succeeded();
        assert_eq!(told.stdout, example);
        assert!(told.stderr.contains(path), "{told:?}");
        let is_told = told.stderr.contains("in no git repository");
        assert_eq!(is_told, variable.is_some(), "{told:?}");
        if let Some(variable) = variable {
            let mut command = sandbox.cachewarden(&["setup"]);
            let told = run_to_its_end(command.env(variable, "true")).succeeded();
            assert_eq!(told.stdout, example, "{variable}");
        }
        assert!(!sandbox.path(path).exists());
        sandbox.run(&["setup", option, "--write"]).succeeded();
        let written = || fs::read_to_string(sandbox.path(path)).expect("the file");
        assert_eq!(written(), example);
        let again = sandbox
            .run(&["setup", option, "--write"])
            .succeeded()
            .stdout;
        assert!(again.contains("is the same"), "{again}");
        sandbox.file(path, "of somebody");
        let told = sandbox.run(&["setup", option, "--write"]).exited(2).stderr;
        assert!(
            told.contains("not overwritten") && told.contains(path),
            "{told}"
        );
        assert_eq!(written(), "of somebody");
    }
    // Nothing is left beside the files.
    assert_eq!(sandbox.files_ending(".github", "").len(), 1);
    let both = sandbox.run(&["setup", "--github", "--shell"]).exited(2);
    assert!(both.stderr.contains("--shell"), "{both:?}");
}

/// GitHub and GitLab read their files in the root alone; a Dockerfile may be anywhere.
#[test]
fn a_service_finds_its_file_in_the_root_of_the_repository() {
    let sandbox = Sandbox::new();
    sandbox.folder("repository/.git");
    let below = sandbox.folder("repository/cmd/ctl");
    for (option, path, is_of_root) in [
        ("--github", ".github/workflows/test.yml", true),
        ("--gitlab", ".gitlab-ci.yml", true),
        ("--docker", "Dockerfile", false),
    ] {
        let mut command = sandbox.cachewarden(&["setup", option, "--write"]);
        let told = run_to_its_end(command.current_dir(&below))
            .succeeded()
            .stdout;
        let folder = match is_of_root {
            true => sandbox.path("repository"),
            false => below.clone(),
        };
        assert!(folder.join(path).is_file(), "{told}");
        assert!(told.contains(&text(folder.join(path))), "{told}");
        assert_eq!(
            told.contains("root of the repository"),
            is_of_root,
            "{told}"
        );
        assert_eq!(told.contains("branches"), is_of_root, "{told}");
    }
    assert!(!below.join(".github").exists() && !below.join(".gitlab-ci.yml").exists());
}

/// Somebody who has a pipeline wants to know where in it the lines belong, and not a second one.
#[test]
fn a_file_that_runs_go_is_named_with_the_line_to_which_the_lines_belong() {
    let sandbox = Sandbox::new();
    sandbox.folder("repository/.git");
    let below = sandbox.folder("repository/cmd/ctl");
    let file = |name: &str, text: &str| sandbox.file(&format!("repository/{name}"), text);
    let setup = |option: &str| {
        let mut command = sandbox.cachewarden(&["setup", option]);
        let told = run_to_its_end(command.current_dir(&below)).succeeded();
        let lines = told.stderr.lines().skip(1);
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for option in ["--github", "--gitlab", "--docker"] {
        assert_eq!(setup(option), [""; 0], "nothing is there");
    }
    let steps = "jobs:\n  a:\n    steps:\n      - uses: actions/setup-go@v6\n";
    let ours = "      - uses: cachewarden/cachewarden/action@v1\n";
    let first = file(".github/workflows/ci.yml", steps);
    let second = file(
        ".github/workflows/lint.yaml",
        &format!("name: lint\n{steps}{steps}"),
    );
    file(".github/workflows/done.yml", &format!("{steps}{ours}"));
    file(".github/workflows/notes.txt", steps);
    file(
        ".github/workflows/large.yml",
        &(steps.to_owned() + &" ".repeat(1 << 20)),
    );
    symlink(&first, below.join("../../.github/workflows/link.yml")).expect("a link");
    let pipe = sandbox.path("repository/.github/workflows/pipe.yml");
    mkfifoat(CWD, &pipe, Mode::RWXU).expect("a pipe");
    let told = setup("--github");
    let begin =
        |path: PathBuf, lines| format!("cachewarden: {} sets up go in {lines}: ", text(path));
    let [ci, lint] = &told[..] else {
        panic!("two files were expected: {told:?}");
    };
    assert!(ci.starts_with(&begin(first.clone(), "line 4")), "{ci}");
    assert!(ci.contains("-trimpath"), "{ci}");
    assert!(lint.starts_with(&begin(second, "lines 5, 9")), "{lint}");
    // A second workflow would run everything again.
    let mut command = sandbox.cachewarden(&["setup", "--github", "--write"]);
    let refused = run_to_its_end(command.current_dir(&below)).exited(2).stderr;
    assert!(
        refused.contains("nothing is written, since .github/workflows"),
        "{refused}"
    );
    assert!(
        refused.contains(&begin(first.clone(), "line 4")),
        "{refused}"
    );
    assert!(!first.with_file_name("test.yml").exists());

    file(".gitlab-ci.yml", "test:\n  script: make test\n");
    let told = setup("--gitlab");
    assert!(
        told.len() == 1 && told[0].contains("no line of it runs go itself"),
        "{told:?}"
    );
    // Others may have committed it: what is printed is bounded.
    file(".gitlab-ci.yml", &"    - go test ./...\n".repeat(1000));
    let told = setup("--gitlab");
    assert!(
        told[0].contains("lines 1, 2,") && told[0].len() < 500,
        "{told:?}"
    );
    file(".gitlab-ci.yml", "test:\n  script:\n    - go test ./...\n");
    sandbox.file(
        "repository/cmd/ctl/Dockerfile",
        "FROM golang\nRUN go build .\n",
    );
    for (option, line) in [("--gitlab", "line 3"), ("--docker", "line 2")] {
        let told = setup(option);
        assert!(told.len() == 1 && told[0].contains(line), "{told:?}");
        let mut command = sandbox.cachewarden(&["setup", option, "--write"]);
        let refused = run_to_its_end(command.current_dir(&below)).exited(2).stderr;
        assert!(refused.contains(line), "{refused}");
    }
}

#[test]
fn what_is_there_is_not_waited_for_and_no_link_is_followed() {
    let sandbox = Sandbox::new();
    let refused = |option: &str, named: &str| {
        let told = sandbox.run(&["setup", option, "--write"]).exited(2);
        assert_eq!(told.stdout, "");
        let text = told.stderr;
        assert!(text.contains(named) && text.contains("[CW0417]"), "{text}");
    };
    let file = sandbox.path(".gitlab-ci.yml");
    mkfifoat(CWD, &file, Mode::RWXU).expect("a pipe");
    refused("--gitlab", "not overwritten");
    fs::remove_file(&file).expect("it is removed");
    let lines = sandbox.run(&["setup", "--gitlab"]).succeeded().stdout;
    let elsewhere = sandbox.file("elsewhere/file", &lines);
    for target in [
        Path::new("/dev/zero"),
        elsewhere.as_path(),
        Path::new("nowhere"),
    ] {
        symlink(target, &file).expect("a link");
        refused("--gitlab", "not overwritten");
        fs::remove_file(&file).expect("it is removed");
    }
    // The same, and more.
    sandbox.file(".gitlab-ci.yml", lines + "more");
    refused("--gitlab", "not overwritten");

    let outside = sandbox.folder("outside");
    for link in [".github", ".github/workflows"] {
        let link = sandbox.path(link);
        symlink(&outside, &link).expect("a link");
        refused("--github", "is a link or no folder");
        fs::remove_file(&link).expect("it is removed");
        fs::create_dir(&link).expect("a folder");
    }
    let (folders, files) = everything_below(&outside);
    assert!(folders == [outside] && files.is_empty(), "{folders:?}");
    sandbox.run(&["setup", "--github", "--write"]).succeeded();
}

#[test]
fn a_path_that_would_break_the_lines_is_refused() {
    let sandbox = Sandbox::new();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    for name in ["a\nb", "a\x1bb", "a'b"] {
        let program = folder.path().join(name);
        fs::hard_link(PROGRAM, &program).expect("a further name");
        for words in [&["setup", "--shell"][..], &["setup", "--shell", "--write"]] {
            let told = run_to_its_end(sandbox.command(&program).args(words)).exited(2);
            assert_eq!(told.stdout, "");
            assert!(told.stderr.contains("[CW0417]"), "{told:?}");
            assert!(told.stderr.contains("move the program"), "{told:?}");
        }
    }
}
