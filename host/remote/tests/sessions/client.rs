//! A client of a session: requests and answers go through pipes, as those of a go command do.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use cachewarden_policy_host::{no_account, thread};
use cachewarden_protocol::{RequestReader, ResponseWriter};
use cachewarden_recording::Recorder;
use cachewarden_remote::RemoteTiers;
use cachewarden_session::diagnostics::Diagnostics;
use cachewarden_session::{
    DefaultGrant, Isolation, OperatorLimits, Outcome, Services, SessionConfig, SessionFacts,
    Unlimited, run_session,
};
use cachewarden_store::{DiskPaths, SessionId, Store};
use cachewarden_types::{Digest, Pattern};
use serde_json::{Value, json};

/// A session that runs, and its client.
pub(crate) struct Session {
    requests: PipeWriter,
    answers: BufReader<PipeReader>,
    said: Said,
    session: JoinHandle<Outcome>,
    asked: u64,
}

/// A hit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The bytes of the object.
    pub(crate) bytes: Vec<u8>,
    /// When it was put.
    pub(crate) time: String,
}

impl Session {
    /// Begins a session that reads these scopes and may wait for tiers for so long.
    pub(crate) fn begin(
        store: &Arc<Store>,
        tiers: &Arc<RemoteTiers>,
        scopes: &[&str],
        budget: Duration,
    ) -> Self {
        Self::begin_with(store, tiers, scopes, budget, false)
    }

    /// The same, which perhaps says at its end what it came to (`-v`).
    pub(crate) fn begin_with(
        store: &Arc<Store>,
        tiers: &Arc<RemoteTiers>,
        scopes: &[&str],
        budget: Duration,
        is_verbose: bool,
    ) -> Self {
        let (stdin, requests) = pipe().unwrap();
        let (answers, stdout) = pipe().unwrap();
        let said = Said::default();
        let config = config(scopes, &said, is_verbose);
        let services = Services {
            store: Arc::clone(store),
            remote: Some(cachewarden_session::RemoteTiers {
                tiers: Arc::<RemoteTiers>::clone(tiers),
                budget,
            }),
        };
        let session = thread::spawn("session", move |room| {
            let file = |end: OwnedFd| std::fs::File::from(end);
            let mut source = RequestReader::new(file(stdin.into()));
            let mut sink = ResponseWriter::new(file(stdout.into()));
            run_session(config, &services, room, &mut source, &mut sink).unwrap()
        });
        Self {
            requests,
            answers: BufReader::new(answers),
            said,
            session: session.unwrap(),
            asked: 0,
        }
    }

    /// Asks for actions, all before the first is answered.
    pub(crate) fn get_all(&mut self, actions: &[Digest]) -> Vec<Option<Hit>> {
        let first = self.asked + 1;
        for action in actions {
            self.send(json!({"Command": "get", "ActionID": action.to_base64()}));
        }
        let mut answers: Vec<Value> = actions.iter().map(|_| self.answer()).collect();
        answers.sort_by_key(|answer| answer["ID"].as_u64());
        assert_eq!(answers[0]["ID"], first);
        answers.iter().map(hit).collect()
    }

    /// Asks for an action.
    pub(crate) fn get(&mut self, action: &Digest) -> Option<Hit> {
        self.get_all(&[*action]).pop().unwrap()
    }

    /// Whether a person was told this.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.said.text().contains(text)
    }

    /// Ends the session: what it came to, and what a person was told.
    pub(crate) fn close(mut self) -> (Outcome, String) {
        self.send(json!({"Command": "close"}));
        self.answer();
        let outcome = self.session.join().unwrap();
        (outcome, self.said.text())
    }

    fn send(&mut self, mut request: Value) {
        self.asked += 1;
        request["ID"] = self.asked.into();
        // At once: a session that was closed reads no line break.
        let line = format!("{request}\n");
        self.requests.write_all(line.as_bytes()).unwrap();
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

fn hit(answer: &Value) -> Option<Hit> {
    let path = PathBuf::from(answer["DiskPath"].as_str()?);
    Some(Hit {
        bytes: std::fs::read(path).unwrap(),
        time: answer["Time"].as_str().unwrap().to_owned(),
    })
}

fn config(scopes: &[&str], said: &Said, is_verbose: bool) -> SessionConfig {
    let mut default_grant = DefaultGrant::of(scopes[0].parse().unwrap());
    let others = scopes[1..].iter().map(|scope| scope.parse().unwrap());
    default_grant.read.extend(others);
    SessionConfig {
        facts: SessionFacts {
            started: SystemTime::now(),
            id: SessionId(2),
            seed: 7,
            user: 1000,
            labels: Vec::new(),
            default_grant,
            isolation: Isolation::default(),
            work_folders: None,
            allowed: OperatorLimits {
                read: vec![Pattern::any()],
                write: vec![Pattern::any()],
            },
        },
        policies: Vec::new(),
        recorder: Recorder::none(),
        diagnostics: Diagnostics::to(Box::new(said.clone()), is_verbose),
        paths: DiskPaths::new(None),
        quota: Box::new(Unlimited),
        account: no_account(),
        witnessing: None,
    }
}

/// What a person is told.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
