//! Whether a tier may be asked, by what its last answers were.
//!
//! What always holds: time is a value that the caller gives; and gets never wait for a service that
//! has failed, since a probe in the background finds out whether it is back.
//!
//! - **closed**: it is asked.
//! - **paused**: it has asked for fewer requests. After the pause it is closed again.
//! - **open**: it has failed several times in a row. It is not asked until a time.
//! - **half-open**: that time has come, or it has left a request without an answer. Only a probe asks;
//!   whether that is answered decides.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use cachewarden_types::since_1970;

/// Failures in a row that open a breaker. Each is what remains after retries: one may be a node that
/// was restarted, three are a service that is away.
const FAILURES: u32 = 3;

/// How long a breaker is open at first. A restart takes seconds.
const FIRST_OPEN: Duration = Duration::from_secs(10);

/// How long it is open at most. Each probe is one small request, so this may be short.
const LONGEST_OPEN: Duration = Duration::from_secs(5 * 60);

/// The first pause where a service asks for fewer requests and says no time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. A service that asks for more is asked earlier, and says so again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Doubles that matter: both bounds are reached before.
const MOST_DOUBLED: u32 = 8;

/// What a tier's last answers were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Breaker {
    /// Failures in a row.
    failures: u32,
    /// How many times in a row it has asked for fewer requests.
    throttled: u32,
    /// It is not asked before: milliseconds since 1970.
    not_before: u64,
    /// Since when it is open: milliseconds since 1970; 0 where it is not.
    since: u64,
}

/// Whether a tier may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Closed,
    Paused,
    Open,
    HalfOpen,
}

impl Breaker {
    pub(crate) fn state(&self, now: SystemTime) -> State {
        match (self.failures >= FAILURES, self.left(now).is_zero()) {
            (true, true) => State::HalfOpen,
            (true, false) => State::Open,
            (false, true) => State::Closed,
            (false, false) => State::Paused,
        }
    }

    /// Since when it is open, or half-open; `None` where it is neither.
    pub(crate) fn open_since(&self) -> Option<SystemTime> {
        let is_open = self.failures >= FAILURES && self.since > 0;
        let since = UNIX_EPOCH.checked_add(Duration::from_millis(self.since));
        since.filter(|_| is_open)
    }

    /// How long the tier is not asked.
    pub(crate) fn left(&self, now: SystemTime) -> Duration {
        let end = UNIX_EPOCH.checked_add(Duration::from_millis(self.not_before));
        let left = end.and_then(|end| end.duration_since(now).ok());
        // More is not waited for: the clock was set back, or the state is damaged.
        left.filter(|left| *left <= LONGEST_OPEN)
            .unwrap_or_default()
    }

