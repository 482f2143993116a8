//! The closed WASI: what a component gets that imports wasi:*, as those of interpreters do.
//!
//! No files, no network, no environment, no arguments, no input. Clocks stand at the session's start and random
//! numbers come from its seed, so that a replay sees the same; a sleep is over at once, since no call to the host may
//! wait (an epoch cannot interrupt it). What the policy prints goes to its log.

use std::time::Duration;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::SeedableRng;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p2::{DynPollable, add_to_linker_sync};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::limits::{MAX_BYTES_TO_HOST, MAX_LOG_BYTES, MAX_RESOURCES};

/// The state of the closed WASI in one instance.
pub(super) struct ClosedWasi {
    context: WasiCtx,
    table: ResourceTable,
    printed: MemoryOutputPipe,
    /// How much of it was taken.
    taken: usize,
}

impl ClosedWasi {
    /// For a session that started at `started`, in seconds since 1970, and drew `seed`.
    pub(super) fn new(started: u64, seed: u64) -> Self {
        let printed = MemoryOutputPipe::new(MAX_LOG_BYTES);
        let context = WasiCtx::builder()
            .wall_clock(StandingClock(Duration::from_secs(started)))
            .monotonic_clock(StandingClock(Duration::ZERO))
            .secure_random(ChaCha12Rng::seed_from_u64(seed))
            .insecure_random(ChaCha12Rng::seed_from_u64(seed))
            .insecure_random_seed(u128::from(seed))
            .max_random_size(MAX_BYTES_TO_HOST as u64)
            .socket_addr_check(|_, _| Box::pin(async { false }))
            .allow_ip_name_lookup(false)
            .allow_tcp(false)
            .allow_udp(false)
            .stdout(printed.clone())
            .stderr(printed.clone())
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            context,
            table,
            printed,
            taken: 0,
        }
    }

    /// What the policy has printed since the last time. Once it has printed all that a session may log, its streams are
    /// closed to it.
    pub(super) fn take_printed(&mut self) -> Vec<u8> {
        let all = self.printed.contents();
        let new = all[self.taken..].to_vec();
        self.taken = all.len();
        new
    }

    pub(super) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.context,
            table: &mut self.table,
        }
    }
}

/// Adds wasi:* to a linker.
pub(super) fn link<State: WasiView + 'static>(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<State, NoSleep>(linker, |state| Sleepless(state.clocks()))?;
    linker.allow_shadowing(false);
    Ok(())
}

struct NoSleep;

impl HasData for NoSleep {
    type Data<'a> = Sleepless<'a>;
}

/// The monotonic clock without a way to wait.
struct Sleepless<'state>(WasiClocksCtxView<'state>);

impl monotonic_clock::Host for Sleepless<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.0.now()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.0.resolution()
    }

    fn subscribe_instant(&mut self, _when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.0.subscribe_duration(0)
    }

    fn subscribe_duration(&mut self, _duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.0.subscribe_duration(0)
    }
}

struct StandingClock(Duration);

impl HostWallClock for StandingClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for StandingClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}
