//! Many sessions at once: what an idle one takes, how long a get of a busy one waits, and how long
//! it takes to begin one.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::bench::bench_env::BenchEnv;
use crate::bench::report::{Row, Section, take_turns};
use crate::bench::samples::{Unit, median};
use crate::bench::subject::{Cache, Subject};
use crate::bench::target::{Bound, Target};
use crate::bench::wire;

use super::running::Daemon;
use super::session::{Accepted, Session};

/// Sessions that are open at once, and those of them that are busy.
const OPEN: usize = 1_000;
const BUSY: usize = 50;

/// Small objects in each store.
const OBJECTS: usize = 1_000;

/// Between two gets of a busy session: a build that compiles asks less often.
const PACE: Duration = Duration::from_millis(5);

/// Gets of each busy session in a round.
const GETS: usize = 1_000;

/// The rounds of busy sessions, of which each takes ten seconds.
pub(super) const BUSY_ROUNDS: usize = 3;

/// Sessions begun in each round.
const BEGUN: usize = 200;

/// The columns of the two tables.
const POLICIES: [&str; 2] = ["no policy", Subject::Slim.name()];
pub(super) const ALONE: &str = "one session alone";
const CROWDS: [&str; 2] = [ALONE, "50 busy of 1,000"];

/// A daemon whose store has some objects.
pub(super) struct World {
    pub(super) state: Cache,
    pub(super) daemon: Daemon,
}

impl World {
    pub(super) fn new(bench: &BenchEnv, has_policy: bool) -> Result<World> {
        let state = Cache::new(bench)?;
        let daemon = Daemon::start(bench, &state, has_policy)?;
        let mut session = Session::ready(&state.socket())?;
        for index in 0..OBJECTS {
            let bytes = index.to_string();
            let output = STANDARD.encode(Sha256::digest(&bytes));
            let body = STANDARD.encode(&bytes);
            let put = wire::put(index + 1, &action(index), &output, &body, bytes.len());
            let answer = session.ask(&put)?;
            ensure!(answer.contains("DiskPath"), "not kept: {answer}");
        }
        session.finish()?;
        Ok(World { state, daemon })
    }
}

/// Measures one session, and many.
pub(super) fn measure(bench: &BenchEnv, rounds: usize) -> Result<[Section; 2]> {
    let (plain, slim) = (World::new(bench, false)?, World::new(bench, true)?);
    let worlds = [&plain, &slim];
    println!("beginnings of sessions: {rounds} rounds");
    take_turns(1, &worlds, begin)?;
    let begun = take_turns(rounds, &worlds, begin)?;
    println!("{OPEN} sessions");
    let (memory_of_plain, _) = open_all(&plain)?;
    let (memory_of_slim, mut sessions) = open_all(&slim)?;
    let one = one_session(&begun, [memory_of_plain, memory_of_slim]);
    let alone = World::new(bench, true)?;
    let mut first = [Session::ready(&alone.state.socket())?];
    println!("{BUSY} busy sessions: {BUSY_ROUNDS} rounds");
    let waits = take_turns(BUSY_ROUNDS, &[true, false], |is_alone| match is_alone {
        true => busy(&mut first),
        false => busy(&mut sessions[..BUSY]),
    })?;
    Ok([one, many_sessions(&waits)])
}

fn one_session(begun: &[Vec<Beginning>], memory: [f64; 2]) -> Section {
    let times = |figure: fn(&Beginning) -> f64| {
        let all = begun.iter();
        all.map(|column| column.iter().map(figure).collect())
            .collect()
    };
    Section {
        title: "A session of a daemon",
        note: "\
The memory of an idle session is the daemon's (its proportional set size), with 1,000 sessions and
without them: each has done one get. With a policy it includes the policy's instance. The times are
a client's that does no other work: from connecting until it is accepted; then from handing its
streams over, with a get in them already, to the answer to that get. Each is the median of 200
sessions of a known policy, one after another.
",
        columns: POLICIES.to_vec(),
        judged: &POLICIES,
        rows: vec![
            Row {
                what: "memory of an idle session".to_owned(),
                target: &[Bound::Most(64.0)],
                unit: Unit::Kibibytes,
                samples: memory.map(|kibibytes| vec![kibibytes]).to_vec(),
            },
            Row {
                what: "connecting until accepted".to_owned(),
                target: &[],
                unit: Unit::Microseconds,
                samples: times(|beginning| beginning.accepted),
            },
            Row {
                what: "handing over to the first answered get".to_owned(),
                target: &[Bound::Most(150.0)],
                unit: Unit::Microseconds,
                samples: times(|beginning| beginning.answered),
            },
        ],
    }
}

