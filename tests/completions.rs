//! What a package installs beside the program: completions, which real shells load, and manual
//! pages, which groff formats without a warning.

use std::path::Path;
use std::process::Command;

use crate::support::*;

/// Loads the completions as a profile does, and completes the last of the words that follow.
const COMPLETE: &str = r#"
program=$1; shift
source <("$program" completions bash) || exit 3
[[ $(complete -p cachewarden) == *'-F _cachewarden '* ]] || exit 4
COMP_WORDS=(cachewarden "$@"); COMP_CWORD=$#
_cachewarden cachewarden "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn bash_completes_verbs_options_and_values() {
    let sandbox = Sandbox::new();
    let completed = |words: &[&str]| {
        let mut bash = sandbox.command(Path::new("bash"));
        bash.args(["--norc", "-c", COMPLETE, "bash", PROGRAM]);
        let told = run_to_its_end(bash.args(words)).succeeded();
        assert_eq!(told.stderr, "");
        let found = told.stdout.lines().map(str::to_owned);
        found.filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    for (words, expected) in [
        (&["sta"][..], &["stats", "status"][..]),
        (&["policy", "be"], &["bench"]),
        (&["remote", ""], &["--no-env", "--config", "--help", "ls"]),
        (&["prune", "--dry"], &["--dry-run"]),
        (&["serve", "--pri"], &["--print-config"]),
        (&["serve", "--no"], &[]),
        (&["connect", "--when-down", ""], &["private", "fail"]),
        (&["completions", "z"], &["zsh"]),
        // Hidden verbs, which other processes of this program start.
        (&["tri"], &[]),
        (&["up"], &[]),
    ] {
        let found = completed(words);
        for word in expected {
            assert!(
                found.iter().any(|found| found == word),
                "{words:?}: {found:?}"
            );
        }
        assert!(
            !expected.is_empty() || found.is_empty(),
            "{words:?}: {found:?}"
        );
    }
}

/// How a shell is asked whether it can read a file.
const SHELLS: [(&str, &str); 3] = [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")];

#[test]
fn each_shell_can_read_its_completions() {
    let mut sandbox = Sandbox::new();
    // A profile loads them in every terminal: a variable with a mistake is not told there.
    sandbox.set("CACHEWARDEN_POLCY", "/p.wasm");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = sandbox.run(&["completions", shell]).succeeded().stdout;
        assert!(text.contains("verify"), "{shell}: {text}");
        let file = sandbox.file(shell, text);
        let check = SHELLS.iter().find(|(name, _)| *name == shell);
        let Some((_, option)) = check.filter(|_| shell == "bash" || is_there(shell)) else {
            continue;
        };
        let told = run_to_its_end(sandbox.command(Path::new(shell)).arg(option).arg(file));
        assert_eq!(told.succeeded().stderr, "", "{shell}");
    }
    let unknown = sandbox.run(&["completions", "tcl"]).exited(2).stderr;
    assert!(unknown.contains("powershell"), "{unknown}");
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn manual_pages_are_written_and_formatted() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("share/man/man1");
    let told = sandbox.run(&["man", folder.to_str().expect("UTF-8")]);
    let pages = sandbox.files_ending("share", ".1");
    assert_eq!(
        told.succeeded().stdout,
        format!("Wrote {} pages into {}.\n", pages.len(), folder.display())
    );
    let help = sandbox.run(&["--help"]).succeeded().stdout;
    let (_, verbs) = help.split_once("Verbs:\n").expect("verbs");
    for line in verbs.lines().take_while(|line| !line.is_empty()) {
        let verb = line.split_whitespace().next().expect("a verb");
        let page = folder.join(format!("cachewarden-{verb}.1"));
        assert!(pages.contains(&page), "{verb}");
    }
    if !is_there("groff") {
        return;
    }
    for page in pages {
        let mut groff = sandbox.command(Path::new("groff"));
        let told = run_to_its_end(groff.args(["-man", "-ww", "-z", "-Tutf8"]).arg(&page));
        assert_eq!(told.succeeded().stderr, "", "{}", page.display());
    }
    // A folder that is no folder is told, with what to do.
    let file = sandbox.file("file", "");
    let wrong = sandbox.run(&["man", file.to_str().expect("UTF-8")]);
    assert!(wrong.exited(2).stderr.contains("name a folder"));
}
