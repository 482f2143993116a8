//! Measures a store of a million entries: the time of a get in it, and how a trim affects a build.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::process;

use super::BenchOptions;
use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::{Unit, median};
use super::subject::{Cache, Subject};
use super::target::Bound;
use super::wire::{self, Client, Requests};

/// The entries of the small store. The same entries are asked for in both stores.
const FEW: usize = 1_000;

/// The age of the entries of the large store, which is more than a trim allows.
const OLD: Duration = Duration::from_secs(10 * 24 * 3600);

/// How long the waits are measured before the trim: about as long as the trim takes, since the
/// longest of many waits is longer than that of few.
const UNTRIMMED: Duration = Duration::from_secs(100);

/// The columns of the two tables; those of an older commit are on the left.
const SIZES: [&str; 4] = [
    "older, few entries",
    "older, many entries",
    "few entries",
    "many entries",
];
const TIMES: [&str; 4] = ["older, before", "older, during", "before", "during"];

/// The two stores of one subject.
#[derive(Clone)]
struct Stores {
    subject: Subject,
    small: Cache,
    large: Cache,
}

/// Fills the stores, measures the same gets in all of them, and trims the large ones.
pub(super) fn measure(bench: &BenchEnv, options: &BenchOptions) -> Result<[Section; 2]> {
    let BenchOptions { pairs, entries, .. } = *options;
    println!("stores of {FEW} and of {entries} entries");
    let subjects = bench.with_older(&[Subject::Plain]);
    let stores: Result<Vec<Stores>> = subjects
        .into_iter()
        .map(|subject| Stores::fill(bench, subject, entries))
        .collect();
    let stores = stores?;
    bench.sync()?;
    let actions: Vec<_> = (0..FEW).map(action).collect();
    println!("gets: {pairs} rounds");
    let pairs_of_stores: Vec<_> = stores
        .iter()
        .flat_map(|stores| [(stores, &stores.small), (stores, &stores.large)])
        .collect();
    let ask = |(stores, state): (&Stores, &Cache)| {
        let mut client = Client::ready(bench.command(stores.subject, state, &[])?)?;
        let times = waits(&mut client, &actions, 1)?;
        client.finish()?;
        Ok(median(&times))
    };
    take_turns(1, &pairs_of_stores, ask)?;
    let gets = take_turns(pairs, &pairs_of_stores, ask)?;
    println!("trimming");
    let trimmed: Result<Vec<Waits>> = stores
        .iter()
        .map(|stores| waits_beside_a_trim(bench, stores, &actions))
        .collect();
    Ok([of_sizes(gets), of_trims(&trimmed?)])
}

fn of_sizes(samples: Vec<Vec<f64>>) -> Section {
    let columns = SIZES[SIZES.len() - samples.len()..].to_vec();
    Section {
        title: "A large store",
        note: "\
The same thousand gets, one at a time, in a store of a thousand entries and in a large one (of a
million, or as many as `--entries` says).
",
        columns,
        judged: &SIZES[3..],
        rows: vec![Row {
            what: "a get, one at a time".to_owned(),
            target: &[Bound::MostTimes(1.2, SIZES[2])],
            unit: Unit::Microseconds,
            samples,
        }],
    }
}

fn of_trims(trimmed: &[Waits]) -> Section {
    let gets: Vec<_> = trimmed.iter().flat_map(|waits| &waits.gets).collect();
    let puts: Vec<_> = trimmed.iter().flat_map(|waits| &waits.puts).collect();
    Section {
        title: "Beside a trim",
        note: "\
`cachewarden prune` removes all but a thousand entries of the large store, which were unused for ten
days, while gets and puts go on, one at a time. The table shows how long they waited, in the 100 s
before the trim and during it. The longest of a hundred thousand waits comes from the machine, which
sometimes delays any program.
",
        columns: TIMES[TIMES.len() - gets.len()..].to_vec(),
        judged: &TIMES[3..],
        rows: vec![
            row("get, the longest wait", &gets, 1.0),
            row("get, one of a thousand waits longer than", &gets, 0.999),
            row("put, the longest wait", &puts, 1.0),
            row("put, one of a thousand waits longer than", &puts, 0.999),
        ],
    }
}

impl Stores {
    fn fill(bench: &BenchEnv, subject: Subject, entries: usize) -> Result<Stores> {
        let (small, large) = (Cache::new(bench)?, Cache::new(bench)?);
        let stores = Stores {
            subject,
            small,
            large,
        };
        let line = stores.first_entry(bench)?;
        for (state, count) in [(&stores.small, FEW), (&stores.large, entries)] {
            fill(&state.store(), &line, count)?;
        }
        Ok(stores)
    }

