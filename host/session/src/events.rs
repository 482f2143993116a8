//! Writes what happened besides the answers to the recording and to stderr.

use std::time::Duration;

use bytesize::ByteSize;

use cachewarden_policy_host::Event;
use cachewarden_recording::{AnswerRecord, CallFailureRecord, Line, LogRecord, OffRecord};
use cachewarden_store::SessionStats;
use cachewarden_types::{Code, Digest, Level, count, reasons};

use super::Session;
use crate::remote::TierUse;

/// What a build is like from here on.
pub(super) const WITHOUT_CACHE: &str =
    "This build finds nothing in the cache and keeps nothing; it works, slower";

impl Session {
    /// Reports what the policies did besides answering: failures and log lines.
    pub(super) fn report_events(&mut self) {
        let happened: Vec<_> = self
            .policies
            .iter_mut()
            .filter_map(|(place, policy)| {
                let events = policy.take_events();
                (!events.is_empty()).then(|| (place, policy.name.clone(), events))
            })
            .collect();
        for (place, policy, events) in happened {
            self.report_events_of(place, &policy, events);
        }
    }

    fn report_events_of(&mut self, place: u32, policy: &str, events: Vec<Event>) {
        // A failure that disables the policy is reported in one message with that.
        let mut failure = None;
        for event in events {
            let line = match event {
                Event::Trap { question, message } => {
                    self.policy_failures += 1;
                    let question = question.name();
                    failure = Some(format!("failed in `{question}`: {message}"));
                    Line::Trap(CallFailureRecord {
                        question: question.to_owned(),
                        message: Some(message),
                    })
                }
                Event::Timeout { question } => {
                    self.policy_failures += 1;
                    let question = question.name();
                    failure = Some(format!(
                        "took too long in `{question}` and was stopped (--policy-deadline)"
                    ));
                    Line::Timeout(CallFailureRecord {
                        question: question.to_owned(),
                        message: None,
                    })
                }
                Event::Reopened => Line::Reopened,
                Event::Off { reason } => {
                    let failure = failure.take().map(|failure| format!("{failure}. It "));
                    self.diagnostics.warn(Code::PolicyOff, &format!(
                        "the policy {policy} {}is off for this session: {reason}. {WITHOUT_CACHE}",
                        failure.unwrap_or_default()
                    ));
                    Line::Off(OffRecord { reason })
                }
                Event::Log(line) => {
                    if line.level == Level::Warn || self.diagnostics.is_verbose() {
                        self.diagnostics.relay_policy_log(&line.message);
                    }
                    Line::Log(LogRecord {
                        level: line.level,
                        message: line.message,
                    })
                }
            };
            self.record(place, &line);
        }
        if let Some(failure) = failure {
            self.diagnostics.warn(Code::PolicyFailed, &format!(
                "the policy {policy} {failure}. That request got the safe answer; the build goes on"
            ));
        }
    }

    /// Says once that the tenant has as much as it may.
    pub(super) fn warn_quota(&mut self) {
        self.diagnostics.warn_once(
            Code::QuotaReached,
            "the tenant keeps or reads as much as it may, or puts faster than it may; the build goes on, and the rest is not kept or not found. Ask the daemon's operator, who sets quota.bytes, quota.entries, quota.view-bytes, quota.puts-per-second and quota.bytes-per-second",
        );
    }

    fn record(&mut self, place: u32, line: &Line) {
        if let Err(error) = self.recorder.write(place, line) {
            self.diagnostics.warn(
                Code::RecordingUnwritable,
                &format!("the recording stops here, it cannot be written: {error}; see --record"),
            );
        }
    }

    /// Records a line of the policy at a place of the chain, which is only put together where
    /// somebody records.
    pub(super) fn record_with(&mut self, place: u32, line: impl FnOnce() -> Line) {
        if self.recorder.is_on() {
            self.record(place, &line());
        }
    }

    pub(super) fn record_answer(
        &mut self,
        command: &str,
        action: &Digest,
        answer: &str,
        reason: &'static str,
    ) {
        if answer != "hit" && !matches!(reason, reasons::ABSENT | reasons::NO_QUESTION) {
            *self.refusals.entry(reason).or_default() += 1;
        }
        self.record_with(0, || {
            Line::Answer(AnswerRecord {
                command: command.to_owned(),
                action: *action,
                answer: answer.to_owned(),
                reason: reason.to_owned(),
            })
        });
    }
}

/// What a session could be answered from, besides its own store.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sources {
    pub(super) has_bases: bool,
    pub(super) has_tiers: bool,
}

