//! The library that speaks to most services, as far as answers make it panic: a name in a listing
//! that is not below the prefix does, and a header of 64 KB.
//!
//! What always holds: whatever a service answers, a call ends with a value or an error.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use futures_util::stream;
use opendal::{Error, ErrorKind};

use super::BytesStream;

thread_local! {
    /// Whether this thread is in a call whose panic becomes an error.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread becomes an error, which is told. So a hook says nothing of it.
pub fn is_panic_an_error() -> bool {
    IS_GUARDED.get()
}

/// A call whose panic is an error.
pub(super) async fn guarded<T>(
    call: impl Future<Output = opendal::Result<T>>,
) -> opendal::Result<T> {
    let mut call = pin!(call);
    // Nobody polls a call again that has panicked.
    poll_fn(|context| caught(|| call.as_mut().poll(context))).await
}

/// The same for what comes in parts. Behind an error there is nothing.
pub(super) fn guarded_parts(parts: BytesStream) -> BytesStream {
    let mut left = Some(parts);
    Box::pin(stream::poll_fn(move |context| {
        let Some(parts) = &mut left else {
            return Poll::Ready(None);
        };
        let next = caught(|| parts.as_mut().poll_next(context).map(Option::transpose));
        if matches!(next, Poll::Ready(Err(_))) {
            left = None;
        }
        next.map(Result::transpose)
    }))
}

fn caught<T>(poll: impl FnOnce() -> Poll<opendal::Result<T>>) -> Poll<opendal::Result<T>> {
    let before = IS_GUARDED.replace(true);
    // What has panicked is not used any more.
    let polled = catch_unwind(AssertUnwindSafe(poll));
    IS_GUARDED.set(before);
    polled.unwrap_or_else(|_| {
        let text = "the service has answered what the client cannot read";
        Poll::Ready(Err(Error::new(ErrorKind::Unexpected, text)))
    })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_of_a_call_is_an_error_and_its_hook_knows() {
        let call = async {
            assert!(is_panic_an_error());
            tokio::task::yield_now().await;
            panic!("an answer");
        };
        let error = guarded::<()>(call).await.unwrap_err();
        assert!(error.to_string().contains("cannot read"), "{error}");
        assert!(!is_panic_an_error());
        let mut parts = guarded_parts(Box::pin(stream::poll_fn(|_| panic!("an answer"))));
        assert!(parts.try_next().await.is_err());
        assert!(parts.try_next().await.unwrap().is_none());
    }
}
