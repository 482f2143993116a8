//! A running daemon with one tenant, and what its process uses.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::bench::bench_env::BenchEnv;
use crate::bench::subject::{Cache, Subject};
use crate::process;

/// Sessions that a daemon may have at once: those of the crowd, and some that end meanwhile.
const SESSIONS: usize = 1_100;

/// Sessions of the tenant that floods.
pub(super) const FLOODING: usize = 20;

/// How long a daemon may take to be ready. It compiles a policy at most.
const READY_TIME: Duration = Duration::from_secs(60);

/// A daemon. It is killed when this is dropped.
pub(super) struct Daemon {
    child: Child,
    /// Where the tenant that floods connects.
    flood_socket: PathBuf,
    /// What asks it for its metrics.
    metrics: RefCell<Command>,
}

/// What the process of a daemon uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Bytes of memory, its part of what it shares with others.
    pub(super) memory: f64,
    pub(super) descriptors: f64,
    pub(super) threads: f64,
}

impl Daemon {
    /// Starts a daemon with the store and the socket of a cache, and waits until it is ready.
    pub(super) fn start(bench: &BenchEnv, state: &Cache, has_policy: bool) -> Result<Daemon> {
        let policy = has_policy.then(|| bench.policy("slim"));
        let config = state.folder().join("serve.toml");
        fs::write(&config, text(state, policy.as_deref()))
            .with_context(|| format!("cannot write {}", config.display()))?;
        let log = state.folder().join("log");
        let ready_path = state.folder().join("ready");
        let ready = UnixDatagram::bind(&ready_path)
            .with_context(|| format!("cannot listen at {}", ready_path.display()))?;
        ready.set_read_timeout(Some(READY_TIME))?;
        let mut command = Command::new(bench.cachewarden(Subject::Served));
        bench.isolate(&mut command);
        command
            .args(["serve", "--config"])
            .arg(&config)
            .env("NOTIFY_SOCKET", &ready_path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            // So that who waits for the helpers of a build does not wait for it.
            .process_group(0);
        let child = command
            .spawn()
            .with_context(|| process::cannot_start(&command))?;
        let mut metrics = Command::new(bench.cachewarden(Subject::Served));
        bench.isolate(&mut metrics);
        metrics
            .args(["status", "--metrics", "--socket"])
            .arg(state.socket());
        let daemon = Daemon {
            child,
            flood_socket: flood_socket(state),
            metrics: RefCell::new(metrics),
        };
        let mut said = [0; 64];
        let said = ready.recv(&mut said).map(|count| said[..count].to_vec());
        let is_ready = said.is_ok_and(|said| said.starts_with(b"READY=1"));
        ensure!(
            is_ready,
            "the daemon is not ready: {}",
            fs::read_to_string(&log).unwrap_or_default()
        );
        Ok(daemon)
    }

    /// Where the tenant that floods connects.
    pub(super) fn flood_socket(&self) -> &Path {
        &self.flood_socket
    }

    /// The CPU time that it has used.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // The name before may have spaces.
        let fields = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        let fields: Vec<_> = fields.split_whitespace().collect();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|field| field.parse::<u64>().ok())
        };
        let ticks = ticks(11)
            .zip(ticks(12))
            .context("no times in /proc/PID/stat")?;
        let seconds = (ticks.0 + ticks.1) as f64 / clock_ticks_per_second() as f64;
        Ok(Duration::from_secs_f64(seconds))
    }

    /// The seconds of CPU time that its policies have used.
    pub(super) fn policy_seconds(&self) -> Result<f64> {
        let metrics = process::read(&mut self.metrics.borrow_mut())?;
        let lines = metrics.lines();
        let times = lines.filter(|line| line.starts_with("cachewarden_policy_cpu"));
        let times = times.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        Ok(times.sum())
    }

    /// What it uses now.
    pub(super) fn held(&self) -> Result<Held> {
        let memory = self.read("smaps_rollup")?;
        let memory = memory
            .lines()
            .find_map(|line| line.strip_prefix("Pss:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok())
            .context("no Pss in /proc/PID/smaps_rollup")?;
        Ok(Held {
            memory: memory * 1024.0,
            descriptors: self.count("fd")?,
            threads: self.count("task")?,
        })
    }

    fn read(&self, name: &str) -> Result<String> {
        let file = format!("/proc/{}/{name}", self.child.id());
        fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))
    }

    fn count(&self, folder: &str) -> Result<f64> {
        let folder = format!("/proc/{}/{folder}", self.child.id());
        let items = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
        Ok(items.count() as f64)
    }

    /// Ends it as an operator does.
    pub(super) fn end(mut self) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.context("its process has no number")?, Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the daemon has ended with {status}");
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn flood_socket(state: &Cache) -> PathBuf {
    state.folder().join("flood-socket")
}

fn text(state: &Cache, policy: Option<&Path>) -> String {
    // A JSON string is a TOML string.
    let quoted = |path: &Path| Value::from(path.to_string_lossy()).to_string();
    let policy = policy.map_or_else(String::new, |file| {
        format!("[[tenant.policy]]\nfile = {}\n", quoted(file))
    });
    format!(
        "directory = {}
[[socket]]
path = {}
[[other-socket]]
name = \"flood\"
path = {}
[limits]
sessions = {SESSIONS}
[[tenant]]
name = \"flood\"
match = {{ \"peer.socket\" = \"flood\" }}
write = [\"flood\"]
read = [\"flood\"]
[tenant.quota]
sessions = {FLOODING}
sessions-per-user = {FLOODING}
puts-per-second = 100
{policy}[[tenant]]
name = \"bench\"
match = {{ \"peer.uid\" = \"*\" }}
write = [\"user-{{peer.uid}}\"]
read = [\"user-{{peer.uid}}\"]
share = [\"module-index\"]
[tenant.quota]
sessions = {SESSIONS}
sessions-per-user = {SESSIONS}
{policy}",
        quoted(state.folder()),
        quoted(&state.socket()),
        quoted(&flood_socket(state)),
    )
}
