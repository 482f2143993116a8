//! The empty WASI: the host's functions for a component that imports wasi:*, as those with an
//! interpreter do.
//!
//! There are no files, no network, no environment, no arguments and no input. Clocks show the
//! session's start, and random numbers come from its seed, so a replay sees the same. A sleep
//! returns at once, because no call to the host may block (an epoch cannot interrupt it). What the
//! policy prints goes to its log.
//!
//! Every function first checks the time of the call. The bytes that a guest passes are counted by
//! the functions that take strings or lists and can be called with the handles that a guest has;
//! the others fail at their first handle.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::SeedableRng;
use wasmtime::Trap;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, network};
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p2::{DynOutputStream, DynPollable, StreamResult, add_to_linker_sync};
use wasmtime_wasi::sockets::WasiSocketsView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::call_deadline::CallDeadline;
use super::host::{State, add};
use super::limits::{MAX_BYTES_TO_HOST, MAX_LOG_BYTES, MAX_RESOURCES};

/// The state of the empty WASI in one instance.
pub(super) struct EmptyWasi {
    context: WasiCtx,
    table: ResourceTable,
    printed: MemoryOutputPipe,
    /// How many bytes of it were taken.
    taken: usize,
}

impl EmptyWasi {
    /// For a session with this start, in seconds since 1970, and this seed.
    pub(super) fn new(started: u64, seed: u64) -> Self {
        let printed = MemoryOutputPipe::new(MAX_LOG_BYTES);
        let context = WasiCtx::builder()
            .wall_clock(FrozenClock(Duration::from_secs(started)))
            .monotonic_clock(FrozenClock(Duration::ZERO))
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

    /// What the policy has printed since the last call. Once it has printed as much as a session
    /// may log, its streams are closed.
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

/// The version of the engine's interfaces; a component may import any earlier version of 0.2.
const VERSION: &str = "0.2.12";

/// The panic payload of a call whose time was up.
struct TimeIsUp;

/// Checks the call if there was a tick since. The engine's WASI gets its state through a function
/// that cannot fail, so this unwinds, to [`trap_at_deadline`], through frames of the engine that
/// expect it of any host function.
pub(super) fn check_at_tick(deadline: &mut CallDeadline) {
    if deadline.check_at_tick().is_err() {
        // Not a panic: the panic hook is not called, and nothing is printed.
        resume_unwind(Box::new(TimeIsUp));
    }
}

/// Calls a guest. After an error, its instance must not be used again.
pub(super) fn trap_at_deadline<Answer>(
    call: impl FnOnce() -> wasmtime::Result<Answer>,
) -> wasmtime::Result<Answer> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(payload) if payload.is::<TimeIsUp>() => Err(Trap::Interrupt.into()),
        Err(payload) => resume_unwind(payload),
    }
}

/// Adds wasi:* to a linker.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<State, NonBlockingClocks>(linker, |state| {
        NonBlockingClock(state.clocks())
    })?;
    link_counted(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The arguments of a write: the handle of a stream, and bytes.
type Written = (Resource<DynOutputStream>, Vec<u8>);

/// The functions that take strings or lists: they count the bytes and call the engine's functions.
fn link_counted(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut output = linker.instance(&format!("wasi:io/streams@{VERSION}"))?;
    add(
        &mut output,
        "[method]output-stream.write",
        |state, written: Written| write(state, written, streams::HostOutputStream::write),
    )?;
    add(
        &mut output,
        "[method]output-stream.blocking-write-and-flush",
        |state, written: Written| {
            write(
                state,
                written,
                streams::HostOutputStream::blocking_write_and_flush,
            )
        },
    )?;
    let mut polling = linker.instance(&format!("wasi:io/poll@{VERSION}"))?;
    add(
        &mut polling,
        "poll",
        |state, (pollables,): (Vec<Resource<DynPollable>>,)| {
            state.deadline.count_bytes(size_of_val(&*pollables))?;
            Ok((poll::Host::poll(state.ctx().table, pollables)?,))
        },
    )?;
    let mut names = linker.instance(&format!("wasi:sockets/ip-name-lookup@{VERSION}"))?;
    add(
        &mut names,
        "resolve-addresses",
        |state, (network, name): (Resource<ip_name_lookup::Network>, String)| {
            state.deadline.count_bytes(name.len())?;
            let mut sockets = state.sockets();
            let result = ip_name_lookup::Host::resolve_addresses(&mut sockets, network, name);
            Ok((match result {
                Ok(stream) => Ok(stream),
                Err(error) => Err(network::Host::convert_error_code(&mut sockets, error)?),
            },))
        },
    )
}

fn write(
    state: &mut State,
    (stream, bytes): Written,
    write: impl Fn(&mut ResourceTable, Resource<DynOutputStream>, Vec<u8>) -> StreamResult<()>,
) -> wasmtime::Result<(Result<(), streams::StreamError>,)> {
    state.deadline.count_bytes(bytes.len())?;
    let table = state.ctx().table;
    Ok((match write(table, stream, bytes) {
        Ok(()) => Ok(()),
        Err(error) => Err(streams::Host::convert_stream_error(table, error)?),
    },))
}

struct NonBlockingClocks;

impl HasData for NonBlockingClocks {
    type Data<'a> = NonBlockingClock<'a>;
}

/// The monotonic clock, without functions that wait.
struct NonBlockingClock<'state>(WasiClocksCtxView<'state>);

impl monotonic_clock::Host for NonBlockingClock<'_> {
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

struct FrozenClock(Duration);

impl HostWallClock for FrozenClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for FrozenClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}
