//! `policy new`, the command that it prints, and a go build with the result, in a folder outside of
//! the repository and with no tools but that language's.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

/// What every system has, whatever is installed beside it.
const BASICS: &[&str] = &[
    "basename", "cat", "chmod", "cp", "dirname", "env", "ln", "ls", "mkdir", "mktemp", "mv",
    "readlink", "rm", "sed", "sh", "tr", "uname",
];

/// A project as `policy new` makes it, outside of the repository.
pub(super) struct Project<'a> {
    sandbox: &'a Sandbox,
    language: &'a str,
    pub(super) folder: PathBuf,
    /// The command that `policy new` printed.
    pub(super) build: String,
}

impl<'a> Project<'a> {
    #[track_caller]
    pub(super) fn new(sandbox: &'a Sandbox, name: &str, language: &'a str) -> Self {
        let made = run_to_its_end(
            sandbox
                .command(Path::new(PROGRAM))
                .current_dir(sandbox.folder("elsewhere"))
                .args(["policy", "new", name, "--lang", language]),
        )
        .succeeded();
        let build = made.stdout.lines().last().expect("a build command");
        let project = Self {
            sandbox,
            language,
            folder: sandbox.path(&format!("elsewhere/{name}")),
            build: build.to_owned(),
        };
        project.lock();
        project
    }

    /// Gives it the lock of this repository: what is fetched is named by its hash, and not by its
    /// version alone.
    fn lock(&self) {
        let lock = match self.language {
            "rust" => "Cargo.lock",
            "javascript" | "typescript" => "xtask/locks/npm/javascript/package-lock.json",
            "assemblyscript" => "xtask/locks/npm/assemblyscript/package-lock.json",
            // From a folder, or by Go's checksum database, or nothing at all.
            _ => return,
        };
        let lock = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(lock);
        let place = self.folder.join(lock.file_name().expect("a name"));
        fs::copy(lock, place).expect("it can be copied");
    }

    /// Runs the printed command.
    #[track_caller]
    pub(super) fn build(&self) -> Outcome {
        self.run(&self.build)
    }

    /// Runs the part of it that a changed policy needs: what it installed is there.
    #[track_caller]
    pub(super) fn build_again(&self) -> Outcome {
        let mut installs = ["npm install && ", "-r requirements.txt && "].into_iter();
        let parts = installs.find_map(|install| self.build.split_once(install));
        self.run(parts.map_or(&self.build, |(_, build)| build))
    }

    /// With the author's home, where the package clients keep what they fetched before, and no
    /// tools but the language's.
    #[track_caller]
    pub(super) fn run(&self, command: &str) -> Outcome {
        let mut shell = Command::new(basics(self.sandbox).join("sh"));
        shell
            .current_dir(&self.folder)
            .env("PATH", only(self.sandbox, self.language))
            .env("npm_config_ignore_scripts", "true")
            .args(["-c", command]);
        if self.language == "python" {
            // Fetched by their hashes; pip has no other source.
            shell.env("PIP_NO_INDEX", "true").env(
                "PIP_FIND_LINKS",
                tools("python").expect("tools").with_file_name("wheels"),
            );
        }
        run_to_its_end(&mut shell)
    }

    /// What a build leaves.
    pub(super) fn policy(&self) -> String {
        text(self.folder.join("policy.wasm"))
    }

    /// What it is to answer.
    pub(super) fn cases(&self) -> String {
        text(self.folder.join("cases.jsonl"))
    }
}

#[track_caller]
pub(super) fn builds_and_serves(language: &str) {
    let sandbox = Sandbox::with_kept_policies();
    // A name that a tool of the language may have a meaning for: a Go module cannot be called `go`.
    let project = Project::new(&sandbox, language, language);
    project.build().succeeded();

    let policy = project.policy();
    super::agrees(&sandbox, &policy, &project.cases());
    let million = text(sandbox.file("million.jsonl", million_questions()));
    super::agrees(&sandbox, &policy, &million);
    super::a_million_cost_no_more_at_the_end(&policy);

    let helper = format!("--policy '{policy}' -v");
    let go = GoProject::new(&sandbox, GO, RUNES).with_helper(&helper);
    go.go(&["build", "./..."]).succeeded();
    let again = go.go(&["build", "./..."]).succeeded();
    let totals = Totals::of(&again.stderr);
    assert!(totals.gets > 0, "{totals:?}");
    assert_eq!(again.stderr.lines().count(), 1, "nothing else: {again:?}");
}

/// One instance is asked about small objects and then about large ones, which every template keeps
/// on this machine. Growth is a difference to the runner.
fn million_questions() -> String {
    let digest = "00".repeat(32);
    let put = |size: u32, verdict: &str| {
        format!(
            r#"{{"line":"put","action":"{digest}","output":"{digest}","kind":"package-archive","facts":[],"size":{size},"verdict":"{verdict}","repeat":500000}}"#
        )
    };
    let [small, large] = [put(1, "shared"), put(20_000_000, "local")];
    format!("{{\"line\":\"session\"}}\n{small}\n{large}\n")
}

/// The search path of a machine that has this language alone.
fn only(sandbox: &Sandbox, language: &str) -> String {
    let tools = tools(language).map(|tools| format!("{}:", tools.display()));
    format!("{}{}", tools.unwrap_or_default(), basics(sandbox).display())
}

/// A folder with links to what every system has.
fn basics(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.folder("basics");
    for name in BASICS {
        let link = folder.join(name);
        if !link.exists() {
            let search = std::env::var_os("PATH").expect("PATH");
            let found = std::env::split_paths(&search)
                .map(|folder| folder.join(name))
                .find(|file| file.is_file());
            symlink(found.expect("every system has it"), link).expect("a link");
        }
    }
    fs::canonicalize(folder).expect("its path")
}
