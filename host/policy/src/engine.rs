//! The engine that compiles and runs policies, and the ticker that interrupts running calls.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use wasmtime::{Config, Engine, WasmFeatures};

use super::limits::{LONGEST_TICK, TICK, WASM_STACK};

/// The WebAssembly features that a policy may use: those that today's compilers emit for a library
/// of plain functions. Everything else is off, and features of a later engine are off until they
/// are added here: each one is more compiler to trust, and none of them helps a policy.
/// docs/hostile-policies.md has the reasons one by one, and a test of each.
const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::TAIL_CALL)
    // The engine itself joins a component's parts by modules with several memories.
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Makes an engine; this program compiles and runs every policy with such an engine.
///
/// # Errors
/// When this machine cannot run one.
pub(super) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(FEATURES, true)
        // Calls are synchronous; this makes each some 300 ns cheaper.
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        // A policy must give the same answers on all machines, so the bits of a NaN are fixed.
        .cranelift_nan_canonicalization(true)
        .parallel_compilation(true);
    Engine::new(&config)
}

/// Advances the engine's epoch until it is dropped, so that running calls are checked.
pub(super) struct Ticker {
    tick_rate: Arc<TickRate>,
    thread: Option<JoinHandle<()>>,
}

/// How fast a ticker ticks: slowly, until a call is running at a tick.
#[derive(Default)]
pub(super) struct TickRate {
    stopped: AtomicBool,
    fast_tick_requested: AtomicBool,
    /// Microseconds between two ticks while no call is running; 0 stands for the longest interval.
    idle: AtomicU64,
    ticks: AtomicU64,
    ticker: OnceLock<Thread>,
}

impl TickRate {
    /// A call is running: the next tick comes soon.
    pub(super) fn request_fast_tick(&self) {
        if !self.fast_tick_requested.swap(true, Ordering::Relaxed)
            && let Some(ticker) = self.ticker.get()
        {
            ticker.unpark();
        }
    }

    /// The number of ticks so far; the engine has no function that returns its epoch.
    pub(super) fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    fn idle(&self) -> Duration {
        match self.idle.load(Ordering::Relaxed) {
            0 => LONGEST_TICK,
            micros => Duration::from_micros(micros),
        }
    }

    fn tick(&self, engine: &Engine) {
        while !self.stopped.load(Ordering::Relaxed) {
            // If it is woken for a fast tick, this tick comes at once, and the next one soon.
            let interval = match self.fast_tick_requested.swap(false, Ordering::Relaxed) {
                true => TICK,
                false => self.idle(),
            };
            thread::park_timeout(interval);
            self.ticks.fetch_add(1, Ordering::Relaxed);
            engine.increment_epoch();
        }
    }
}

impl Ticker {
    /// Starts ticking at the longest interval.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let tick_rate = Arc::new(TickRate::default());
        let (engine, shared) = (engine.clone(), Arc::clone(&tick_rate));
        let thread = thread::Builder::new()
            .name("policy-clock".into())
            .spawn(move || shared.tick(&engine))?;
        // This is set only here.
        let _ = tick_rate.ticker.set(thread.thread().clone());
        Ok(Self {
            tick_rate,
            thread: Some(thread),
        })
    }

    /// Shortens the interval for a policy with a short deadline. The interval never gets longer
    /// again.
    pub(super) fn tick_at_least_every(&self, idle: Duration) {
        if idle < self.tick_rate.idle() {
            let micros = u64::try_from(idle.as_micros()).unwrap_or(u64::MAX).max(1);
            self.tick_rate.idle.store(micros, Ordering::Relaxed);
            if let Some(ticker) = self.tick_rate.ticker.get() {
                ticker.unpark();
            }
        }
    }

    /// The handle to request a fast tick.
    pub(super) fn tick_rate(&self) -> Arc<TickRate> {
        Arc::clone(&self.tick_rate)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.tick_rate.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // An error could not be handled here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
