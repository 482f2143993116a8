//! docs/multi-tenant.md works when it is followed from top to bottom.
//!
//! Its shell blocks run unchanged, in one shell, as root, on a machine whose /etc, /home, /run and
//! so on are the test's own: so users are really made, and jobs really run under them. What the
//! page shows as output must be there.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::cannot_be_tested;
use crate::support::*;

/// Before a block that is not run; the reason follows.
const NOT_RUN: &str = "<!-- not run: ";

/// Before the output of a block, and its number.
const BLOCK: &str = "=== block ";

/// A shell block of the page.
#[derive(Debug, Default)]
struct Block {
    script: String,
    /// The lines of output that the page shows, in their order.
    expected: Vec<String>,
}

/// The blocks that are run. A `text` block that follows one, with nothing but empty lines between,
/// is what the page shows of its output.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut fence, mut before, mut follows) = (None, "", false);
    for line in page.lines() {
        match (fence, line) {
            (None, "```sh") if !before.starts_with(NOT_RUN) => {
                blocks.push(Block::default());
                fence = Some("sh");
            }
            (None, "```text") if follows => fence = Some("text"),
            (None, opened) if opened.starts_with("```") => fence = Some("other"),
            (Some(kind), "```") => {
                follows = kind == "sh";
                fence = None;
            }
            (Some("sh"), code) => {
                let block = blocks.last_mut().expect("one was begun");
                block.script += &format!("{code}\n");
            }
            (Some("text"), shown) => {
                let block = blocks.last_mut().expect("one was begun");
                block.expected.push(shown.to_owned());
            }
            (Some(_), _) => {}
            (None, prose) => follows &= prose.is_empty(),
        }
        if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

/// Whether a line is as the page shows it: `...` stands for anything, and for nothing.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut last = first;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        (rest, last) = (&rest[at + part.len()..], part);
    }
    rest.is_empty() || (last.is_empty() && shown.ends_with("..."))
}

/// What is missing of the lines that the page shows, in an output that has others between.
fn first_missing<'a>(output: &str, expected: &'a [String]) -> Option<&'a str> {
    let mut lines = output.lines();
    let is_missing = |shown: &&String| !lines.any(|line| is_as_shown(line, shown));
    expected.iter().find(is_missing).map(String::as_str)
}

/// Folders of the machine that are the test's own for the page.
const OWN: [&str; 7] = ["etc", "home", "opt", "root", "run", "srv", "usr/local"];

/// Puts the test's own folders in the place of the machine's, for all that it starts.
pub(super) fn machine(sandbox: &Sandbox, goroot: &Path) -> String {
    let root = sandbox.folder("machine");
    let mut script = format!("set -eu\ncd '{}'\n", root.display());
    let folders = OWN.iter().chain(&["var/lib", "var/log"]);
    for folder in folders.clone() {
        script += &format!("mkdir -p {folder}\n");
    }
    let _ = write!(
        script,
        "cp -a /etc/. etc/
mkdir -p usr/local/bin usr/local/go etc/cachewarden
cp '{PROGRAM}' usr/local/bin/cachewarden
printf '#!/bin/sh\\nexec /usr/local/bin/cachewarden connect \"$@\"\\n' > usr/local/bin/cachewarden-connect
chmod 0755 usr/local/bin/cachewarden-connect
ln -s ../go/bin/go usr/local/bin/go
cp '{}' etc/cachewarden/release.wasm
mount --bind '{}' usr/local/go
",
        guest("release").display(),
        goroot.display()
    );
    for folder in folders {
        script += &format!("mount --rbind {folder} /{folder}\n");
    }
    script
}

/// A build in a place where the daemon's folders are mounted as the page says for containers:
/// read-only, at the same paths. All else of the daemon's is gone there.
const IN_A_CONTAINER: &str = "unshare --mount sh -euc '
  for folder in /run/cachewarden /var/lib/cachewarden/views /var/lib/cachewarden/overflow/views; do
    mount --bind $folder $folder && mount -o remount,bind,ro $folder
  done
  mount -t tmpfs none /var/lib/cachewarden/store && mount -t tmpfs none /etc/cachewarden
  exec runuser -l ci-fork -c \"
    export GOCACHE=/home/ci-fork/another
    export GOCACHEPROG=\\\"cachewarden-connect --socket /run/cachewarden/socket --when-down fail -v\\\"
    cd /srv/hello && go build -o ~/hello . && ~/hello\"'