/// The line at the end of a session, for `-v`. `lost` puts are those that the store could not take.
pub(super) fn summary(
    tally: &SessionStats,
    lost: u64,
    policy_time: Option<Duration>,
    sources: Sources,
) -> String {
    let SessionStats {
        gets,
        hits,
        refused_gets,
        puts,
        refused_puts,
        bytes_put,
        base_hits,
        remote_hits,
        remote_bytes,
        remote_wait,
        ..
    } = tally;
    let policy = match policy_time {
        Some(time) => format!("policy {:.1} ms", time.as_secs_f64() * 1000.0),
        None => "no policy".to_owned(),
    };
    let lost = match lost {
        0 => String::new(),
        lost => format!("{lost} not kept, "),
    };
    let bases = match sources.has_bases {
        true => format!("; bases {}", count(*base_hits, "hit")),
        false => String::new(),
    };
    let remote = match sources.has_tiers {
        true => format!(
            "; remote {}, {}, waited {:.1} s",
            count(*remote_hits, "hit"),
            size(*remote_bytes),
            Duration::from_millis(*remote_wait).as_secs_f64()
        ),
        false => String::new(),
    };
    format!(
        "{}, {}, {refused_gets} refused; {}, {refused_puts} refused, {lost}{}; {policy}{bases}{remote}",
        count(*gets, "get"),
        count(*hits, "hit"),
        count(*puts, "put"),
        size(*bytes_put)
    )
}

/// The line about one tier, after that.
pub(super) fn of_tier(tier: &TierUse) -> String {
    let TierUse {
        address,
        hits,
        misses,
        errors,
        bytes_down,
        bytes_saved,
        waited,
        away,
        failures: _,
    } = tier;
    let away = match away {
        Some(away) => format!("; not asked until it answers, since {away}"),
        None => String::new(),
    };
    format!(
        "{address}: {}, {}, {}; {} down, compression saved {}; requests took {:.1} s{away}",
        count(*hits, "hit"),
        count(*misses, "miss"),
        count(*errors, "error"),
        size(*bytes_down),
        size(*bytes_saved),
        waited.as_secs_f64()
    )
}

/// The lines behind it: why a request to it has failed that no warning was about.
pub(super) fn of_failures(tier: &TierUse) -> impl Iterator<Item = String> {
    let address = &tier.address;
    let failures = tier.failures.iter();
    failures.map(move |why| format!("{address}: a request has failed: {why}"))
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().si().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let tally = SessionStats {
            gets: 1,
            hits: 1,
            puts: 1,
            remote_hits: 1,
            ..SessionStats::default()
        };
        let with_tiers = Sources {
            has_tiers: true,
            ..Sources::default()
        };
        assert_eq!(
            summary(&tally, 0, None, with_tiers),
            "1 get, 1 hit, 0 refused; 1 put, 0 refused, 0 B; no policy; remote 1 hit, 0 B, waited 0.0 s"
        );
        let tier = TierUse {
            hits: 1,
            misses: 1,
            errors: 1,
            ..TierUse::default()
        };
        let line = of_tier(&tier);
        assert!(line.starts_with(": 1 hit, 1 miss, 1 error; "), "{line}");
        let away = Some("2026-01-02T03:04:05Z: it has not answered".to_owned());
        let line = of_tier(&TierUse { away, ..tier });
        let expected =
            "; not asked until it answers, since 2026-01-02T03:04:05Z: it has not answered";
        assert!(line.ends_with(expected), "{line}");
    }

    #[test]
    fn the_summary_has_its_documented_form() {
        let alone = Sources::default();
        let tally = SessionStats {
            gets: 1066,
            hits: 1066,
            puts: 3,
            bytes_put: 1_200_000,
            ..SessionStats::default()
        };
        assert_eq!(
            summary(&tally, 0, Some(Duration::from_micros(300)), alone),
            "1066 gets, 1066 hits, 0 refused; 3 puts, 0 refused, 1.2 MB; policy 0.3 ms"
        );
        assert_eq!(
            summary(&tally, 2, None, alone),
            "1066 gets, 1066 hits, 0 refused; 3 puts, 0 refused, 2 not kept, 1.2 MB; no policy"
        );
        let tally = SessionStats {
            remote_hits: 1060,
            remote_bytes: 41_000_000,
            remote_wait: 1234,
            base_hits: 5,
            ..tally
        };
        let everything = Sources {
            has_bases: true,
            has_tiers: true,
        };
        let line = summary(&tally, 0, None, everything);
        let remote = "no policy; bases 5 hits; remote 1060 hits, 41.0 MB, waited 1.2 s";
        assert!(line.ends_with(remote), "{line}");
        let tier = TierUse {
            address: "s3://bucket".to_owned(),
            hits: 1060,
            misses: 1,
            bytes_down: 41_000_000,
            bytes_saved: 59_000_000,
            waited: Duration::from_millis(1234),
            ..TierUse::default()
        };
        assert_eq!(
            of_tier(&tier),
            "s3://bucket: 1060 hits, 1 miss, 0 errors; 41.0 MB down, compression saved 59.0 MB; requests took 1.2 s"
        );
    }
}
