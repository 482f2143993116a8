//! The host's side of an instance: its state, its log, and its imports.

use std::sync::Arc;

use wasmtime::component::{
    Component, ComponentNamedList, InstancePre, Lift, Linker, LinkerInstance, Lower,
};
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::{WasiCtxView, WasiView};

use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use cachewarden_types::{Level, Session};

use super::Policy;
use super::account::Account;
use super::call_deadline::CallDeadline;
use super::component::missing_exports_message;
use super::contract::{self, HOST_INTERFACE};
use super::instance::Exports;
use super::limits::{MAX_LOG_BYTES, MAX_LOG_LINES};
use super::memory_limiter::MemoryLimiter;
use super::wire::WireLevel;
use super::{Defect, adapters, wasi};

/// A log line of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level that the policy gave.
    pub level: Level,
    /// The text, as the policy gave it.
    pub message: String,
}

/// The host's state of an instance.
pub(super) struct State {
    pub(super) memory: MemoryLimiter,
    pub(super) deadline: CallDeadline,
    pub(super) log: Log,
    pub(super) entropy: SessionEntropy,
    wasi: Option<wasi::EmptyWasi>,
}

impl State {
    /// The state of a new instance; `log` is the log of the session's earlier instances.
    pub(super) fn new(
        policy: &Policy,
        session: &Session,
        account: &Arc<dyn Account>,
        log: Log,
    ) -> Self {
        let Policy {
            limits, sandbox, ..
        } = policy;
        Self {
            memory: MemoryLimiter::new(limits, &sandbox.usage, account),
            deadline: CallDeadline::new(limits.deadline, sandbox.ticker.tick_rate()),
            log,
            entropy: SessionEntropy::new(session),
            wasi: policy
                .imports_wasi
                .then(|| wasi::EmptyWasi::new(session.started, session.seed)),
        }
    }

    /// Moves what the guest printed through WASI to the log.
    pub(super) fn gather_printed(&mut self) {
        if let Some(wasi) = &mut self.wasi {
            let printed = wasi.take_printed();
            self.log
                .print(Level::Warn, &String::from_utf8_lossy(&printed));
        }
    }
}

/// The time and the random numbers of a session, for guests that need them: both come from recorded
/// values, so a replay gets the same.
pub(super) struct SessionEntropy {
    started: u64,
    numbers: ChaCha12Rng,
}

impl SessionEntropy {
    fn new(session: &Session) -> Self {
        Self {
            started: session.started,
            numbers: ChaCha12Rng::seed_from_u64(session.seed),
        }
    }

    /// When the session started, in nanoseconds since 1970. The clock does not advance.
    pub(super) fn clock_nanoseconds(&self) -> u64 {
        // Not zero: Go's runtime does not start at time zero.
        self.started.saturating_mul(1_000_000_000).max(1)
    }

    /// The next number drawn from the session's seed.
    pub(super) fn next_word(&mut self) -> u64 {
        self.numbers.next_u64()
    }
}

impl WasiView for State {
    // Every function of WASI calls this first.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        wasi::check_at_tick(&mut self.deadline);
        self.wasi
            .as_mut()
            .expect("only a policy that imports wasi:* is linked with it, and has its state")
            .view()
    }
}

