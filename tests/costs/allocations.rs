//! Allocations, counted in this process: a session here serves the same bytes that a helper would
//! read.

use std::fs::File;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_policy_host::no_account;
use cachewarden_policy_host::thread::{self, PolicyThread};
use cachewarden_protocol::{RequestReader, ResponseWriter};
use cachewarden_recording::Recorder;
use cachewarden_session::diagnostics::Diagnostics;
use cachewarden_session::{
    DefaultGrant, Isolation, OperatorLimits, Services, SessionConfig, SessionFacts, Unlimited,
    run_session,
};
use cachewarden_store::{DiskPaths, SessionId, SharedStore, Store};
use cachewarden_types::Pattern;

use super::*;

/// A warm get: who put the entry, the object's path, the texts of the answer.
const GET: f64 = 5.1;

/// A put of a small object: where its bytes go, two names that nobody looks for, the paths of two
/// files, the entry and its line, the answer, and what the session keeps of it.
const PUT: f64 = 32.0;

#[test]
fn allocations_of_a_warm_get() {
    let sandbox = warm();
    let each = of_one(RUNS.map(|count| counted(&sandbox, &gets(count))));
    assert!(each <= GET, "{each} allocations a get, not {GET}");
}

#[test]
fn allocations_of_a_put() {
    let sandboxes = [filled(), filled()];
    let mut runs = RUNS.iter();
    let counts = sandboxes.map(|sandbox| counted(&sandbox, &puts(*runs.next().expect("two"))));
    let each = of_one(counts);
    assert!(each <= PUT, "{each} allocations a put, not {PUT}");
}

/// Serves these requests, and counts what the session's thread allocates meanwhile.
fn counted(sandbox: &Sandbox, requests: &[u8]) -> usize {
    let (store, requests) = (sandbox.store(), requests.to_vec());
    let serve = move |thread: &PolicyThread| {
        let store = Store::open(&store, SharedStore::Deny).expect("the store");
        let services = Services {
            store: Arc::new(store),
            remote: None,
        };
        let mut source = RequestReader::in_memory(&requests[..]);
        let nowhere = File::options()
            .write(true)
            .open("/dev/null")
            .expect("a file that takes everything");
        let mut sink = ResponseWriter::new(nowhere);
        let before = counting::so_far();
        run_session(config(), &services, thread, &mut source, &mut sink).expect("it is served");
        counting::so_far() - before
    };
    let thread = thread::spawn("session", serve).expect("a thread");
    thread.join().expect("it ends well")
}

fn config() -> SessionConfig {
    let any = || vec![Pattern::any()];
    SessionConfig {
        facts: SessionFacts {
            started: SystemTime::now(),
            id: SessionId(1),
            seed: 7,
            user: 0,
            labels: Vec::new(),
            default_grant: DefaultGrant::of("default".parse().expect("a scope")),
            isolation: Isolation::default(),
            // As the helper's sessions.
            work_folders: Some(std::env::temp_dir()),
            allowed: OperatorLimits {
                read: any(),
                write: any(),
            },
        },
        policies: Vec::new(),
        recorder: Recorder::none(),
        diagnostics: Diagnostics::to(Box::new(std::io::sink()), false),
        paths: DiskPaths::new(None),
        quota: Box::new(Unlimited),
        account: no_account(),
        witnessing: None,
    }
}
