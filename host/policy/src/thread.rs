//! Threads with room for a policy.
//!
//! WebAssembly code has a stack of its own size within the thread's; on a thread with less, running out of it would end the
//! whole process. So a policy is opened only where a [`Room`] shows that the thread was started here, and stays there.

use std::io;
use std::marker::PhantomData;
use std::thread::{Builder, JoinHandle};

use super::limits::THREAD_STACK;

/// Shows that this thread has the stack that a policy needs. It cannot be sent to another thread.
#[derive(Debug)]
pub struct Room(PhantomData<*mut ()>);

/// Starts a thread that may ask policies, whatever stack this process was given for its first one.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn<Outcome: Send + 'static>(
    name: &str,
    run: impl FnOnce(&Room) -> Outcome + Send + 'static,
) -> io::Result<JoinHandle<Outcome>> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(THREAD_STACK)
        .spawn(move || run(&Room(PhantomData)))
}
