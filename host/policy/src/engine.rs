//! The engine: how policies are compiled and run, and the clock that looks at running calls.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use wasmtime::{Config, Engine, WasmFeatures};

use super::limits::{LONGEST_TICK, TICK, WASM_STACK};

/// What WebAssembly a policy may use: what today's compilers emit for a library of plain functions. Everything else is
/// off, and what a later engine adds is off too until it stands here: each is more compiler to trust, and none of them
/// helps to decide. docs/hostile-policies.md has the reasons one by one, and a test of each.
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

/// An engine; every policy of this program is compiled and run by one that is made like this.
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
        // A policy is a function of what it is told: no two machines may disagree about the bits of a NaN.
        .cranelift_nan_canonicalization(true)
        .parallel_compilation(true);
    Engine::new(&config)
}

/// Advances the engine's epoch while it lives, so that running calls are looked at.
pub(super) struct Ticker {
    tick_rate: Arc<TickRate>,
    thread: Option<JoinHandle<()>>,
}

/// How fast a ticker ticks: slowly, until a call is found running.
#[derive(Default)]
pub(super) struct TickRate {
    stopped: AtomicBool,
    fast_tick_requested: AtomicBool,
    /// Microseconds between two ticks while no call is found running; 0 stands for the longest.
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

    /// How often the clock has ticked: the engine does not tell its epoch.
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
            // Where it is woken to hurry, this tick comes at once, and the next one soon.
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
    /// Begins to tick, as slowly as any policy allows.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let tick_rate = Arc::new(TickRate::default());
        let (engine, shared) = (engine.clone(), Arc::clone(&tick_rate));
        let thread = thread::Builder::new()
            .name("policy-clock".into())
            .spawn(move || shared.tick(&engine))?;
        // Nobody else sets it.
        let _ = tick_rate.ticker.set(thread.thread().clone());
        Ok(Self {
            tick_rate,
            thread: Some(thread),
        })
    }

    /// A policy has come whose calls must be looked at so often. An interval only ever gets shorter.
    pub(super) fn tick_at_least_every(&self, idle: Duration) {
        if idle < self.tick_rate.idle() {
            let micros = u64::try_from(idle.as_micros()).unwrap_or(u64::MAX).max(1);
            self.tick_rate.idle.store(micros, Ordering::Relaxed);
            if let Some(ticker) = self.tick_rate.ticker.get() {
                ticker.unpark();
            }
        }
    }

    /// What tells it to hurry.
    pub(super) fn tick_rate(&self) -> Arc<TickRate> {
        Arc::clone(&self.tick_rate)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.tick_rate.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It cannot fail, and if it did there would be nothing to do about it.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