fn many_sessions(waits: &[Vec<Waits>]) -> Section {
    Section {
        title: "Many sessions of a daemon",
        note: "\
Gets of sessions that ask `slim`, each session one every 5 ms: of one session that is the only one of
its daemon, and of 50, beside which 950 are open and idle.
",
        columns: CROWDS.to_vec(),
        judged: &CROWDS[1..],
        rows: rows_of_waits(waits, &[Bound::MostTimes(3.0, ALONE)]),
    }
}

/// The rows of a table of waits, with a target for the longest.
pub(super) fn rows_of_waits(waits: &[Vec<Waits>], target: Target) -> Vec<Row> {
    let times = |figure: fn(&Waits) -> f64| {
        let all = waits.iter();
        all.map(|column| column.iter().map(figure).collect())
            .collect()
    };
    vec![
        Row {
            what: "a get, the median wait".to_owned(),
            target: &[],
            unit: Unit::Microseconds,
            samples: times(|waits| waits.middle),
        },
        Row {
            what: "a get, one of a hundred waits longer than".to_owned(),
            target,
            unit: Unit::Microseconds,
            samples: times(|waits| waits.hundredth),
        },
    ]
}

/// Microseconds of the beginning of a session.
struct Beginning {
    accepted: f64,
    answered: f64,
}

fn begin(world: &World) -> Result<Beginning> {
    let (mut accepted, mut answered) = (Vec::new(), Vec::new());
    for index in 0..BEGUN {
        let started = Instant::now();
        let mut client = Accepted::connect(&world.state.socket())?;
        accepted.push(microseconds(started.elapsed()));
        client.write(&wire::get(1, &action(index)))?;
        let started = Instant::now();
        let mut session = client.hand_over()?;
        session.read_line()?;
        let answer = session.read_line()?;
        answered.push(microseconds(started.elapsed()));
        ensure!(answer.contains("DiskPath"), "not a hit: {answer}");
        session.finish()?;
    }
    Ok(Beginning {
        accepted: median(&accepted),
        answered: median(&answered),
    })
}

/// Opens all sessions; returns the KiB that each takes.
fn open_all(world: &World) -> Result<(f64, Vec<Session>)> {
    let before = world.daemon.held()?.memory;
    let sessions: Result<Vec<_>> = (0..OPEN).map(|_| open(&world.state.socket())).collect();
    let sessions = sessions?;
    let memory = world.daemon.held()?.memory - before;
    Ok((memory / 1024.0 / OPEN as f64, sessions))
}

fn open(socket: &Path) -> Result<Session> {
    let mut session = Session::ready(socket)?;
    session.ask(&wire::get(1, &action(0)))?;
    Ok(session)
}

/// Microseconds that gets have waited.
pub(super) struct Waits {
    middle: f64,
    hundredth: f64,
}

/// Has each session ask, and measures how long it waits.
pub(super) fn busy(sessions: &mut [Session]) -> Result<Waits> {
    let started = Instant::now();
    let count = sessions.len();
    let times: Result<Vec<Vec<f64>>> = thread::scope(|scope| {
        let threads: Vec<_> = sessions
            .iter_mut()
            .enumerate()
            .map(|(index, session)| {
                // So that they do not ask all at the same moment.
                let first = started
                    + PACE * u32::try_from(index).unwrap_or(0) / u32::try_from(count).unwrap_or(1);
                scope.spawn(move || ask_in_time(session, first))
            })
            .collect();
        let joined = threads.into_iter();
        joined
            .map(|thread| thread.join().expect("asking does not panic"))
            .collect()
    });
    let mut times = times?.concat();
    times.sort_by(f64::total_cmp);
    Ok(Waits {
        middle: median(&times),
        hundredth: times[times.len() * 99 / 100],
    })
}

fn ask_in_time(session: &mut Session, first: Instant) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for index in 0..GETS {
        let next = first + PACE * u32::try_from(index)?;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let request = wire::get(index + 2, &action(index % OBJECTS));
        let asked = Instant::now();
        let answer = session.ask(&request)?;
        times.push(microseconds(asked.elapsed()));
        ensure!(answer.contains("DiskPath"), "not a hit: {answer}");
    }
    Ok(times)
}

fn action(index: usize) -> String {
    STANDARD.encode(Sha256::digest(index.to_le_bytes()))
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
