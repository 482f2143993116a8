//! The last part of the demo: a daemon outside of the jobs, with a socket for trusted builds and
//! one for pull requests of forks.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::helper::Helper;

use super::Report;
use super::files::Files;
use super::fixture::Fixture;

/// A daemon that is ended with the demo.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds main and a fork's pull request through a daemon.
pub(super) fn run(fixture: &Fixture, report: &mut Report) -> Result<()> {
    // A path of a socket has at most 107 bytes, and this repository may lie deep.
    let sockets = tempfile::tempdir().context("cannot make a folder for sockets")?;
    let socket = |name: &str| sockets.path().join(name);
    let config = fixture.write("serve.toml", &configuration(sockets.path()))?;
    let _daemon = start(fixture.program(), &config)?;
    let connect = |name: &str| {
        Helper::new(fixture.program())
            .with("connect")
            .with("--socket")
            .with(socket(name))
            .with("--when-down")
            .with("fail")
    };
    let store = fixture.path("daemon/store");
    let main = fixture.build_with_daemon("daemon-main", "main", connect("main"), &store)?;
    report.add("main, through a daemon", &main);
    let scope = || Files::below(&store.join("scopes/main"));
    let before = scope()?;
    let fork =
        fixture.build_with_daemon("daemon-fork", "pull-request", connect("forks"), &store)?;
    report.add("a fork's pull request, through the daemon", &fork);
    report.check(
        fork.totals.hits > 0 && fork.totals.puts > 0 && fork.output()? == "welcome, world",
        format!(
            "through a daemon a fork's build was answered {} of {} gets from `main`, and nothing that it could change",
            fork.totals.hits, fork.totals.gets
        ),
    )?;
    report.check_unchanged(
        &before,
        &scope()?,
        "the daemon's `main` is the same after the fork's build, byte for byte".to_owned(),
    )
}

fn configuration(sockets: &Path) -> String {
    let sockets = sockets.display();
    format!(
        r#"# The daemon of the demo: who connects to which socket decides what a build may do.
directory = "daemon"

[[socket]]
path = "{sockets}/main"

[[socket]]
name = "forks"
path = "{sockets}/forks"

[[tenant]]
name = "main"
match = {{ "peer.socket" = "default" }}
write = ["main"]
read = ["main"]

[[tenant]]
name = "forks"
match = {{ "peer.socket" = "forks" }}
write = ["fork-{{peer.uid}}"]
read = ["fork-{{peer.uid}}", "main"]
"#
    )
}

/// Starts a daemon, and waits until it serves.
fn start(program: &Path, config: &Path) -> Result<Daemon> {
    let mut child = Command::new(program)
        .args(["serve", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the daemon")?;
    let log = child.stderr.take().context("the daemon has no log")?;
    let daemon = Daemon(child);
    let mut said = Vec::new();
    let mut lines = BufReader::new(log).lines();
    while let Some(line) = lines.next() {
        let line = line.context("cannot read the daemon's log")?;
        if line.contains("\"ready\"") {
            // Whoever stops reading would end it with its next line.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(daemon);
        }
        said.push(line);
    }
    bail!("the daemon has ended: {}", said.join("\n"))
}
