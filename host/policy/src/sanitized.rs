//! Runs all unsafe code of this program: `cargo xtask test --all` runs this test again with a
//! sanitizer. Compiled code is saved, loaded, and run to its end, with every policy of the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::owner_only_dir::OwnerOnlyDir;
use super::thread::{self, PolicyThread};
use super::*;
use cachewarden_types::{Candidate, Facts, Kind, Offer, Role, Session, Totals};

#[test]
fn what_was_compiled_and_kept_is_loaded_and_runs() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/policies");
    // With the stack of a session.
    let run_all = move |thread: &PolicyThread| {
        let files = fs::read_dir(policies).unwrap();
        files
            .filter(|file| runs(file.as_ref().unwrap().path(), thread))
            .count()
    };
    let ran = thread::spawn("policies", run_all).unwrap().join().unwrap();
    assert!(ran > 10, "most of them are policies: {ran}");
}

#[test]
fn a_start_that_fails_counts_in_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.wat");
    fs::write(
        &file,
        r#"(module
            (start $start)
            (func $start unreachable)
            (func (export "close") (param i64 i64 i64 i64 i64 i64 i64)))"#,
    )
    .unwrap();
    let used = |thread: &PolicyThread| {
        let warden = opened(file, thread).unwrap();
        assert!(warden.is_off());
        warden.used()
    };
    let used = thread::spawn("policy", used).unwrap().join().unwrap();
    assert!(used > Duration::ZERO);
}

/// Whether there was something to run: some policies of the tests cannot be loaded.
fn runs(file: PathBuf, thread: &PolicyThread) -> bool {
    let Some(mut warden) = opened(file, thread) else {
        return false;
    };
    let (action, output) = (Digest::of(b"action"), Digest::of(b"output"));
    for _ in 0..3 {
        warden.get(&Candidate {
            action,
            output,
            size: 1,
            age: 1,
            scope: 0,
            kind: Kind::Other,
            role: Role::Unknown,
            facts: Facts::NONE,
        });
        warden.put(&Offer {
            action,
            output,
            size: 1,
            kind: Kind::Other,
            role: Role::Unknown,
            facts: Facts::NONE,
        });
    }
    warden.close(&Totals::default());
    true
}

/// A session with a policy that was compiled in this process.
fn opened(file: PathBuf, thread: &PolicyThread) -> Option<PolicySession> {
    let bytes = fs::read(&file).unwrap();
    let sandbox = Sandbox::start().unwrap();
    let engine = &sandbox.engine;
    let compiled = component::componentise(bytes.clone()).and_then(|component| {
        engine
            .precompile_component(&component)
            .map_err(|error| Defect::Compilation(error.to_string()))
    });
    let Ok(image) = compiled else {
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::new(folder.path().join("compiled"));
    OwnerOnlyDir::make(cache.folder()).unwrap();
    cache.save(engine, &Digest::of(&bytes), &image).unwrap();
    let source = PolicySource { file, pin: None };
    // A sanitizer is slow.
    let limits = Limits {
        deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let compiles = || panic!("it is kept already");
    let Ok(policy) = sandbox.load(&source, limits, Some(&cache), compiles) else {
        return None;
    };
    let session = Session {
        started: 1_800_000_000,
        seed: 7,
        labels: Vec::new(),
        readable: vec!["*".into()],
        writable: vec!["*".into()],
        settings: "{}".into(),
    };
    let (warden, _) = PolicySession::open(policy, session, thread).ok()?;
    Some(warden)
}
