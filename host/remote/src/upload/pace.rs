//! How fast requests follow one another, where a service asks for fewer.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::service::ServiceError;
use crate::service_kind::ServiceKind;

/// The time between two writes to the cache of GitHub Actions, which takes 200 a minute of a
/// repository. Other jobs write too.
const GHAC_INTERVAL: Duration = Duration::from_millis(400);

/// The first pause after a service has asked for fewer requests; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How many pauses are made for one request, a minute in all where it says no time, before the rest is left for later.
const PAUSES: u32 = 6;

/// The longest pause. A service that asks for more is asked earlier, and says so again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pace of one tier.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Option<Duration>,
    /// When the next write may begin.
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn of(kind: ServiceKind) -> Self {
        Self {
            interval: (kind == ServiceKind::Ghac).then_some(GHAC_INTERVAL),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits until a write may begin.
    pub(super) async fn turn(&self) {
        let Some(interval) = self.interval else {
            return;
        };
        let turn = {
            let mut next = self.next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + interval;
            turn
        };
        sleep_until(turn).await;
    }
}

/// Asks again, after a pause, what a service has refused because it was asked too often.
pub(crate) async fn with_pauses<T, F>(mut ask: impl FnMut() -> F) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 0..PAUSES {
        match ask().await {
            Err(ServiceError::Throttled(cause)) => {
                let said = cause.retry_after();
                tokio::time::sleep(said.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            }
            answer => return answer,
        }
        pause *= 2;
    }
    ask().await
}

#[cfg(test)]
mod tests {
    use opendal::{Error, ErrorKind};

    use super::*;

    /// Without the time that the service says, the first pause is a second.
    #[tokio::test]
    async fn the_time_that_the_service_says_is_waited_for() {
        let refused = || {
            let error = Error::new(ErrorKind::RateLimited, "slow down");
            error.with_context("response", "{\"retry-after\": \"0\"}")
        };
        let mut asked = 0;
        let answer = with_pauses(|| {
            asked += 1;
            let answer = match asked {
                1..=3 => Err(ServiceError::Throttled((&refused()).into())),
                _ => Ok(asked),
            };
            std::future::ready(answer)
        });
        let paused = tokio::time::timeout(FIRST_PAUSE, answer).await;
        assert_eq!(paused.expect("no pause of its own").unwrap(), 4);
    }
}