    /// Makes both stores with cachewarden, with one entry each; returns the line of the entry.
    fn first_entry(&self, bench: &BenchEnv) -> Result<String> {
        for state in [&self.small, &self.large] {
            let client = Client::ready(bench.command(self.subject, state, &[])?)?;
            let mut requests = Requests::default();
            let output = STANDARD.encode(Sha256::digest(b"object"));
            requests.put(&action(0), &output, &STANDARD.encode(b"object"), 6);
            client.pipeline(&requests)?;
        }
        let file = entry_path(&self.small.store(), 0);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

/// An action of the stores, in base64.
fn action(number: usize) -> String {
    STANDARD.encode(digest(number))
}

fn digest(number: usize) -> [u8; 32] {
    Sha256::digest(number.to_le_bytes()).into()
}

/// The path of an entry, as in docs/design/store.md.
fn entry_path(store: &Path, number: usize) -> std::path::PathBuf {
    let name: String = digest(number)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    store.join("scopes/default").join(&name[..2]).join(&name)
}

/// Writes this many entries, all of the same object; those beyond the first few were last used long
/// ago.
fn fill(store: &Path, line: &str, count: usize) -> Result<()> {
    for bucket in 0..256 {
        let bucket = store.join(format!("scopes/default/{bucket:02x}"));
        fs::create_dir_all(&bucket).with_context(|| format!("cannot make {}", bucket.display()))?;
    }
    let then = SystemTime::now() - OLD;
    for number in 0..count {
        let path = entry_path(store, number);
        let problem = || format!("cannot write {}", path.display());
        let mut file = fs::File::create(&path).with_context(problem)?;
        file.write_all(line.as_bytes()).with_context(problem)?;
        if number >= FEW {
            file.set_modified(then).with_context(problem)?;
        }
    }
    Ok(())
}

/// The time of each get, in microseconds.
fn waits(client: &mut Client, actions: &[String], first_id: usize) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let request = wire::get(first_id + index, action);
        let started = Instant::now();
        let answer = client.ask(request.as_bytes())?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
        ensure!(answer.contains("DiskPath"), "not a hit: {answer}");
    }
    Ok(times)
}

/// The times of requests in milliseconds, before a trim and during it.
#[derive(Default)]
struct Waits {
    gets: [Vec<f64>; 2],
    puts: [Vec<f64>; 2],
}

/// A row for a quantile of the times.
fn row(what: &str, waits: &[&Vec<f64>], part: f64) -> Row {
    let exceeded_by_few = |waits: &&Vec<f64>| {
        let mut waits = waits.to_vec();
        waits.sort_by(f64::total_cmp);
        vec![waits[((waits.len() - 1) as f64 * part) as usize]]
    };
    Row {
        what: what.to_owned(),
        target: &[Bound::MostMore(5.0, TIMES[2])],
        unit: Unit::Milliseconds,
        samples: waits.iter().map(exceeded_by_few).collect(),
    }
}

/// Sends one request after the other, for a while before a trim and until it is over.
fn waits_beside_a_trim(bench: &BenchEnv, stores: &Stores, actions: &[String]) -> Result<Waits> {
    let (subject, state) = (stores.subject, &stores.large);
    let mut client = Client::ready(bench.command(subject, state, &[])?)?;
    let mut waits = Waits::default();
    let mut id = 0;
    let mut ask = |waits: &mut Waits, when: usize| -> Result<()> {
        id += 1;
        let started = Instant::now();
        client.ask(wire::get(id, &actions[id % actions.len()]).as_bytes())?;
        waits.gets[when].push(started.elapsed().as_secs_f64() * 1e3);
        id += 1;
        let body = id.to_le_bytes();
        let (output, text) = (STANDARD.encode(Sha256::digest(body)), STANDARD.encode(body));
        // A new action, which may be in the shard that is being trimmed.
        let action = STANDARD.encode(Sha256::digest(format!("put {id}")));
        let request = wire::put(id, &action, &output, &text, body.len());
        let started = Instant::now();
        let answer = client.ask(request.as_bytes())?;
        waits.puts[when].push(started.elapsed().as_secs_f64() * 1e3);
        ensure!(answer.contains("DiskPath"), "not kept: {answer}");
        Ok(())
    };
    let began = Instant::now();
    while began.elapsed() < UNTRIMMED {
        ask(&mut waits, 0)?;
    }
    let mut command = Command::new(bench.cachewarden(subject));
    command
        .arg("--dir")
        .arg(state.store())
        .arg("prune")
        .stdout(Stdio::null());
    let mut prune = command
        .spawn()
        .with_context(|| process::cannot_start(&command))?;
    let status = loop {
        ask(&mut waits, 1)?;
        if let Some(status) = prune.try_wait()? {
            break status;
        }
    };
    process::succeeded(&command, status)?;
    client.finish()?;
    Ok(waits)
}
