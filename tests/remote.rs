//! Remote tiers, from outside: stores on one machine stand for several machines, and a tier is
//! between them.

mod credentials;
mod doctor;
mod documentation;
mod flush;
mod housekeeping;
mod lies;
mod machines;
mod outages;
mod servers;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use cachewarden_servers::{Server, Variables};

use crate::support::*;

/// A tier that machines share.
#[derive(Clone)]
struct Tier {
    url: String,
    /// What opens it.
    variables: Variables,
}

impl Tier {
    /// A tier on a real server.
    fn on(server: &Server, prefix: &str) -> Self {
        Self {
            url: server.tier(prefix),
            variables: server.credentials.clone(),
        }
    }

    /// The same, which this option of the address makes another one.
    fn with(&self, option: &str) -> Self {
        let sign = if self.url.contains('?') { '&' } else { '?' };
        Self {
            url: format!("{}{sign}{option}", self.url),
            variables: self.variables.clone(),
        }
    }

    /// A machine that has nothing yet.
    fn machine(&self) -> Machine {
        let mut machine = Machine::with(&self.url);
        for (name, value) in &self.variables {
            machine.sandbox.set(name, value);
        }
        machine
    }
}

/// A machine: a home and a store of its own, and the same module as on the others.
struct Machine {
    sandbox: Sandbox,
    remote: String,
}

impl Machine {
    /// A machine that shares this tier.
    fn with(remote: impl Into<String>) -> Self {
        Self {
            sandbox: Sandbox::with_kept_policies(),
            remote: remote.into(),
        }
    }

    /// Its module, built with these further options of the helper.
    fn project(&self, options: &str) -> GoProject<'_> {
        self.project_of(GREETING, options)
    }

    /// Another module.
    fn project_of(&self, sources: &[(&str, &str)], options: &str) -> GoProject<'_> {
        let options = format!("-v --remote '{}' {options}", self.remote);
        GoProject::new(&self.sandbox, GO, sources).with_helper(&options)
    }

    /// Sends what waits, and says what came of it.
    #[track_caller]
    fn flush(&self) -> Outcome {
        // An uploader of a session that has just ended may be at it.
        self.sandbox
            .run(&["flush", "--remote", &self.remote, "--timeout", "60s"])
    }
}

/// A build of little, where each of many machines begins with nothing.
const LITTLE: [&str; 3] = ["build", "-trimpath", "./lib"];

/// How entries may be laid out in a bucket: options of its address.
const LAYOUTS: [&str; 2] = ["", "?layout=single"];

/// A folder that several machines share, and the address of a tier there.
struct Bucket {
    sandbox: Sandbox,
    options: &'static str,
}

impl Bucket {
    fn new() -> Self {
        Self::with("")
    }

    fn with(options: &'static str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.folder("bucket");
        Self { sandbox, options }
    }

    /// A bucket that a small build has filled.
    fn filled(options: &'static str) -> Self {
        let bucket = Self::with(options);
        let machine = Machine::with(bucket.url());
        machine.project_of(RUNES, "").go(&LITTLE).succeeded();
        machine.flush().succeeded();
        bucket
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path("bucket")
    }

    fn tier(&self) -> Tier {
        Tier {
            url: self.url(),
            variables: Variables::new(),
        }
    }

    fn url(&self) -> String {
        format!("file://{}{}", self.folder().display(), self.options)
    }

    /// The files of it that a path with this part leads to.
    fn files(&self, part: &str) -> Vec<PathBuf> {
        let mut files: Vec<_> = files_below(&self.folder())
            .into_iter()
            .filter(|path| path.to_string_lossy().contains(part))
            .collect();
        files.sort();
        files
    }
}

/// How a policy of examples/ is asked about a build of this ref.
fn asked_about(policy: &str, git_ref: &str, event: &str) -> String {
    format!(
        "--policy '{}' --label GITHUB_REPOSITORY=acme/widget --label GITHUB_REF={git_ref} --label GITHUB_EVENT_NAME={event}",
        guest(policy).display()
    )
}

/// What a go command's helpers say about the tiers: hits from there.
fn remote_hits(stderr: &str) -> u64 {
    let parts = stderr.lines().flat_map(|line| line.split("; "));
    let hits = parts.filter_map(|part| part.strip_prefix("remote "));
    hits.filter_map(|part| part.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// What a go command's helpers have waited for tiers, in seconds.
fn waited(stderr: &str) -> f64 {
    let parts = stderr.split(", waited ").skip(1);
    let waits = parts.filter_map(|part| part.split(' ').next()?.parse::<f64>().ok());
    waits.sum()
}

/// A scope's folder in a store.
fn scope(store: &Path, name: &str) -> PathBuf {
    store.join("scopes").join(name)
}

/// A server that answers each connection so.
fn served_by(answer: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let socket = listener.local_addr().expect("its number");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || answer(client));
        }
    });
    socket
}
