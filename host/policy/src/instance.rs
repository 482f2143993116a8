//! One instance of a policy, with its store, limits, exports and log.
//!
//! Every call of the guest goes through [`Instance::call`], which sets the deadline first. The
//! owner drops an instance after an error, and never calls it again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::{Component, ComponentNamedList, Lift, Lower, TypedFunc};
use wasmtime::{Store, Trap, UpdateDeadline};

use cachewarden_types::{Candidate, Grant, Lookup, Offer, Reach, Refusal, Session, Totals};

use super::account::Account;
use super::component::EXPORTS;
use super::contract;
use super::host::{Log, LogLine, State};
use super::limits::MAX_BYTES_TO_HOST;
use super::wasi::trap_at_deadline;
use super::wire::{
    WireCandidate, WireGrant, WireLookup, WireOffer, WireReach, WireRefusal, WireSession,
    WireTotals,
};
use super::{Defect, Policy};

/// Which call of the policy an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The start function and `_initialize`, when the instance is made.
    Start,
    /// `open`.
    Open,
    /// `get`.
    Get,
    /// `put`.
    Put,
    /// `close`.
    Close,
}

impl Question {
    /// The export's name; `start` for [`Question::Start`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Open => "open",
            Self::Get => "get",
            Self::Put => "put",
            Self::Close => "close",
        }
    }
}

/// The exports that a policy has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Whether it has `open`, which returns a grant.
    pub open: bool,
    /// Whether it has `get`, which decides gets.
    pub get: bool,
    /// Whether it has `put`, which decides puts.
    pub put: bool,
    /// Whether it has `close`, which gets the totals.
    pub close: bool,
}

