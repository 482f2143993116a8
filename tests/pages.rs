//! docs/first-minute.md works when it is followed from top to bottom: its shell blocks run in one
//! shell, and what the page shows as output must be there. docs/remote.md and docs/multi-tenant.md
//! need more than a shell, and have tests of their own. README.md has a file here.

mod readme;

use std::path::Path;

use crate::support::*;

const FIRST_MINUTE: &str = include_str!("../docs/first-minute.md");

#[test]
fn the_first_minute_works_when_it_is_followed() {
    let blocks = blocks(FIRST_MINUTE);
    assert!(blocks.len() >= 4, "{blocks:?}");
    let sandbox = Sandbox::new();
    // The store is where the program keeps it by default: in the home of this world.
    let project = GoProject::new(&sandbox, GO, GREETING);
    // As those of a checkout are: of younger files go keeps no index, and makes it again.
    let files = GREETING.iter().map(|(name, _)| project.folder().join(name));
    files
        .chain([project.folder().join("lib"), project.folder().to_owned()])
        .for_each(|path| make_older(&path, HOUR));
    let bin = sandbox.folder("bin");
    std::os::unix::fs::symlink(PROGRAM, bin.join("cachewarden")).expect("a link");
    let script = sandbox.file("page.sh", format!("exec 2>&1\n{}", script_of(&blocks)));
    let mut command = project.command("bash".as_ref());
    let go = toolchain(GO).join("bin");
    let search = std::env::var("PATH").expect("PATH");
    let search = format!("{}:{}:{search}", bin.display(), go.display());
    command
        .arg(script)
        .env("PATH", search)
        .env("POLICY", guest("trusted-branches"))
        .env_remove("GOCACHEPROG");
    let outcome = run_to_its_end(&mut command).succeeded();
    shows(&blocks, &outcome.stdout);
}

/// Runs a script that must succeed, without GOCACHEPROG in its environment.
#[track_caller]
fn bash(project: &GoProject<'_>, script: &str) -> Outcome {
    let mut bash = project.command(Path::new("bash"));
    bash.args(["-ec", script]).env_remove("GOCACHEPROG");
    run_to_its_end(&mut bash).succeeded()
}

/// What is typed first: nothing of it is left, and go needs no helper.
#[test]
fn nothing_is_left_when_it_is_removed_as_the_page_says() {
    let page = include_str!("../docs/installing.md");
    let (_, part) = page.split_once("\n## Remove it\n").expect("a heading");
    let (part, _) = part.split_once("\n## ").expect("the next one");
    let remove = script_of(&blocks(part));
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let run = |script: &str| bash(&project, script).stdout;
    let agrees = policy("agrees");
    run(&format!(
        "export GOCACHEPROG=\"'{PROGRAM}' --policy {agrees}\"; '{PROGRAM}' setup --write; go build ./lib"
    ));
    let left = || {
        let items = std::fs::read_dir(sandbox.path("home/.cache")).expect("a folder");
        let names = items.map(|item| item.expect("an item").file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with("cachewarden"))
            .count()
    };
    assert_eq!(left(), 2, "the store, and the compiled policy");
    assert!(run("go env GOCACHEPROG").contains(PROGRAM));
    run(&remove);
    assert_eq!(left(), 0);
    assert_eq!(run("go env GOCACHEPROG"), "\n");
}

/// How the page turns it off for one command.
const OFF: &str = "GOENV=off GOCACHEPROG= go build";

#[test]
fn one_command_is_built_without_it_as_the_page_says() {
    assert!(FIRST_MINUTE.contains(&format!("`{OFF}`")));
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let run = |script: &str| bash(&project, script).stderr;
    let store = sandbox.store();
    run(&format!(
        "go env -w GOCACHEPROG=\"'{PROGRAM}' --dir '{}' -v\"",
        store.display()
    ));
    assert_eq!(run(&format!("{OFF} ./lib")), "");
    assert!(!store.exists());
    // For go, an empty variable is one that is not set.
    let with = OFF.strip_prefix("GOENV=off ").expect("it begins so");
    assert!(Totals::of(&run(&format!("{with} ./lib"))).puts > 0);
}
