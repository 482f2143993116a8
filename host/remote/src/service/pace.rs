//! How fast a value comes at least. Each part of it has a time of its own; without a bound on all
//! of them, a server that sends a byte at a time would hold its reader for days.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::TryStreamExt;
use opendal::{Error, ErrorKind};
use tokio::time::timeout;

use super::{BytesStream, IO_TIME, RETRIES, SLOWEST};

/// How far a value may be behind: by one part that comes with its last try.
const BEHIND: Duration = IO_TIME.saturating_mul(RETRIES as u32 + 1);

/// How fast a value has come so far. Only time counts in which its reader waits for it: a slow disk
/// is no fault of the service.
pub(super) struct Pace {
    behind: Duration,
    waited: Duration,
    received: u64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self::with(BEHIND)
    }

    fn with(behind: Duration) -> Self {
        Self {
            behind,
            waited: Duration::ZERO,
            received: 0,
        }
    }

    /// The next part; an error where the value is too slow.
    pub(super) async fn next(&mut self, parts: &mut BytesStream) -> opendal::Result<Option<Bytes>> {
        let allowed = self.behind + Duration::from_secs(self.received / SLOWEST);
        let begin = Instant::now();
        let part = timeout(allowed.saturating_sub(self.waited), parts.try_next()).await;
        self.waited += begin.elapsed();
        let part = part.map_err(|_| {
            let text = format!("the service sends less than {SLOWEST} bytes a second");
            Error::new(ErrorKind::Unexpected, text)
        })??;
        self.received += part.as_ref().map_or(0, |part| part.len() as u64);
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::time::sleep;

    use super::*;

    /// Parts of this size without end, each after this time.
    fn parts(size: usize, time: Duration) -> BytesStream {
        Box::pin(stream::try_unfold((), move |()| async move {
            sleep(time).await;
            Ok(Some((Bytes::from(vec![0; size]), ())))
        }))
    }

    /// Origin: a server that sent a byte every two seconds held `flush` without end.
    #[tokio::test]
    async fn a_value_that_comes_a_byte_at_a_time_ends() {
        let mut pace = Pace::with(Duration::from_millis(20));
        let mut drip = parts(1, Duration::from_millis(1));
        let error = loop {
            if let Err(error) = pace.next(&mut drip).await {
                break error;
            }
        };
        assert!(error.to_string().contains("bytes a second"), "{error}");
    }

    #[tokio::test]
    async fn a_value_that_comes_fast_enough_may_take_its_time() {
        // Nothing but what has come already makes room for these.
        let mut pace = Pace::with(Duration::ZERO);
        pace.received = SLOWEST * 60;
        let mut slow = parts(1, Duration::from_millis(1));
        for _ in 0..100 {
            assert!(pace.next(&mut slow).await.is_ok());
        }
        assert!(pace.waited > Duration::ZERO);
        assert_eq!(pace.received, SLOWEST * 60 + 100);
    }

    #[tokio::test]
    async fn the_time_of_the_reader_does_not_count() {
        let mut pace = Pace::with(Duration::ZERO);
        let mut ready: BytesStream = Box::pin(stream::iter([Ok(Bytes::from("a"))]));
        sleep(Duration::from_millis(20)).await;
        let part = pace.next(&mut ready).await.unwrap();
        assert_eq!(part.as_deref(), Some(&b"a"[..]));
    }
}
