//! What a package installs beside the program: completions, which real shells load, and manual
//! pages, which groff formats without a warning. `cargo xtask toolchains` fetches these readers.

use std::fs;
use std::path::{Path, PathBuf};
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

/// Writes a shell's completions into a file of its own.
fn completions(sandbox: &Sandbox, shell: &str) -> PathBuf {
    let text = sandbox.run(&["completions", shell]).succeeded().stdout;
    assert!(text.contains("verify"), "{shell}: {text}");
    sandbox.file(shell, text)
}

#[test]
fn a_script_is_written_for_each_shell_and_that_of_powershell_is_not_run() {
    let mut sandbox = Sandbox::new();
    // A profile loads them in every terminal: a variable with a mistake is not told there.
    sandbox.set("CACHEWARDEN_POLCY", "/p.wasm");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        completions(&sandbox, shell);
    }
    let unknown = sandbox.run(&["completions", "tcl"]).exited(2).stderr;
    assert!(unknown.contains("powershell"), "{unknown}");
}

/// What a shell completes: each line is a word, and what follows a tab describes it.
#[track_caller]
fn words_of(shell: &mut Command) -> Vec<String> {
    let told = run_to_its_end(shell).succeeded();
    assert_eq!(told.stderr, "");
    let words = told
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').next());
    words.map(str::to_owned).collect()
}

#[test]
fn fish_completes_verbs_options_and_values() {
    let sandbox = Sandbox::new();
    let file = completions(&sandbox, "fish");
    for (line, expected) in [
        ("sta", &["stats", "status"][..]),
        ("policy be", &["bench"]),
        ("prune --dry", &["--dry-run"]),
        ("connect --when-down ", &["private", "fail"]),
        // A hidden verb.
        ("tri", &[]),
    ] {
        let mut fish = sandbox.command(&tool("fish"));
        let script = "source $argv[1]; complete -C $argv[2]";
        fish.args(["--no-config", "-c", script]).arg(&file);
        let found = words_of(fish.arg(format!("cachewarden {line}")));
        assert_eq!(found.is_empty(), expected.is_empty(), "{line}: {found:?}");
        for word in expected {
            assert!(found.iter().any(|found| found == word), "{line}: {found:?}");
        }
    }
}

/// A script of elvish has no editor. These stand for what the completions use of it.
const EDITOR: &str = "\
fn candidate {|text &display=''| put $text}
var edit: = (ns [&completion:=(ns [&arg-completer=[&]]) &complex-candidate~=$candidate~])
";

/// The editor leaves out what does not begin as the last word does.
#[test]
fn elvish_completes_verbs_and_options() {
    let sandbox = Sandbox::new();
    let file = completions(&sandbox, "elvish");
    let text = fs::read_to_string(file).expect("the completions");
    for (words, expected) in [
        ("''", &["stats", "status"][..]),
        ("policy ''", &["bench"]),
        ("prune ''", &["--dry-run"]),
    ] {
        let script = format!(
            "{EDITOR}{text}\nvar complete~ = $edit:completion:arg-completer[cachewarden]\n\
            for word [(complete cachewarden {words})] {{ echo $word }}\n"
        );
        let script = sandbox.file("complete.elv", script);
        let mut elvish = sandbox.command(&tool("elvish"));
        let found = words_of(elvish.arg("-norc").arg(script));
        for word in expected {
            assert!(
                found.iter().any(|found| found == word),
                "{words}: {found:?}"
            );
        }
    }
}

/// zsh completes only at a terminal.
#[test]
fn zsh_reads_its_completions() {
    let sandbox = Sandbox::new();
    let reads = |file: &Path| {
        let mut zsh = sandbox.command(&tool("zsh"));
        run_to_its_end(zsh.arg("-n").arg(file))
    };
    let told = reads(&completions(&sandbox, "zsh")).succeeded();
    assert_eq!(told.stderr, "");
    reads(&sandbox.file("wrong", "if (")).exited(1);
}

#[test]
fn manual_pages_are_written_for_each_verb() {
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
    // A folder that is no folder is told, with what to do.
    let file = sandbox.file("file", "");
    let wrong = sandbox.run(&["man", file.to_str().expect("UTF-8")]);
    assert!(wrong.exited(2).stderr.contains("name a folder"));
}

#[test]
fn groff_formats_manual_pages_without_a_warning() {
    let sandbox = Sandbox::new();
    let folder = text(sandbox.path("man"));
    sandbox.run(&["man", &folder]).succeeded();
    let pages = sandbox.files_ending("man", ".1");
    assert!(!pages.is_empty());
    for page in pages {
        let mut groff = sandbox.command(&tool("groff"));
        let told = run_to_its_end(groff.args(["-man", "-ww", "-z", "-Tutf8"]).arg(&page));
        assert_eq!(told.succeeded().stderr, "", "{}", page.display());
    }
}
