//! Measures the load of other programs, which makes figures doubtful.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::usage;

/// The state at the start of the measurement.
pub(super) struct SystemLoad {
    started: Instant,
    own: Duration,
    machine: Ticks,
}

/// The processors' time since the machine started, in ticks of the kernel.
struct Ticks {
    busy: u64,
    all: u64,
}

impl SystemLoad {
    /// Begins to measure.
    pub(super) fn begin() -> Result<SystemLoad> {
        Ok(SystemLoad {
            started: Instant::now(),
            own: usage::cpu_of_all()?,
            machine: Ticks::read()?,
        })
    }

    /// The share of the processors' time, up to 1, of programs other than this process and its
    /// children.
    pub(super) fn other_programs_share(&self, cores: usize) -> Result<f64> {
        let own = usage::cpu_of_all()?.saturating_sub(self.own);
        let own = own.as_secs_f64() / (self.started.elapsed().as_secs_f64() * cores as f64);
        let now = Ticks::read()?;
        let all = now.all.saturating_sub(self.machine.all).max(1);
        let busy = now.busy.saturating_sub(self.machine.busy) as f64 / all as f64;
        Ok((busy - own).max(0.0))
    }
}

impl Ticks {
    fn read() -> Result<Ticks> {
        const FILE: &str = "/proc/stat";
        let text = fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
        Ticks::parse(&text).with_context(|| format!("{FILE} has no line `cpu`"))
    }

    /// Reads the line `cpu user nice system idle iowait irq softirq steal guest guest_nice`.
    fn parse(text: &str) -> Option<Ticks> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Option<Vec<u64>> = line
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        // user and nice include the guests.
        let ticks = ticks?.get(..8)?.to_vec();
        let all: u64 = ticks.iter().sum();
        Some(Ticks {
            busy: all - ticks[3] - ticks[4],
            all,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_busy_and_guests_count_once() {
        let ticks =
            Ticks::parse("cpu  10 1 5 100 20 2 3 4 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n").unwrap();
        assert_eq!((ticks.busy, ticks.all), (25, 145));
        assert!(Ticks::parse("intr 1 2 3\n").is_none());
    }
}
