//! A store in a temporary folder, and sessions on it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use cachewarden_content::Content;
use cachewarden_policy_host::{Limits, Policy, Sandbox, no_account, thread};
use cachewarden_protocol::RequestSource;
use cachewarden_recording::Recorder;
use cachewarden_store::{
    DiskPaths, Entry, NewEntry, Reach, Right, SessionId, SharedStore, Store, StoreError,
};
use cachewarden_types::{Digest, Facts, Kind, Pattern, Role, ScopeName, reasons};
use serde_json::Value;
use tempfile::TempDir;

use super::wire::{Answer, Answers, Call, Requests};
use crate::config::no_settings;
use crate::diagnostics::Diagnostics;
use crate::{
    DefaultGrant, Isolation, OperatorLimits, Outcome, PolicyConfig, Quota, RemoteTiers, Services,
    SessionConfig, SessionError, SessionFacts, Witnessing, run_session,
};

/// Numbers that are no verdict, as `as-asked` takes them: it answers nonsense, or traps.
pub(super) const NONSENSE: u8 = 99;
pub(super) const TRAP: u8 = 255;

/// The user of each session.
pub(super) const USER: u32 = 1000;

/// One engine for all tests of this crate.
static SANDBOX: LazyLock<Arc<Sandbox>> = LazyLock::new(|| Sandbox::start().unwrap());

/// A policy of `tests/policies/`.
macro_rules! policy {
    ($name:literal) => {
        $crate::tests::world::compiled(
            concat!($name, ".wat"),
            include_str!(concat!("../../../../tests/policies/", $name, ".wat")),
        )
    };
}
pub(super) use policy;

/// A policy of this text.
pub(super) fn compiled(name: &str, text: &str) -> Arc<Policy> {
    SANDBOX
        .compile_in_process(name, text.into(), Limits::default())
        .unwrap()
}

/// An action that tells `as-asked` its verdicts on a get and on a put.
pub(super) fn asking(get: u8, put: u8, name: &str) -> Digest {
    let mut action = *Digest::of(name.as_bytes()).as_bytes();
    action[..2].copy_from_slice(&[get, put]);
    Digest::from_bytes(action)
}

/// A store and its folder.
pub(super) struct World {
    folder: TempDir,
    pub(super) store: Arc<Store>,
}

/// What a session came to.
pub(super) struct Played {
    pub(super) outcome: Result<Outcome, SessionError>,
    pub(super) answers: Vec<(i64, Answer)>,
    pub(super) is_finished: bool,
    /// What a person was told.
    pub(super) said: String,
    /// The lines of its recording.
    pub(super) recording: Vec<Value>,
}

/// A session that is to be played.
pub(super) struct Script<'world> {
    pub(super) world: &'world World,
    pub(super) policies: Vec<Arc<Policy>>,
    pub(super) scope: &'static str,
    pub(super) readable: &'static [&'static str],
    pub(super) writable: &'static [&'static str],
    pub(super) isolation: Isolation,
    /// Scopes that are read after the default one where no policy chooses.
    pub(super) also_read: &'static [&'static str],
    /// Bytes that may be kept.
    pub(super) quota: u64,
    /// Who it is as a witness.
    pub(super) witnessing: Option<Witnessing>,
    /// Storage beyond this machine.
    pub(super) remote: Option<RemoteTiers>,
    /// Where the go command has its work folder, if programs are taken.
    pub(super) work_folders: Option<PathBuf>,
}

/// So many bytes.
struct Bytes(u64);

impl Quota for Bytes {
    fn take(&mut self, size: u64) -> Option<&'static str> {
        match self.0.checked_sub(size) {
            Some(rest) => {
                self.0 = rest;
                None
            }
            None => Some(reasons::QUOTA),
        }
    }

    fn refuses(&self, size: u64) -> Option<&'static str> {
        (size > self.0).then_some(reasons::QUOTA)
    }

    fn replaced(&mut self, _size: u64) {}
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(|folder| Store::open(&folder.join("store"), SharedStore::Deny))
    }

    /// With a store that a daemon owns.
    pub(super) fn owned() -> Self {
        Self::of(|folder| Store::open_owned(&folder.join("store"), &folder.join("private")))
    }

    fn of(open: impl FnOnce(&Path) -> Result<Store, StoreError>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).unwrap();
        Self {
            store: Arc::new(store),
            folder,
        }
    }

    /// The same upon the stores of these worlds as bases.
    pub(super) fn upon(bases: &[&Self]) -> Self {
        let mut world = Self::new();
        let store = Arc::get_mut(&mut world.store).unwrap();
        for base in bases {
            let added = store.add_base(&base.path("store"), SharedStore::Deny);
            added.unwrap();
        }
        world
    }

    /// A path below its folder; the store is `store`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of an object.
    pub(super) fn object(&self, bytes: &[u8]) -> PathBuf {
        self.path("store/objects")
            .join(Digest::of(bytes).file_path().as_str())
    }

    /// Puts an object, and an entry that names it, as a session without a policy does.
    pub(super) fn fill(&self, scope: &str, action: &Digest, bytes: &[u8]) {
        let content = Content {
            kind: Kind::Other,
            role: Role::Unknown,
            facts: Facts::NONE,
        };
        self.fill_with(scope, action, bytes, content);
    }

    /// The same with an entry that says what it is for and what the object is.
    pub(super) fn fill_with(&self, scope: &str, action: &Digest, bytes: &[u8], content: Content) {
        let output = Digest::of(bytes);
        let mut writer = self.store.receive(output);
        writer.write(bytes);
        writer.finish().unwrap();
        let new = NewEntry {
            output,
            size: bytes.len() as u64,
            content,
            lifetime: None,
            reach: Reach::Local,
            producer: SessionId(1),
            user: USER,
        };
        let scope: ScopeName = scope.parse().unwrap();
        self.store
            .put_entry(&scope, action, new, SystemTime::now())
            .unwrap();
    }

    /// What the store has for an action.
    pub(super) fn entry(&self, scope: &str, action: &Digest) -> Option<Entry> {
        let scope: ScopeName = scope.parse().unwrap();
        let found = self
            .store
            .lookup(&scope, Right::Read, action, SystemTime::now())?;
        Some(found.entry)
    }

    /// A session without a policy that may do everything.
    pub(super) fn script(&self) -> Script<'_> {
        Script {
            world: self,
            policies: Vec::new(),
            scope: "default",
            readable: &["*"],
            writable: &["*"],
            isolation: Isolation::default(),
            also_read: &[],
            quota: u64::MAX,
            witnessing: None,
            remote: None,
            work_folders: None,
        }
    }

    /// A session with one policy.
    pub(super) fn with(&self, policy: Arc<Policy>) -> Script<'_> {
        Script {
            policies: vec![policy],
            ..self.script()
        }
    }
}