    /// The service has done what it was asked, or has said clearly that it does not do it.
    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The service has failed.
    pub(crate) fn failed(&mut self, now: SystemTime) {
        // What was asked before the breaker has opened says nothing new.
        if self.state(now) == State::Open {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(extra) = self.failures.checked_sub(FAILURES) {
            self.note_away(now);
            self.wait(doubled(FIRST_OPEN, extra, LONGEST_OPEN), now);
        }
    }

    /// The service has left a request without an answer until nobody waited for one any more. That may
    /// be one value, or the long listing of one scope, so a probe finds out at once: other sessions must
    /// not lose a service that answers them.
    pub(crate) fn was_silent(&mut self, now: SystemTime) {
        if self.failures < FAILURES {
            self.failures = FAILURES;
            self.note_away(now);
            self.wait(Duration::ZERO, now);
        }
    }

    fn note_away(&mut self, now: SystemTime) {
        if self.since == 0 {
            self.since = milliseconds(since_1970(now));
        }
    }

    /// The service asks for fewer requests, for so long where it says that. `chance`, from 0 to 1, is
    /// drawn: those who were refused together must not come back together.
    pub(crate) fn throttled(&mut self, after: Option<Duration>, chance: f64, now: SystemTime) {
        match self.state(now) {
            State::Open => return,
            // Others that were asked together with the first are refused, too.
            State::Paused if after.is_none() => return,
            State::Closed | State::HalfOpen | State::Paused => {}
        }
        (self.failures, self.since) = (0, 0);
        let pause = doubled(FIRST_PAUSE, self.throttled, LONGEST_PAUSE);
        let pause = after.unwrap_or(pause / 2 + pause.mul_f64(chance / 2.0));
        self.throttled = self.throttled.saturating_add(1);
        self.wait(pause.max(self.left(now)).min(LONGEST_PAUSE), now);
    }

    fn wait(&mut self, pause: Duration, now: SystemTime) {
        let end = since_1970(now).saturating_add(pause);
        self.not_before = milliseconds(end);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 1 << times.min(MOST_DOUBLED);
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(1_800_000_000.0 + seconds)
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_a_probe_that_is_answered_closes_it() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            breaker.failed(at(0.0));
            assert_eq!(breaker.state(at(0.0)), State::Closed);
        }
        breaker.answered();
        for _ in 0..2 {
            breaker.failed(at(0.0));
        }
        assert_eq!(breaker.state(at(0.0)), State::Closed, "not in a row");
        breaker.failed(at(0.0));
        assert_eq!(breaker.state(at(0.0)), State::Open);
        assert_eq!(breaker.state(at(9.9)), State::Open);
        assert_eq!(breaker.state(at(10.0)), State::HalfOpen);
        breaker.answered();
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn each_probe_that_fails_doubles_the_time_up_to_a_bound() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(at(0.0));
        }
        let mut now = 0.0;
        for expected in [10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300] {
            let left = breaker.left(at(now));
            assert_eq!(left, Duration::from_secs(expected));
            // Of requests that were under way.
            breaker.failed(at(now));
            breaker.was_silent(at(now));
            breaker.throttled(None, 0.5, at(now));
            assert_eq!(breaker.left(at(now)), left);
            now += left.as_secs_f64();
            assert_eq!(breaker.state(at(now)), State::HalfOpen);
            breaker.failed(at(now));
        }
    }

    /// Origin: an attacker whose one object hung: all builds of a daemon lost the tier for ten seconds.
    #[test]
    fn a_probe_finds_out_at_once_whether_a_service_is_silent() {
        let mut breaker = Breaker::default();
        breaker.was_silent(at(0.0));
        assert_eq!(breaker.state(at(0.0)), State::HalfOpen);
        assert_eq!(breaker.open_since(), Some(at(0.0)));
        breaker.was_silent(at(2.0));
        breaker.answered();
        assert_eq!(breaker, Breaker::default(), "it was one value");
        breaker.was_silent(at(3.0));
        breaker.failed(at(8.0));
        assert_eq!(breaker.state(at(8.0)), State::Open);
        assert_eq!(breaker.open_since(), Some(at(3.0)));
        let left = breaker.left(at(9.0));
        breaker.was_silent(at(9.0));
        assert_eq!(breaker.left(at(9.0)), left, "it is known");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_pause_longer_than_the_longest() {
        let mut breaker = Breaker::default();
        let minute = Some(Duration::from_secs(60));
        breaker.throttled(minute, 1.0, at(200.0));
        breaker.throttled(minute, 1.0, at(20.0));
        assert_eq!(breaker.left(at(20.0)), LONGEST_PAUSE);
    }

    #[test]
    fn it_is_open_since_it_has_failed_first_and_until_it_answers() {
        let mut breaker = Breaker::default();
        breaker.failed(at(0.0));
        assert_eq!(breaker.open_since(), None);
        breaker.was_silent(at(1.0));
        // Of a probe.
        breaker.failed(at(20.0));
        assert_eq!(breaker.open_since(), Some(at(1.0)));
        breaker.answered();
        assert_eq!(breaker.open_since(), None);
        breaker.was_silent(at(30.0));
        breaker.throttled(None, 1.0, at(50.0));
        assert_eq!(breaker.open_since(), None, "it has answered");
    }

    #[test]
    fn a_service_that_asks_for_fewer_requests_is_asked_again_after_a_pause() {
        let mut breaker = Breaker::default();
        breaker.throttled(None, 1.0, at(0.0));
        assert_eq!(breaker.state(at(0.9)), State::Paused);
        breaker.throttled(None, 1.0, at(0.5));
        assert_eq!(breaker.state(at(1.0)), State::Closed, "no half-open");
        for (expected, chance) in [
            (2, 1.0),
            (2, 0.0),
            (8, 1.0),
            (16, 1.0),
            (32, 1.0),
            (60, 1.0),
        ] {
            breaker.throttled(None, chance, at(1000.0));
            let left = breaker.left(at(1000.0));
            assert_eq!(left, Duration::from_secs(expected));
            breaker.not_before = 0;
        }
        breaker.answered();
        breaker.throttled(None, 0.0, at(0.0));
        assert_eq!(
            breaker.left(at(0.0)),
            Duration::from_millis(500),
            "from anew"
        );
    }

    #[test]
    fn the_time_that_the_service_says_counts_up_to_a_bound() {
        let mut breaker = Breaker::default();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        breaker.throttled(seconds(7), 0.0, at(0.0));
        breaker.throttled(seconds(3), 0.0, at(1.0));
        assert_eq!(breaker.left(at(1.0)), Duration::from_secs(6));
        breaker.throttled(seconds(100_000), 0.0, at(1.0));
        assert_eq!(breaker.left(at(1.0)), LONGEST_PAUSE);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_it_open() {
        let mut breaker = Breaker::default();
        breaker.was_silent(at(1_000_000.0));
        breaker.failed(at(1_000_000.0));
        assert_eq!(breaker.state(at(0.0)), State::HalfOpen);
        breaker.failed(at(0.0));
        assert_eq!(breaker.state(at(0.0)), State::Open);
    }
}