/// The log lines that were not taken yet, and how much the session may still log.
#[derive(Debug)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    /// Printed text whose line is not complete yet.
    unended: Option<LogLine>,
    bytes_left: usize,
    lines_left: usize,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            lines: Vec::new(),
            unended: None,
            bytes_left: MAX_LOG_BYTES,
            lines_left: MAX_LOG_LINES,
        }
    }

    /// The lines since the last call.
    pub(super) fn take(&mut self) -> Vec<LogLine> {
        self.end_line();
        std::mem::take(&mut self.lines)
    }

    /// Adds printed text; a line may come in pieces.
    pub(super) fn print(&mut self, level: Level, text: &str) {
        for piece in text.split_inclusive('\n') {
            let line = self.unended.get_or_insert_with(|| LogLine {
                level,
                message: String::new(),
            });
            let room = self.bytes_left.saturating_sub(line.message.len());
            let cut = piece.floor_char_boundary(room);
            line.message.push_str(&piece[..cut]);
            if piece.ends_with('\n') || cut < piece.len() {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if let Some(line) = self.unended.take() {
            let message = line.message.trim_end();
            if !message.is_empty() {
                self.push(line.level, message.to_owned());
            }
        }
    }

    fn push(&mut self, level: Level, mut message: String) {
        if self.lines_left == 0 {
            return;
        }
        self.lines_left -= 1;
        if message.len() > self.bytes_left || self.lines_left == 0 {
            let cut = message.floor_char_boundary(self.bytes_left);
            message.truncate(cut);
            message
                .push_str(" [the policy has logged all that a session may; the rest is dropped]");
            self.lines_left = 0;
            self.bytes_left = 0;
        } else {
            self.bytes_left -= message.len();
        }
        self.lines.push(LogLine { level, message });
    }
}

/// Links a component with the host's functions; also returns whether it imports WASI.
pub(super) fn link(
    engine: &Engine,
    component: &Component,
) -> Result<(InstancePre<State>, bool), Defect> {
    if Exports::of(component) == Exports::default() {
        return Err(Defect::Contract(missing_exports_message(&[])));
    }
    let ty = component.component_type();
    let names: Vec<String> = ty
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    for version in names
        .iter()
        .filter_map(|name| contract::version_imported(name))
    {
        contract::check(version).map_err(|error| Defect::Contract(error.to_string()))?;
    }
    let imports_wasi = names.iter().any(|name| name.starts_with("wasi:"));
    let mut linker = Linker::<State>::new(engine);
    let is_adapted = names.iter().any(|name| name.starts_with(adapters::PACKAGE));
    let linked = link_host(&mut linker)
        .and_then(|()| match is_adapted {
            true => adapters::link(&mut linker),
            false => Ok(()),
        })
        .and_then(|()| match imports_wasi {
            true => wasi::link(&mut linker),
            false => Ok(()),
        })
        .and_then(|()| linker.instantiate_pre(component));
    linked
        .map(|linked| (linked, imports_wasi))
        .map_err(|error| {
            Defect::Contract(format!(
                "{error:#}; a policy may import {HOST_INTERFACE} and wasi:* only"
            ))
        })
}

fn link_host(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut host = linker.instance(&format!("{HOST_INTERFACE}@{}", contract::VERSION))?;
    add(
        &mut host,
        "log",
        |state, (level, message): (WireLevel, String)| {
            state.deadline.count_bytes(message.len())?;
            state.log.push(level.into(), message);
            Ok(())
        },
    )
}

/// Adds a host function: before and after it, the time of the guest's call is checked. The function
/// itself counts the bytes that it gets.
pub(super) fn add<Arguments, Answer>(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    function: impl Fn(&mut State, Arguments) -> wasmtime::Result<Answer> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    Arguments: ComponentNamedList + Lift + 'static,
    Answer: ComponentNamedList + Lower + Send + Sync + 'static,
{
    instance.func_wrap(
        name,
        move |mut store: StoreContextMut<'_, State>, arguments: Arguments| {
            store.data_mut().deadline.check_at_tick()?;
            let answer = function(store.data_mut(), arguments)?;
            let left = store.data().deadline.bytes_left();
            store.set_hostcall_fuel(left);
            store.data_mut().deadline.check_at_tick()?;
            Ok(answer)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::engine;

    #[test]
    fn a_component_that_exports_nothing_of_the_contract_is_refused() {
        let engine = engine().unwrap();
        let bytes = wat::parse_str("(component)").unwrap();
        let component = Component::from_binary(&engine, &bytes).unwrap();
        let error = link(&engine, &component).err().unwrap();
        assert!(
            error
                .to_string()
                .contains("`put: func(offer: offer) -> reach`"),
            "{error}"
        );
    }
}