";

/// The page's blocks, and after the builds by hand one in a container.
fn with_a_container(mut blocks: Vec<Block>) -> Vec<Block> {
    let builds = |block: &Block| block.script.contains("go build");
    let after = blocks.iter().position(builds).expect("a block that builds") + 1;
    let expected = [
        "cachewarden: tenant fork: ...",
        "cachewarden: ... gets, 1... hits, ...",
        "hello",
    ];
    let container = Block {
        script: IN_A_CONTAINER.to_owned(),
        expected: expected.map(str::to_owned).into(),
    };
    blocks.insert(after, container);
    blocks
}

/// Runs blocks one after the other in one shell; the output of each.
fn run(sandbox: &Sandbox, blocks: &[Block]) -> Vec<String> {
    let goroot = toolchain(GO);
    let mut page = "set -euo pipefail\ncd /\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        page += &format!("echo; echo '{BLOCK}{number}'\n{}", block.script);
    }
    page += "echo; echo '=== end'\n";
    let page = sandbox.file("page.sh", page);
    let mut script = machine(sandbox, &goroot);
    let _ = write!(
        script,
        "exec env -i HOME=/root LANG=C PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
         bash /dev/fd/3 3< '{}' 2>&1",
        page.display()
    );
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "-c", &script]);
    let outcome = run_to_its_end(&mut command).succeeded();
    assert!(outcome.stdout.ends_with("\n=== end\n"), "{outcome:#?}");
    let parts = outcome.stdout.split(BLOCK).skip(1);
    parts
        .map(|part| part.split_once('\n').expect("a number").1.to_owned())
        .collect()
}

#[test]
fn an_operator_sets_the_daemon_up_by_following_the_page() {
    if !rustix::process::geteuid().is_root() {
        return cannot_be_tested("only root can follow docs/multi-tenant.md");
    }
    let blocks = blocks(include_str!("../../docs/multi-tenant.md"));
    assert!(blocks.len() > 10, "{blocks:#?}");
    let blocks = with_a_container(blocks);
    let sandbox = Sandbox::new();
    let outputs = run(&sandbox, &blocks);
    assert_eq!(outputs.len(), blocks.len());
    for (block, output) in blocks.iter().zip(&outputs) {
        if let Some(missing) = first_missing(output, &block.expected) {
            panic!(
                "the page shows a line that is not there, or not in this order: {missing}\n{}\n{output}",
                block.script
            );
        }
    }
}

#[test]
fn blocks_and_what_is_shown_of_their_output_are_found() {
    let page = "```sh\na\n```\n\n```text\nx ...\n```\n```toml\nb = 1\n```\n\n\
        <!-- not run: no reason -->\n```sh\nc\n```\n\n```text\nno\n```\n\
        ```sh\nd\ne\n```\nprose\n```text\nno\n```\n";
    let found = blocks(page);
    let scripts: Vec<_> = found.iter().map(|block| block.script.as_str()).collect();
    assert_eq!(scripts, ["a\n", "d\ne\n"]);
    assert_eq!(found[0].expected, ["x ..."]);
    assert_eq!(found[1].expected, [""; 0]);
}

#[test]
fn dots_stand_for_anything() {
    for (line, shown, is_shown) in [
        ("tenant main: writes x", "tenant main: writes x", true),
        ("tenant main: writes x", "tenant main: ...", true),
        ("12 gets, 0 hits", "... gets, 0 hits", true),
        ("12 gets, 0 hits, 3", "... gets, ... hits", false),
        ("tenant main", "tenant fork...", false),
    ] {
        assert_eq!(is_as_shown(line, shown), is_shown, "{line} / {shown}");
    }
    let expected = ["a...".to_owned(), "b".to_owned()];
    assert_eq!(first_missing("x\nab\nb\n", &expected), None);
    assert_eq!(first_missing("b\nab\n", &expected), Some("b"));
}
