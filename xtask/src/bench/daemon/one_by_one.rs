//! Many sessions one after another, each of one of many users with a scope of its own: nothing of
//! them may stay in the daemon.

use std::fs;
use std::os::unix::process::CommandExt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::bench::bench_env::{BenchEnv, connect};
use crate::bench::report::{Row, Section};
use crate::bench::samples::Unit;
use crate::bench::subject::Cache;
use crate::bench::target::Bound;
use crate::bench::wire::{self, Client};

use super::running::{Daemon, Held};

/// All sessions, and the users of which each has its scope.
const SESSIONS: usize = 10_000;
const USERS: usize = 500;

/// The first of these users, whom nobody else on the machine has.
const FIRST_USER: u32 = 54_500;

/// Sessions after which every scope is known, and was used again.
const FIRST_SESSIONS: usize = 1_000;

/// How long threads of ended sessions may take to be gone.
const SETTLING: Duration = Duration::from_secs(2);

const EARLY: &str = "after 1,000";
const TIMES: [&str; 3] = ["at the start", EARLY, "after 10,000"];

/// Measures what a daemon holds before and after; `None` where no session of another user can be
/// begun.
pub(super) fn measure(bench: &BenchEnv) -> Result<Option<Section>> {
    if !rustix::process::geteuid().is_root() {
        println!("not measured: sessions of many users, which only root can begin");
        return Ok(None);
    }
    println!("{SESSIONS} sessions one after another");
    // Where every user gets to: the target folder may be root's alone.
    let folder = std::env::temp_dir().join(format!("cachewarden-bench-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let measured = in_folder(bench, &Cache::at(folder.clone()));
    fs::remove_dir_all(&folder)?;
    measured.map(Some)
}

fn in_folder(bench: &BenchEnv, state: &Cache) -> Result<Section> {
    let program = state.folder().join("cachewarden-connect");
    fs::copy(bench.connect_program(), &program)?;
    let daemon = Daemon::start(bench, state, true)?;
    let mut held = vec![daemon.held()?];
    for number in 0..SESSIONS {
        if number == FIRST_SESSIONS {
            held.push(settled(&daemon, held[0])?);
        }
        let user = FIRST_USER + u32::try_from(number % USERS)?;
        let mut command = connect(&program, &state.socket()).command();
        command.env_clear().uid(user).gid(user);
        session(command)?;
    }
    held.push(settled(&daemon, held[0])?);
    daemon.end()?;
    Ok(section(&held))
}

/// Gets something, and puts it where it is missing, as a build does.
fn session(command: std::process::Command) -> Result<()> {
    let mut client = Client::ready(command)?;
    let action = STANDARD.encode(Sha256::digest("an action"));
    let output = STANDARD.encode(Sha256::digest("an output"));
    let answer = client.ask(wire::get(1, &action).as_bytes())?;
    if answer.contains("Miss") {
        let put = wire::put(2, &action, &output, &STANDARD.encode("an output"), 9);
        let answer = client.ask(put.as_bytes())?;
        ensure!(answer.contains("DiskPath"), "not kept: {answer}");
    }
    client.finish()
}

/// What it holds when the last session's thread is gone.
fn settled(daemon: &Daemon, first: Held) -> Result<Held> {
    let began = Instant::now();
    loop {
        let held = daemon.held()?;
        if held.threads <= first.threads || began.elapsed() > SETTLING {
            return Ok(held);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn section(held: &[Held]) -> Section {
    let row = |what: &str, unit, figure: fn(&Held) -> f64| Row {
        what: what.to_owned(),
        target: &[Bound::MostTimes(1.0, EARLY)],
        unit,
        samples: held.iter().map(|held| vec![figure(held)]).collect(),
    };
    Section {
        title: "Sessions one after another",
        note: "\
10,000 sessions of 500 users, each with a scope of its own and with `slim`. After the first 1,000
every scope is known and was used twice; from then on nothing should grow.
",
        columns: TIMES.to_vec(),
        judged: &TIMES[2..],
        rows: vec![
            row("memory of the daemon", Unit::Megabytes, |held| {
                held.memory / 1e6
            }),
            row("descriptors", Unit::Count, |held| held.descriptors),
            row("threads", Unit::Count, |held| held.threads),
        ],
    }
}
