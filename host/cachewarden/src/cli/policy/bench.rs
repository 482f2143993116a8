//! `cachewarden policy bench`: what a policy costs a build, before one runs with it.
//!
//! One session with one instance, as in a build, and in it as many questions as are asked for; the
//! policy's own log goes nowhere. The session's budget does not bind here, the deadline of a call
//! does.

use std::time::{Duration, Instant, SystemTime};

use clap::{Args, ValueEnum};
use humantime::format_duration;
use serde::Serialize;

use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_policy_host::{
    CompiledCache, Event, Limits, OpenOutcome, Policy, PolicySession, PolicySource, cpu_time,
};
use cachewarden_types::{
    Candidate, Code, Digest, Facts, Kind, Offer, Role, Session, default_scope_label, since_1970,
};

use crate::cli::arguments::{DEFAULT_SCOPE, LimitOptions};
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::helper::{compiled_cache, random};
use crate::cli::output;
use crate::cli::paths::HOME;
use crate::cli::settings::{SettingsSource, settings};

/// So much for all questions: a bench is stopped by who started it.
const NO_BUDGET: Duration = Duration::from_secs(24 * 60 * 60);

/// The first and the last part of the calls, which are held against each other.
const PARTS: u64 = 10;

/// What to ask how often.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct BenchOptions {
    /// The policy
    file: PolicySource,
    /// Which question to ask [default: the first of these that the policy answers]
    #[arg(long, value_enum)]
    question: Option<Asked>,
    /// How many questions to ask
    #[arg(long, value_name = "NUMBER", default_value = "1000000", value_parser = clap::value_parser!(u64).range(PARTS..))]
    calls: u64,
    /// As one JSON object
    #[arg(long)]
    json: bool,
    /// Its settings, a JSON text or @FILE
    // No variable and no key: those are for the policy of builds, and this one is typed.
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<SettingsSource>,
    #[command(flatten)]
    limits: LimitOptions,
}

/// A question that can be asked on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Asked {
    Get,
    Put,
}

/// What came out. Times are in nanoseconds, memory is in bytes.
#[derive(Debug, Serialize)]
struct Figures {
    /// Size of the policy's file.
    file: u64,
    /// Reading and compiling, without the cache of compiled policies.
    compile: u64,
    /// From reading the file to the answer of `open` and of the first question, compiled anew.
    first_cold: u64,
    /// The same with the cache of compiled policies.
    first_warm: u64,
    /// What was asked: `get`, `put`, or nothing where the policy answers neither.
    question: Option<&'static str>,
    calls: u64,
    /// The mean of all calls, and the worst.
    mean: u64,
    worst: u64,
    /// The mean of the first tenth of the calls and of the last, as the processor's time: what else
    /// runs on the machine tells in it the least.
    mean_first: u64,
    mean_last: u64,
    /// The policy's memory after the first tenth, and at the end.
    memory_first: usize,
    memory_last: usize,
}

/// Prints the figures.
pub(in crate::cli) fn run(bench: &BenchOptions) -> Result<ExitStatus, Failure> {
    let bench = bench.clone();
    super::on_policy_thread(move |thread| {
        let figures = measure(&bench, thread)?;
        let text = match bench.json {
            true => {
                let json = serde_json::to_string(&figures);
                json.or_fail(Code::Bug, || "the figures cannot be written".to_owned())? + "\n"
            }
            false => shown(&figures),
        };
        output::print(&text)?;
        Ok(ExitStatus::Success)
    })
}

