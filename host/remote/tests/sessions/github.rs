//! The cache of GitHub Actions, as a job has it. What version of the service there is only a variable of
//! the process says, so each test runs itself again in a process that has it.

use std::process::Command;

use cachewarden_remote::{Address, Credentials};
use cachewarden_servers::{GitHub, WRITER};

/// The variable of a process that is such a job.
const JOB: &str = "CACHEWARDEN_TEST_JOB";

/// As many uploads as no test makes.
const UPLOADS: usize = 10_000;

/// A job, and the service that it has to itself.
pub(crate) struct Job {
    pub(crate) service: GitHub,
    pub(crate) address: Address,
    pub(crate) credentials: Credentials,
}

impl Job {
    /// That of this process; or, where this is none, `None` once the test, which has this path, has run
    /// in one.
    pub(crate) fn of_test(path: &str) -> Option<Self> {
        if std::env::var_os(JOB).is_none() {
            run_again(path);
            return None;
        }
        let service = GitHub::with_uploads(UPLOADS);
        let address = format!("ghac:prefix?endpoint={}", service.url());
        Some(Self {
            service,
            address: Address::parse(&address).unwrap(),
            credentials: Credentials::default(),
        })
    }
}

fn run_again(path: &str) {
    let (_, name) = path.split_once("::").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(JOB, "1")
        .env("ACTIONS_CACHE_SERVICE_V2", "True")
        .env("ACTIONS_RUNTIME_TOKEN", WRITER)
        .env_remove("GITHUB_SERVER_URL")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    assert!(text.contains("1 passed"), "{text}");
}
