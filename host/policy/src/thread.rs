//! Threads with a large enough stack for a policy.
//!
//! WebAssembly code uses a part of the thread's stack; overflowing a thread's own stack would end
//! the whole process. So a policy can only be opened with a [`PolicyThread`], which shows that the
//! thread was started here, and it stays on that thread.

use std::io;
use std::marker::PhantomData;
use std::thread::{Builder, JoinHandle};

use super::limits::THREAD_STACK;

/// A token that shows that this thread has the stack that a policy needs. It cannot be sent to
/// another thread.
#[derive(Debug)]
pub struct PolicyThread(PhantomData<*mut ()>);

/// Starts a thread that may run policies, whatever the stack of the process's first thread.
///
/// # Errors
/// When the system cannot start a thread.
pub fn spawn<Outcome: Send + 'static>(
    name: &str,
    run: impl FnOnce(&PolicyThread) -> Outcome + Send + 'static,
) -> io::Result<JoinHandle<Outcome>> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(THREAD_STACK)
        .spawn(move || run(&PolicyThread(PhantomData)))
}