fn measure(bench: &BenchOptions, thread: &PolicyThread) -> Result<Figures, Failure> {
    let limits = Limits {
        budget: NO_BUDGET,
        ..bench.limits.limits()
    };
    let session = session(bench)?;
    let load =
        |cache: Option<&CompiledCache>| -> Result<(PolicySession, Asker, [u64; 2]), Failure> {
            let started = Instant::now();
            let policy = super::load(&bench.file, limits, cache)?;
            let loaded = nanoseconds(started);
            let asker = Asker::of(&policy, bench.question)?;
            let (mut warden, opening) = PolicySession::open(policy, session.clone(), thread)?;
            if let OpenOutcome::Refused(refusal) = opening {
                let text = format!(
                    "the policy refuses the session: {refusal:?}; give what it wants by --settings"
                );
                return Err(Failure::new(Code::BenchFailed, text));
            }
            asker.ask(&mut warden);
            Ok((warden, asker, [loaded, nanoseconds(started)]))
        };
    let (_, _, [compile, first_cold]) = load(None)?;
    let cache = compiled_cache().or_fail(Code::PolicyNotKept, || {
        format!("no cache folder is known ({HOME} is not set)")
    })?;
    load(Some(&cache))?;
    let (mut warden, asker, [_, first_warm]) = load(Some(&cache))?;

    let part = bench.calls / PARTS;
    let mut figures = Figures {
        file: std::fs::metadata(&bench.file.file)
            .or_fail(Code::System, || "the policy is gone".to_owned())?
            .len(),
        compile,
        first_cold,
        first_warm,
        question: asker.name(),
        calls: bench.calls,
        mean: 0,
        mean_first: 0,
        mean_last: 0,
        worst: 0,
        memory_first: 0,
        memory_last: 0,
    };
    if asker.name().is_some() {
        let started = Instant::now();
        let mut before = started;
        let cpu_at_start = cpu_time();
        let mut last_part_began = cpu_at_start;
        for call in 1..=bench.calls {
            asker.ask(&mut warden);
            let now = Instant::now();
            figures.worst = figures.worst.max(nanoseconds_between(before, now));
            before = now;
            if call == part {
                figures.mean_first = whole_nanoseconds(cpu_time() - cpu_at_start) / part;
                figures.memory_first = warden.memory_used();
            }
            if call == bench.calls - part {
                last_part_began = cpu_time();
            }
        }
        figures.mean = nanoseconds_between(started, before) / bench.calls;
        figures.mean_last = whole_nanoseconds(cpu_time() - last_part_began) / part;
    }
    figures.memory_last = warden.memory_used();
    let failures = warden.take_events();
    let failure = failures
        .iter()
        .find(|event| !matches!(event, Event::Log(_)));
    ensure(failure.is_none(), Code::BenchFailed, || {
        format!("the policy failed: {failure:?}")
    })?;
    Ok(figures)
}

/// The question that the policy decides, put together once: about a package archive, as most
/// questions of a build are.
enum Asker {
    Get(Candidate),
    Put(Offer),
    Nothing,
}

impl Asker {
    fn of(policy: &Policy, asked: Option<Asked>) -> Result<Self, Failure> {
        let exports = policy.exports();
        let digest = Digest::of(b"a package archive");
        let (kind, size) = (Kind::PackageArchive, 100_000);
        let facts = Facts::BUILD_ID_MATCHES;
        let get = Self::Get(Candidate {
            action: digest,
            output: digest,
            size,
            age: 60,
            scope: 0,
            kind,
            role: Role::Output,
            facts,
        });
        let put = Self::Put(Offer {
            action: digest,
            output: digest,
            size,
            kind,
            role: Role::Output,
            facts,
        });
        Ok(match asked {
            None | Some(Asked::Get) if exports.get => get,
            None | Some(Asked::Put) if exports.put => put,
            None => Self::Nothing,
            Some(asked) => {
                let text = format!(
                    "the policy {} exports no {}: leave --question out, or ask another",
                    policy.file().display(),
                    if asked == Asked::Get { "get" } else { "put" }
                );
                return Err(Failure::new(Code::NotAnswered, text));
            }
        })
    }

    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Get(_) => Some("get"),
            Self::Put(_) => Some("put"),
            Self::Nothing => None,
        }
    }

    fn ask(&self, warden: &mut PolicySession) {
        match self {
            Self::Get(candidate) => {
                warden.get(candidate);
            }
            Self::Put(offer) => {
                warden.put(offer);
            }
            Self::Nothing => {}
        }
    }
}

/// A session as a build's, without labels of its own.
fn session(bench: &BenchOptions) -> Result<Session, Failure> {
    Ok(Session {
        started: since_1970(SystemTime::now()).as_secs(),
        seed: random()?,
        labels: vec![default_scope_label(DEFAULT_SCOPE)],
        readable: vec!["*".into()],
        writable: vec!["*".into()],
        settings: settings(bench.settings.as_ref())?.get().to_owned(),
    })
}

fn shown(figures: &Figures) -> String {
    let time = |nanoseconds: u64| {
        // Two units are enough to read.
        let text = format_duration(Duration::from_nanos(nanoseconds)).to_string();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    let mut text = format!(
        "file            {} bytes\ncompilation     {}, once a machine\nfirst decision  {} after a start; {} where it must be compiled\n",
        figures.file,
        time(figures.compile),
        time(figures.first_warm),
        time(figures.first_cold),
    );
    text += &match figures.question {
        Some(question) => format!(
            "each {question}        {} (first tenth {} of CPU time, last tenth {}), worst {}, of {} calls\nmemory          {} bytes (after the first tenth {})\n",
            time(figures.mean),
            time(figures.mean_first),
            time(figures.mean_last),
            time(figures.worst),
            figures.calls,
            figures.memory_last,
            figures.memory_first,
        ),
        None => format!(
            "each question   0ns: it exports neither get nor put\nmemory          {} bytes\n",
            figures.memory_last
        ),
    };
    text
}

fn nanoseconds(since: Instant) -> u64 {
    nanoseconds_between(since, Instant::now())
}

/// Of times that a person waits for: they fit.
fn nanoseconds_between(start: Instant, end: Instant) -> u64 {
    whole_nanoseconds(end - start)
}

fn whole_nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
