//! go-cacher with its server gocached, which a fresh machine uses in place of a tier.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use cachewarden_servers::before;

use super::{COMMANDS, FRESH, LATENCIES, Tier};
use crate::bench::bench_env::BenchEnv;
use crate::bench::builds::Workload;
use crate::bench::report::{Row, Section, take_turns};
use crate::bench::samples::Unit;
use crate::bench::subject::{Cache, Subject};
use crate::bench::target::Bound;
use crate::bench::usage;
use crate::helper::Helper;
use crate::process;

/// Both programs, and their release: another one may have another protocol.
const CLIENT: &str = "go-cacher";
const SERVER: &str = "gocached";
const MODULE: &str = "github.com/bradfitz/go-tool-cache/cmd";
const RELEASE: &str = "v0.0.0-20260722201841-0bb331e19f64";

/// The column.
const PEER: &str = "go-cacher with gocached";

/// How long the server may take to start: it makes a database.
const START_TIME: Duration = Duration::from_secs(30);

/// Between two looks whether it answers.
const PAUSE: Duration = Duration::from_millis(10);

const NOTE: &str = "\
The same with go-cacher and its server gocached, which another machine has filled, through a network
that is as slow. Both have the results of tests, so no fresh machine runs a test.
";

/// Measures fresh machines with each of both.
pub(super) fn measure(tier: &Tier<'_>, rounds: usize) -> Result<Section> {
    let bench = tier.bench;
    let peer = Peer::start(bench)?;
    println!("filling {SERVER}");
    let first = Cache::new(bench)?;
    for command in COMMANDS {
        peer.build(bench, command.workload, &first, peer.socket)?;
    }
    bench.sync()?;
    let mut rows = Vec::new();
    for latency in LATENCIES {
        let network = tier.at(latency);
        let proxy = before(peer.socket);
        network.slow(&proxy);
        for command in COMMANDS {
            let what = format!("{}, {latency} ms", command.name());
            println!("{PEER}, {what}: {rounds} rounds");
            let samples = take_turns(rounds, &[false, true], |is_ours| match is_ours {
                true => Ok(tier.fresh(command, &network)?.0),
                false => peer.build(bench, command.workload, &Cache::new(bench)?, proxy.socket),
            })?;
            rows.push(Row {
                what,
                target: &[Bound::MostTimes(0.5, PEER)],
                unit: Unit::Seconds,
                samples,
            });
        }
    }
    Ok(Section {
        title: "Fresh machines beside go-cacher with gocached",
        note: NOTE,
        columns: vec![PEER, FRESH],
        judged: &[FRESH],
        rows,
    })
}

/// The server, which ends with this.
struct Peer {
    client: PathBuf,
    server: Child,
    socket: SocketAddr,
}

impl Peer {
    fn start(bench: &BenchEnv) -> Result<Self> {
        for program in [CLIENT, SERVER] {
            install(&bench.peers, program)?;
        }
        // Nobody else is given this port so soon again.
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(bench.peers.join(SERVER));
        command
            .arg(format!("-cache-dir={}", bench.fresh_folder()?.display()))
            .arg(format!("-listen={socket}"))
            // Whoever waits for the children of a build does not wait for the server.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let server = command
            .spawn()
            .with_context(|| process::cannot_start(&command))?;
        let mut peer = Self {
            client: bench.peers.join(CLIENT),
            server,
            socket,
        };
        peer.wait_until_it_answers()?;
        Ok(peer)
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.socket).is_err() {
            ensure!(
                self.server.try_wait()?.is_none() && started.elapsed() < START_TIME,
                "{SERVER} does not answer at {}",
                self.socket
            );
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// A build of a machine that finds the server at this socket; the seconds.
    fn build(
        &self,
        bench: &BenchEnv,
        workload: &Workload,
        cache: &Cache,
        socket: SocketAddr,
    ) -> Result<f64> {
        let helper = Helper::new(&self.client)
            .with(format!("-cache-dir={}", cache.store().display()))
            .with(format!("-cache-server=http://{socket}"));
        let mut command = bench.go(Subject::GoAlone, cache)?;
        command
            .args(workload.arguments())
            .env("GOCACHEPROG", helper.to_gocacheprog()?);
        let usage = usage::measure(&mut command, &bench.path("words"))?;
        Ok(usage.wall.as_secs_f64())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn install(folder: &Path, program: &str) -> Result<()> {
    println!("installing {program} {RELEASE}");
    let mut command = Command::new("go");
    command
        .env("GOBIN", folder)
        .env_remove("GOCACHEPROG")
        .arg("install")
        .arg(format!("{MODULE}/{program}@{RELEASE}"));
    process::run(&mut command)
}