impl Script<'_> {
    /// Plays these requests to the end.
    pub(super) fn play(&self, calls: Vec<Call>) -> Played {
        self.play_with(Requests::new(calls), Answers::default())
    }

    /// The same with another client.
    pub(super) fn play_with(&self, source: Requests, mut sink: Answers) -> Played {
        sink.held_back = Arc::clone(&source.held_back);
        self.play_from(source, sink)
    }

    /// The same with any source of requests.
    pub(super) fn play_from(
        &self,
        mut source: impl RequestSource + Send + 'static,
        mut sink: Answers,
    ) -> Played {
        let said = Said::default();
        let recording = self.world.path("recording");
        let _ = fs::remove_file(&recording);
        let config = self.config(&said, Recorder::append(&recording, "id", &[]).unwrap());
        let services = Services {
            store: Arc::clone(&self.world.store),
            remote: self.remote.clone(),
        };
        let session = thread::spawn("session", move |room| {
            let outcome = run_session(config, &services, room, &mut source, &mut sink);
            (outcome, sink)
        });
        let (outcome, sink) = match session.unwrap().join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let lines = fs::read_to_string(recording).unwrap();
        let said = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
        Played {
            outcome,
            answers: sink.given,
            is_finished: sink.is_finished,
            said,
            recording: lines
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        }
    }

    fn default_grant(&self) -> DefaultGrant {
        let mut default = DefaultGrant::of(self.scope.parse().unwrap());
        let others = self.also_read.iter().map(|scope| scope.parse().unwrap());
        default.read.extend(others);
        default
    }

    fn config(&self, said: &Said, recorder: Recorder) -> SessionConfig {
        let patterns = |patterns: &[&str]| -> Vec<Pattern> {
            patterns
                .iter()
                .map(|pattern| pattern.parse().unwrap())
                .collect()
        };
        let policy = |policy: &Arc<Policy>| PolicyConfig {
            policy: Arc::clone(policy),
            settings: no_settings(),
        };
        SessionConfig {
            facts: SessionFacts {
                started: SystemTime::now(),
                id: SessionId(2),
                seed: 7,
                user: USER,
                labels: Vec::new(),
                default_grant: self.default_grant(),
                isolation: self.isolation.clone(),
                work_folders: self.work_folders.clone(),
                allowed: OperatorLimits {
                    read: patterns(self.readable),
                    write: patterns(self.writable),
                },
            },
            policies: self.policies.iter().map(policy).collect(),
            recorder,
            diagnostics: Diagnostics::to(Box::new(said.clone()), false),
            paths: DiskPaths::new(None),
            quota: Box::new(Bytes(self.quota)),
            account: no_account(),
            witnessing: self.witnessing,
        }
    }
}

impl Played {
    /// The names of the answers, in the order of their requests.
    #[track_caller]
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut answers: Vec<_> = self.answers.iter().collect();
        answers.sort_by_key(|(id, _)| *id);
        answers.iter().map(|(_, answer)| answer.name()).collect()
    }

    /// The answer to one request.
    #[track_caller]
    pub(super) fn answer(&self, id: i64) -> &Answer {
        let mut answers = self.answers.iter().filter(|(of, _)| *of == id);
        let (_, answer) = answers.next().expect("an answer");
        assert!(answers.next().is_none(), "two answers to {id}");
        answer
    }

    /// What was answered without a question or against a verdict, and why.
    pub(super) fn reasons(&self) -> Vec<(&str, &str)> {
        let answers = self
            .recording
            .iter()
            .filter(|line| line["line"] == "answer");
        answers
            .map(|line| {
                let text = |field: &str| line[field].as_str().unwrap();
                (text("answer"), text("reason"))
            })
            .collect()
    }

    /// What was counted.
    #[track_caller]
    pub(super) fn outcome(&self) -> &Outcome {
        self.outcome.as_ref().unwrap()
    }
}

/// What a person is told.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
