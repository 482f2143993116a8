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

/// Runs blocks one after the other in one shell; what they print.
fn run(sandbox: &Sandbox, blocks: &[Block]) -> String {
    let goroot = toolchain(GO);
    let page = sandbox.file("page.sh", format!("cd /\n{}", script_of(blocks)));
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
    run_to_its_end(&mut command).succeeded().stdout
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
    shows(&blocks, &run(&sandbox, &blocks));
}
