//! The threads that speak with services.
//!
//! What always holds: nothing waits for them to end. What they are about when the program ends, or
//! when the tiers are not used any more, is dropped.

use std::io;

use tokio::runtime::{Builder, Handle};

/// Threads that wait for services. They do little work: what takes processor time, and files, have
/// threads of their own.
const THREADS: usize = 2;

/// The threads.
#[derive(Debug)]
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    /// Starts them.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("remote")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Does something on threads of its own, and waits for it; not for what it has left behind, which
    /// may hang in a file system.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn run<T>(work: impl Future<Output = T>) -> io::Result<T> {
        let runtime = Self::start()?;
        Ok(runtime.handle().block_on(work))
    }

    /// What gives them something to do.
    pub(crate) fn handle(&self) -> &Handle {
        let runtime = self.0.as_ref().expect("it is there until it is dropped");
        runtime.handle()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
