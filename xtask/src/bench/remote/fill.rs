//! What it takes to fill a tier: the build that does it, the bytes that are stored then, and the
//! upload of what a build has put.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use cachewarden_servers::Server;

use super::commands::BUILD;
use super::network::Network;
use super::{BYTES_PER_SECOND, build, cachewarden, flush};
use crate::bench::bench_env::BenchEnv;
use crate::bench::report::{Row, Section, take_turns};
use crate::bench::samples::Unit;
use crate::bench::subject::{Cache, Subject};
use crate::bench::target::Bound;
use crate::process;

/// The columns.
const WITHOUT: &str = "without a tier";
const WITH: &str = "with a tier";
const OBJECTS: &str = "objects";
const STORED: &str = "stored";
const BOUND: &str = "what the bytes take";
const FLUSH: &str = "`flush`";

/// Measures cold builds that fill a tier, in which there is nothing before; and the bytes that are
/// in it then.
pub(super) fn cold(bench: &BenchEnv, server: &Server, rounds: usize) -> Result<[Section; 2]> {
    println!("cold builds that fill a tier: {rounds} rounds");
    let mut tiers = 0;
    let mut objects = Vec::new();
    let mut stored = Vec::new();
    let samples = take_turns(rounds, &[false, true], |fills| {
        let cache = Cache::new(bench)?;
        bench.sync()?;
        if !fills {
            return Ok(build(bench, Subject::Plain, &BUILD, &cache, None)?.0);
        }
        tiers += 1;
        let network = Network::direct(server, &format!("cold-{tiers}"));
        let (seconds, _) = build(bench, Subject::Plain, &BUILD, &cache, Some(&network))?;
        // The uploader would disturb the next build.
        flush(bench, Subject::Plain, &cache, &network)?;
        objects.push(megabytes_in(&cache.store().join("objects"))?);
        stored.push(megabytes_stored(bench, &network)?);
        Ok(seconds)
    })?;
    Ok([
        Section {
            title: "Filling a tier",
            note: "\
A cold build that fills a tier, in which there is nothing, beside one without a tier. What it has put
is sent by a process of its own when it has ended.
",
            columns: vec![WITHOUT, WITH],
            judged: &[WITH],
            rows: vec![Row {
                what: format!("cold {}", BUILD.name()),
                target: &[Bound::MostTimes(1.03, WITHOUT)],
                unit: Unit::Seconds,
                samples,
            }],
        },
        Section {
            title: "Bytes in a tier",
            note: "\
The bytes of a tier that one build has filled, entries and objects, beside the bytes of all objects
in the local store of that build.
",
            columns: vec![OBJECTS, STORED],
            judged: &[STORED],
            rows: vec![Row {
                what: BUILD.name().to_owned(),
                target: &[Bound::MostTimes(0.30, OBJECTS)],
                unit: Unit::Megabytes,
                samples: vec![objects, stored],
            }],
        },
    ])
}

/// Measures `flush` after a build, of which nothing was sent before.
pub(super) fn after_it(bench: &BenchEnv, server: &Server, rounds: usize) -> Result<Section> {
    println!("flush: {rounds} rounds");
    let mut bounds = Vec::new();
    let mut times = Vec::new();
    for round in 0..rounds {
        let cache = Cache::new(bench)?;
        let network = Network::closed(server, &format!("flush-{round}"), BYTES_PER_SECOND);
        build(bench, Subject::Plain, &BUILD, &cache, Some(&network))?;
        // It waits for the uploader that the build has started, and finds as little as that.
        ensure!(
            !attempt(bench, &cache, &network)?,
            "a tier that is closed took what waited"
        );
        network.open();
        bench.sync()?;
        let began = Instant::now();
        flush(bench, Subject::Plain, &cache, &network)?;
        times.push(began.elapsed().as_secs_f64());
        let megabytes = megabytes_stored(bench, &network)?;
        bounds.push(megabytes * 1e6 / BYTES_PER_SECOND);
    }
    Ok(Section {
        title: "Sending what waits",
        note: "\
`flush` after a cold build that could not send anything, through a network of 1 Gbit/s. *What the
bytes take* is the time of the bytes that are in the tier then, at that bandwidth.
",
        columns: vec![BOUND, FLUSH],
        judged: &[FLUSH],
        rows: vec![Row {
            what: format!("`flush` after {}", BUILD.name()),
            target: &[Bound::MostTimes(1.0, BOUND)],
            unit: Unit::Seconds,
            samples: vec![bounds, times],
        }],
    })
}

/// Tries to send what waits in a store; whether nothing is left.
fn attempt(bench: &BenchEnv, cache: &Cache, network: &Network) -> Result<bool> {
    let mut command: Command = cachewarden(bench, Subject::Plain, network);
    command.arg("flush").arg("--dir").arg(cache.store());
    let output = command
        .output()
        .with_context(|| process::cannot_start(&command))?;
    Ok(output.status.success())
}

/// The megabytes in a tier, as `cachewarden remote ls` prints them: each line ends in an amount.
fn megabytes_stored(bench: &BenchEnv, network: &Network) -> Result<f64> {
    let text = process::read(cachewarden(bench, Subject::Plain, network).args(["remote", "ls"]))?;
    let lines: Vec<_> = text.lines().skip(1).collect();
    ensure!(!lines.is_empty(), "nothing is in the tier: {text}");
    let amounts = lines.into_iter().map(|line| {
        let amount = line.rsplit(", ").next().unwrap_or_default();
        megabytes(amount).with_context(|| format!("no amount of bytes at the end of `{line}`"))
    });
    amounts.sum()
}

/// An amount such as `1.2 MB`.
fn megabytes(amount: &str) -> Option<f64> {
    let (number, unit) = amount.split_once(' ')?;
    let factor = match unit {
        "B" => 1e-6,
        "kB" => 1e-3,
        "MB" => 1.0,
        "GB" => 1e3,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// The megabytes of all files in a folder and in those below it.
fn megabytes_in(folder: &Path) -> Result<f64> {
    let problem = || format!("cannot read {}", folder.display());
    let mut sum = 0.0;
    for entry in std::fs::read_dir(folder).with_context(problem)? {
        let entry = entry.with_context(problem)?;
        sum += match entry.file_type()?.is_dir() {
            true => megabytes_in(&entry.path())?,
            false => entry.metadata()?.len() as f64 / 1e6,
        };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::megabytes;

    #[test]
    fn an_amount_is_read_in_each_of_its_units() {
        for (amount, expected) in [
            ("512 B", Some(0.000512)),
            ("3.5 kB", Some(0.0035)),
            ("3.5 MB", Some(3.5)),
            ("2.0 GB", Some(2000.0)),
            ("3.5", None),
            ("3.5 MiB", None),
        ] {
            assert_eq!(megabytes(amount), expected, "{amount}");
        }
    }
}
