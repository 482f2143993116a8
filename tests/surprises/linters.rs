//! Which settings staticcheck and golangci-lint read, for what they keep themselves and for the go
//! commands that they start.

use std::fs;
use std::path::Path;

use crate::support::*;

/// A linter, and how it is asked to look at the module, in which it finds a mistake.
struct Linter {
    name: &'static str,
    arguments: &'static [&'static str],
    /// The variable that names its own folder of results.
    folder: &'static str,
    /// The variable that names its helper.
    helper: &'static str,
}

const STATICCHECK: Linter = Linter {
    name: "staticcheck",
    arguments: &["./..."],
    folder: "STATICCHECK_CACHE",
    helper: "GOCACHEPROG",
};

const GOLANGCI_LINT: Linter = Linter {
    name: "golangci-lint",
    arguments: &[
        "run",
        "--no-config",
        "--default=none",
        "--enable=govet",
        "./...",
    ],
    folder: "GOLANGCI_LINT_CACHE",
    helper: "GOLANGCI_LINT_CACHEPROG",
};

/// A mistake that both find.
const WRONG: &str = "package lib\n\nimport \"fmt\"\n\nfunc Wrong() string { return fmt.Sprintf(\"%d\", \"text\") }\n";

/// The newest go, with which the linters are built.
fn project(sandbox: &Sandbox) -> GoProject<'_> {
    let project = GoProject::new(sandbox, "go1.27", RUNES);
    project.write("lib/wrong.go", WRONG);
    project
}

impl Linter {
    /// Runs it with these variables, and without a helper in the environment but for these.
    fn run(&self, project: &GoProject<'_>, results: &Path, set: &[(&str, &str)]) -> Outcome {
        let mut command = project.command(&tool(self.name));
        command
            .args(self.arguments)
            .env_remove("GOCACHEPROG")
            .env(self.folder, results)
            .envs(set.iter().copied());
        run_to_its_end(&mut command).exited(1)
    }
}

/// What a linter has kept in a folder of its own.
fn kept(results: &Path) -> usize {
    let files = files_below(results).into_iter();
    // Beside them are a text for people, and the time of the last trim.
    let results = files.filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with("-a") || name.ends_with("-d")
    });
    results.count()
}

/// How many go commands have used the store.
fn sessions(store: &Path) -> usize {
    fs::read_to_string(store.join("sessions.jsonl")).map_or(0, |text| text.lines().count())
}

/// The program as a helper that says what it has done, without quotes.
fn plain_helper(sandbox: &Sandbox) -> String {
    format!("{PROGRAM} --dir {} -v", sandbox.store().display())
}

#[test]
fn linters_ask_the_helper_of_their_environment() {
    for linter in [STATICCHECK, GOLANGCI_LINT] {
        let sandbox = Sandbox::new();
        let (project, own) = (project(&sandbox), sandbox.path("own"));
        let helper = plain_helper(&sandbox);
        let told = linter.run(&project, &own, &[(linter.helper, helper.as_str())]);
        assert!(Totals::of(&told.stderr).puts > 0, "{told:?}");
        assert_eq!(kept(&own), 0, "{}", linter.name);
    }
}

/// Nor does staticcheck show what the helper of its go commands writes.
#[test]
fn linters_keep_nothing_in_a_helper_that_go_env_has_kept() {
    for linter in [STATICCHECK, GOLANGCI_LINT] {
        let sandbox = Sandbox::new();
        let (project, own) = (project(&sandbox), sandbox.path("own"));
        let mut keeps = project.command(Path::new("go"));
        let setting = format!("GOCACHEPROG={}", plain_helper(&sandbox));
        keeps
            .args(["env", "-w", &setting])
            .env_remove("GOCACHEPROG");
        run_to_its_end(&mut keeps).succeeded();
        let told = linter.run(&project, &own, &[]);
        let shows = told.stderr.contains("cachewarden:");
        assert!(!shows || linter.name != "staticcheck", "{told:?}");
        assert!(kept(&own) > 0, "{}", linter.name);
        assert!(sessions(&sandbox.store()) > 0, "its go commands");
    }
}

#[test]
fn go_keeps_no_helper_for_golangci_lint() {
    let sandbox = Sandbox::new();
    let wanted = format!("{}={PROGRAM}", GOLANGCI_LINT.helper);
    let told = project(&sandbox).go(&["env", "-w", &wanted]).exited(1);
    assert!(
        told.stderr.contains("unknown go command variable"),
        "{told:?}"
    );
}

/// go takes the quotes for quotes, and staticcheck for a part of the path.
#[test]
fn staticcheck_knows_no_quotes() {
    let sandbox = Sandbox::new();
    let project = project(&sandbox);
    let helper = format!("'{PROGRAM}' --dir {}", sandbox.store().display());
    let mut command = project.command(Path::new("go"));
    command.args(["build", "./lib"]).env("GOCACHEPROG", &helper);
    run_to_its_end(&mut command).succeeded();
    let results = sandbox.path("own");
    let told = STATICCHECK.run(&project, &results, &[("GOCACHEPROG", helper.as_str())]);
    let missing = format!("error starting GOCACHEPROG program \"'{PROGRAM}'\"");
    assert!(told.stderr.contains(&missing), "{told:?}");
}
