//! What the host is to a guest: the state beside an instance, its log, and the imports that it is linked with.

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::contract::{self, Level};
use super::limits::{CallWatch, MAX_LOG_BYTES, MAX_LOG_LINES, SpaceLimiter};
use super::wasi;

/// The interface that a policy imports from the host.
const HOST_INTERFACE: &str = "cachewarden:policy/host";

/// A line that a policy logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// Its text, as the guest gave it.
    pub message: String,
}

/// What the host keeps beside an instance.
pub(super) struct State {
    pub(super) space: SpaceLimiter,
    pub(super) watch: CallWatch,
    pub(super) log: Log,
    pub(super) wasi: Option<wasi::ClosedWasi>,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi
            .as_mut()
            .expect("only a policy that imports wasi:* is linked with it, and has its state")
            .view()
    }
}

/// Log lines that were not taken yet, and how much a session may still log.
#[derive(Debug)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    bytes_left: usize,
    lines_left: usize,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            lines: Vec::new(),
            bytes_left: MAX_LOG_BYTES,
            lines_left: MAX_LOG_LINES,
        }
    }

    /// The lines since the last time.
    pub(super) fn take(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.lines)
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

/// Links a component with what the host gives; says also whether it imports WASI.
pub(super) fn link(
    engine: &Engine,
    component: &Component,
) -> Result<(InstancePre<State>, bool), String> {
    let ty = component.component_type();
    let names: Vec<String> = ty
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let imports_wasi = names.iter().any(|name| name.starts_with("wasi:"));
    let mut linker = Linker::<State>::new(engine);
    let linked = link_host(&mut linker)
        .and_then(|()| match imports_wasi {
            true => wasi::link(&mut linker),
            false => Ok(()),
        })
        .and_then(|()| linker.instantiate_pre(component));
    linked
        .map(|linked| (linked, imports_wasi))
        .map_err(|error| describe_link_error(&names, &error))
}

fn link_host(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker
        .instance(&format!("{HOST_INTERFACE}@{}", contract::VERSION))?
        .func_wrap(
            "log",
            |mut store: StoreContextMut<'_, State>, (level, message): (Level, String)| {
                store.data_mut().log.push(level, message);
                Ok(())
            },
        )
}

fn describe_link_error(imports: &[String], error: &wasmtime::Error) -> String {
    let other = imports
        .iter()
        .filter_map(|name| name.strip_prefix(HOST_INTERFACE)?.strip_prefix('@'))
        .find(|version| *version != contract::VERSION);
    match other {
        Some(version) => format!(
            "it was made for version {version} of the contract, and this cachewarden speaks {}; build it with a guest SDK of that version ({error:#})",
            contract::VERSION
        ),
        None => format!("{error:#}; a policy may import {HOST_INTERFACE} and wasi:* only"),
    }
}