impl Exports {
    pub(super) fn of(component: &Component) -> Self {
        let [open, get, put, close] =
            EXPORTS.map(|name| component.get_export_index(None, name).is_some());
        Self {
            open,
            get,
            put,
            close,
        }
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// The call trapped, with this message.
    Trap(String),
    /// The call exceeded its time.
    Timeout,
}

/// Why no instance could be made.
#[derive(Debug)]
pub(super) enum StartError {
    /// The policy does not fit the contract.
    Contract(Defect),
    /// Its start code failed.
    CallError(CallError),
}

/// The return type of `open` in the component model.
type OpenAnswer = Result<WireGrant, WireRefusal>;

/// A running instance.
pub(super) struct Instance {
    store: Store<State>,
    open: Option<TypedFunc<(WireSession,), (OpenAnswer,)>>,
    get: Option<TypedFunc<(WireCandidate,), (WireLookup,)>>,
    put: Option<TypedFunc<(WireOffer,), (WireReach,)>>,
    close: Option<TypedFunc<(WireTotals,), ()>>,
    /// How long the last call took, in CPU time.
    pub(super) last_call: Duration,
}

impl Instance {
    /// Makes an instance, whose memory is the account's; its start function and `_initialize` may
    /// take `allowed`. `log` is the log of the session's earlier instances.
    pub(super) fn start(
        policy: &Policy,
        session: &Session,
        account: &Arc<dyn Account>,
        allowed: Duration,
        log: Log,
    ) -> Result<Self, (StartError, Log)> {
        let state = State::new(policy, session, account, log);
        let mut store = Store::new(policy.linked.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(MAX_BYTES_TO_HOST);
        store.epoch_deadline_callback(|mut store| {
            store.data_mut().deadline.check()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store.data_mut().deadline.begin(allowed, Instant::now());
        store.set_epoch_deadline(1);
        let instance = match trap_at_deadline(|| policy.linked.instantiate(&mut store)) {
            Ok(instance) => instance,
            Err(error) => {
                let fault = call_error(&error, &mut store);
                return Err((StartError::CallError(fault), store.into_data().log));
            }
        };
        let exports = policy.exports;
        let functions = (|| {
            Ok((
                typed(
                    &instance,
                    &mut store,
                    exports.open,
                    "open",
                    "func(session: session) -> result<grant, refusal>",
                )?,
                typed(
                    &instance,
                    &mut store,
                    exports.get,
                    "get",
                    "func(candidate: candidate) -> lookup",
                )?,
                typed(
                    &instance,
                    &mut store,
                    exports.put,
                    "put",
                    "func(offer: offer) -> reach",
                )?,
                typed(
                    &instance,
                    &mut store,
                    exports.close,
                    "close",
                    "func(totals: totals)",
                )?,
            ))
        })();
        match functions {
            Ok((open, get, put, close)) => Ok(Self {
                store,
                open,
                get,
                put,
                close,
                last_call: Duration::ZERO,
            }),
            Err(reason) => Err((StartError::Contract(reason), store.into_data().log)),
        }
    }

    /// Calls `open`; `None` where the policy does not export it.
    pub(super) fn open(
        &mut self,
        session: &Session,
        allowed: Duration,
    ) -> Option<Result<Result<Grant, Refusal>, CallError>> {
        let open = self.open?;
        Some(
            self.call(&open, (session.into(),), allowed)
                .map(|(answer,)| answer.map(Grant::from).map_err(Refusal::from)),
        )
    }

    /// Calls `get`; `None` where the policy does not export it.
    pub(super) fn get(
        &mut self,
        candidate: &Candidate,
        allowed: Duration,
    ) -> Option<Result<Lookup, CallError>> {
        let get = self.get?;
        Some(
            self.call(&get, (candidate.into(),), allowed)
                .map(|(verdict,)| verdict.into()),
        )
    }

    /// Calls `put`; `None` where the policy does not export it.
    pub(super) fn put(
        &mut self,
        offer: &Offer,
        allowed: Duration,
    ) -> Option<Result<Reach, CallError>> {
        let put = self.put?;
        Some(
            self.call(&put, (offer.into(),), allowed)
                .map(|(verdict,)| verdict.into()),
        )
    }

    /// Calls `close` with the totals; `None` where the policy does not export it.
    pub(super) fn close(
        &mut self,
        totals: &Totals,
        allowed: Duration,
    ) -> Option<Result<(), CallError>> {
        let close = self.close?;
        Some(self.call(&close, (totals.into(),), allowed))
    }

    /// Moves what the guest has printed through WASI to its log.
    pub(super) fn gather_printed(&mut self) {
        self.store.data_mut().gather_printed();
    }

    /// The lines logged since the last call.
    pub(super) fn take_log(&mut self) -> Vec<LogLine> {
        self.store.data_mut().log.take()
    }

    /// Bytes of linear memory that the instance has.
    pub(super) fn memory_used(&self) -> usize {
        self.store.data().memory.memory_used()
    }

    /// Drops the instance; its log goes on to the next one.
    pub(super) fn into_log(self) -> Log {
        self.store.into_data().log
    }

    fn call<Arguments, Answer>(
        &mut self,
        function: &TypedFunc<Arguments, Answer>,
        arguments: Arguments,
        allowed: Duration,
    ) -> Result<Answer, CallError>
    where
        Arguments: ComponentNamedList + Lower + Send + Sync + 'static,
        Answer: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let began = Instant::now();
        self.store.data_mut().deadline.begin(allowed, began);
        self.store.set_hostcall_fuel(MAX_BYTES_TO_HOST);
        self.store.set_epoch_deadline(1);
        let result = trap_at_deadline(|| function.call(&mut self.store, arguments));
        let wall = began.elapsed();
        let deadline = &mut self.store.data_mut().deadline;
        let is_late = deadline.is_late(wall);
        self.last_call = deadline.used(wall);
        match result {
            Ok(_) if is_late => Err(CallError::Timeout),
            result => result.map_err(|error| call_error(&error, &mut self.store)),
        }
    }
}

fn typed<Arguments, Answer>(
    instance: &wasmtime::component::Instance,
    store: &mut Store<State>,
    is_there: bool,
    name: &str,
    signature: &str,
) -> Result<Option<TypedFunc<Arguments, Answer>>, Defect>
where
    Arguments: ComponentNamedList + Lower,
    Answer: ComponentNamedList + Lift,
{
    if !is_there {
        return Ok(None);
    }
    instance
        .get_typed_func(&mut *store, name)
        .map(Some)
        .map_err(|error| {
            Defect::Contract(format!(
                "its export `{name}` is not the contract's `{signature}` (version {}): {error:#}",
                contract::VERSION
            ))
        })
}

/// The error of a call, in one line; what the guest has printed before it goes to its log.
fn call_error(error: &wasmtime::Error, store: &mut Store<State>) -> CallError {
    store.data_mut().gather_printed();
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => CallError::Timeout,
        // The outermost text is only "error while executing at wasm backtrace" and the backtrace.
        _ => CallError::Trap(error.root_cause().to_string()),
    }
}
