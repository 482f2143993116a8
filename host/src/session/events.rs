//! Tells the recording and a person what happened beside the answers.

use std::time::Duration;

use bytesize::ByteSize;

use crate::digest::Digest;
use crate::policy::{Event, Level};
use crate::recording::Line;
use crate::store::Tally;

use super::Session;

impl Session {
    /// Passes on what the policy did besides answering.
    pub(super) fn tell_events(&mut self) {
        let Some(asked) = &mut self.policy else {
            return;
        };
        for event in asked.warden.take_events() {
            match &event {
                Event::Trap { question, message } => {
                    let question = question.name();
                    self.notices.tell(&format!(
                        "the policy failed in `{question}`: {message}. That request got the safe answer; the build goes on"
                    ));
                    self.record(&Line::Trap { question, message });
                }
                Event::Timeout { question } => {
                    let question = question.name();
                    self.notices.tell(&format!(
                        "the policy took too long in `{question}` (--policy-deadline) and was stopped. That request got the safe answer; the build goes on"
                    ));
                    self.record(&Line::Timeout { question });
                }
                Event::Reopened => self.record(&Line::Reopened),
                Event::Off { reason } => {
                    self.notices.tell(&format!(
                        "the policy is off for this session: {reason}. This build finds nothing more in the cache and keeps nothing; it works, slower"
                    ));
                    self.record(&Line::Off { reason });
                }
                Event::Log(line) => {
                    if line.level == Level::Warn || self.notices.is_verbose() {
                        self.notices.tell(&format!("policy: {}", line.message));
                    }
                    self.record(&Line::Log {
                        level: line.level,
                        message: &line.message,
                    });
                }
            }
        }
    }

    pub(super) fn record(&mut self, line: &Line<'_>) {
        if let Err(error) = self.recorder.write(line) {
            self.notices.tell(&format!(
                "the recording stops here, it cannot be written: {error}; see --record"
            ));
        }
    }

    pub(super) fn record_answer(
        &mut self,
        command: &'static str,
        action: &Digest,
        answer: &'static str,
        reason: &'static str,
    ) {
        if self.recorder.is_on() {
            self.record(&Line::Answer {
                command,
                action: *action,
                answer,
                reason,
            });
        }
    }
}

/// The line at the end of a session, for `-v`.
pub(super) fn summary(tally: &Tally, policy_time: Option<Duration>) -> String {
    let Tally {
        gets,
        hits,
        refused_gets,
        puts,
        refused_puts,
        bytes_put,
        ..
    } = tally;
    let policy = match policy_time {
        Some(time) => format!("policy {:.1} ms", time.as_secs_f64() * 1000.0),
        None => "no policy".to_owned(),
    };
    format!(
        "{gets} gets, {hits} hits, {refused_gets} refused; {puts} puts, {refused_puts} refused, {}; {policy}",
        ByteSize(*bytes_put).display().si()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_its_documented_form() {
        let tally = Tally {
            gets: 1066,
            hits: 1066,
            puts: 3,
            bytes_put: 1_200_000,
            ..Tally::default()
        };
        assert_eq!(
            summary(&tally, Some(Duration::from_micros(300))),
            "1066 gets, 1066 hits, 0 refused; 3 puts, 0 refused, 1.2 MB; policy 0.3 ms"
        );
    }
}
