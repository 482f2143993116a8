//! Measures puts over the protocol, each round into a new store, compared with the plain files that
//! a store must write at least.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::totals::Totals;

use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{Cache, OURS, Subject};
use super::target::{Bound, Target};
use super::wire::{Client, Requests};

/// Objects of one size, and how many of them make a round.
struct Load {
    what: &'static str,
    size: usize,
    count: usize,
    unit: Unit,
    target: Target,
}

/// The name of the plain files in tables.
const PLAIN_FILES: &str = "plain files";

const LOADS: [Load; 2] = [
    Load {
        what: "puts of 300 B",
        size: 300,
        count: 5_000,
        unit: Unit::PerSecond,
        target: &[
            Bound::Least(30_000.0),
            Bound::LeastTimes(0.5, PLAIN_FILES),
            Bound::LeastTimes(1.15, "go-cacher"),
        ],
    },
    Load {
        what: "puts of 16 MiB",
        size: 16 << 20,
        count: 8,
        unit: Unit::MegabytesPerSecond,
        target: &[Bound::Least(1_000.0), Bound::LeastTimes(1.0, PLAIN_FILES)],
    },
];

/// Puts new objects. It runs a third of `rounds`, because each round fills the disk.
///
/// For the plain files, a file is created, written and renamed for each object; a put makes two
/// files, one of them an entry.
pub(super) fn measure(bench: &BenchEnv, helpers: &[Subject], rounds: usize) -> Result<Section> {
    let writers: Vec<_> = std::iter::once(None)
        .chain(helpers.iter().copied().map(Some))
        .filter(|writer| *writer != Some(Subject::Baseline))
        .collect();
    let rounds = rounds.div_ceil(3);
    let mut rows = Vec::new();
    for load in &LOADS {
        println!("{}: {rounds} rounds", load.what);
        let objects: Vec<_> = (0..load.count)
            .map(|seed| object(seed, load.size))
            .collect();
        let requests = requests(&objects);
        let samples = take_turns(rounds, &writers, |writer| {
            let state = Cache::new(bench)?;
            bench.sync()?;
            let seconds = match writer {
                None => write_files(state.folder(), &objects)?,
                Some(subject) => put(bench, subject, &state, &requests)?,
            };
            let per_second = load.count as f64 / seconds;
            Ok(match load.unit {
                Unit::MegabytesPerSecond => per_second * load.size as f64 / 1e6,
                _ => per_second,
            })
        })?;
        rows.push(Row {
            what: load.what.to_owned(),
            target: load.target,
            unit: load.unit,
            samples,
        });
    }
    Ok(Section {
        title: "Puts",
        note: "\
New objects into a new store, as fast as the helper takes them. Plain files are created, written and
renamed by one thread, one file for each object; a put hashes its object and makes two files, one of
them the entry.
",
        columns: writers
            .iter()
            .map(|writer| writer.map_or(PLAIN_FILES, Subject::name))
            .collect(),
        judged: &OURS,
        rows,
    })
}

/// Bytes that are incompressible, and different for each seed.
fn object(seed: usize, size: usize) -> Vec<u8> {
    // Xorshift; it must not begin with 0.
    let mut word = 0x9e37_79b9_7f4a_7c15 ^ (seed as u64) << 1;
    let words = std::iter::repeat_with(|| {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        word.to_le_bytes()
    });
    words.flatten().take(size).collect()
}

fn requests(objects: &[Vec<u8>]) -> Requests {
    let mut requests = Requests::default();
    for (index, object) in objects.iter().enumerate() {
        let action = STANDARD.encode(Sha256::digest(index.to_le_bytes()));
        let output = STANDARD.encode(Sha256::digest(object));
        requests.put(&action, &output, &STANDARD.encode(object), object.len());
    }
    requests
}

/// Puts all objects; returns the seconds.
fn put(bench: &BenchEnv, subject: Subject, state: &Cache, requests: &Requests) -> Result<f64> {
    let client = Client::ready(bench.command(subject, state, &[])?)?;
    let time = client.pipeline(requests)?;
    if subject.is_ours() {
        let totals = Totals::of_last_session(&state.store())?;
        ensure!(
            totals.puts == requests.count as u64 && totals.refused_puts == 0,
            "all puts should be kept: {totals:?}"
        );
    }
    Ok(time.as_secs_f64())
}

/// Writes all objects as plain files, in 256 folders like a store; returns the seconds.
fn write_files(folder: &Path, objects: &[Vec<u8>]) -> Result<f64> {
    let started = Instant::now();
    for (index, object) in objects.iter().enumerate() {
        let bucket = folder.join(format!("{:02x}", index % 256));
        if index < 256 {
            fs::create_dir(&bucket)?;
        }
        let temporary = bucket.join("new");
        fs::write(&temporary, object)
            .and_then(|()| fs::rename(&temporary, bucket.join(format!("{index:064x}"))))
            .with_context(|| format!("cannot write {}", temporary.display()))?;
    }
    Ok(started.elapsed().as_secs_f64())
}
