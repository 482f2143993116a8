//! A daemon in a sandbox, and jobs of other users that connect to it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, LazyLock, Mutex};

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use super::cannot_be_tested;
use crate::support::*;

/// Users of jobs, which nothing else on the machine has.
pub(super) const MAIN: u32 = 54_401;
pub(super) const FORK: u32 = 54_402;
pub(super) const TEAM: u32 = 54_403;
pub(super) const RELEASE: u32 = 54_404;
pub(super) const NOBODY_KNOWN: u32 = 54_405;

/// The program where every user can run it: the target folder may be root's alone.
static PROGRAM_FOR_ALL: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("cachewarden-for-all-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    open_to_all(&folder);
    let program = folder.join("cachewarden");
    copy_program(&program);
    program
});

/// Whether jobs of other users can be run. Where not, it is said; in CI that is a failure.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root() || not_tested("only root can run jobs of other users")
}

/// Says why a test is not run, which in CI is a failure.
fn not_tested(why: &str) -> bool {
    cannot_be_tested(why);
    false
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// What a daemon has logged.
#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    changed: Condvar,
}

/// A daemon, and the jobs around it.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    /// The daemon's folder, in the sandbox.
    state: String,
    /// File systems in the sandbox.
    mounts: Vec<PathBuf>,
    daemon: Option<Child>,
    log: Arc<Log>,
}

impl World {
    /// A daemon with these tenants.
    #[track_caller]
    pub(super) fn with(tenants: &str) -> Self {
        let mut world = Self::without_daemon();
        world.configure(tenants);
        world.start();
        world
    }

    /// A world whose daemon is not started yet.
    pub(super) fn without_daemon() -> Self {
        let world = Self {
            sandbox: Sandbox::new(),
            state: "state".to_owned(),
            mounts: Vec::new(),
            daemon: None,
            log: Arc::default(),
        };
        open_to_all(&world.sandbox.path(""));
        world
    }

    /// Lets the daemon keep what it has in this folder of the sandbox.
    pub(super) fn keep_in(&mut self, folder: &str) {
        self.sandbox.folder(folder);
        self.state = Path::new(folder).join("state").display().to_string();
    }

    /// Puts an empty file system of so many KiB in place of a folder of the sandbox, until the end.
    /// Returns whether this machine allows it; where not, it is said, and in CI it is a failure.
    pub(super) fn mount_tiny(&mut self, folder: &str, kibibytes: u32) -> bool {
        let path = self.sandbox.folder(folder);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "tiny", "-o"]);
        mount.arg(format!("size={kibibytes}k,mode=0755")).arg(&path);
        let is_mounted = run_to_its_end(&mut mount).status.success();
        self.mounts.extend(is_mounted.then_some(path));
        is_mounted || not_tested("nothing can be mounted here")
    }

    /// The store's folder.
    pub(super) fn store(&self) -> PathBuf {
        self.sandbox.path(&self.state).join("store")
    }

    /// Writes the daemon's configuration.
    pub(super) fn configure(&self, tenants: &str) {
        let path = |name: &str| self.sandbox.path(name).display().to_string();
        // Keys of the whole file come before the first table.
        let (keys, tables) = tenants.split_at(tenants.find('[').unwrap_or(tenants.len()));
        let config = format!(
            "directory = \"{}\"\n{keys}\n[[socket]]\npath = \"{}\"\n[audit]\ndirectory = \"{}\"\n{tables}",
            path(&self.state),
            path("socket"),
            path("audit")
        );
        self.sandbox.file("serve.toml", config);
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.sandbox.path("socket")
    }

    /// A command of the program with these words.
    pub(super) fn program(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(&PROGRAM_FOR_ALL);
        command.args(words);
        command
    }

    /// The program where every user can run it.
    pub(super) fn program_path(&self) -> PathBuf {
        PROGRAM_FOR_ALL.clone()
    }

    /// A session of a user that asks for nothing, to its end.
    #[track_caller]
    pub(super) fn whoami_session(&self, user: u32) -> Outcome {
        run_to_its_end(&mut self.connect(user, &[]))
    }

    /// Waits until no session of a tenant is under way.
    #[track_caller]
    pub(super) fn wait_for_the_end_of_sessions_of(&self, tenant: &str) {
        soon(|| {
            let status = self.status();
            let all = status["sessions"].as_array().expect("sessions");
            all.iter().all(|session| session["tenant"] != tenant)
        });
    }

    /// Starts the daemon, and waits until it is ready.
    #[track_caller]
    pub(super) fn start(&mut self) {
        self.spawn();
        self.wait_for_log("\"ready\"");
    }

    /// Starts the daemon, which must refuse to run; what it says.
    #[track_caller]
    pub(super) fn refused_start(&mut self) -> String {
        self.spawn();
        let lines = self.log.lines.lock().expect("the log");
        let is_over = |line: &String| line.contains("\"ready\"") || line == "END";
        let wait = self
            .log
            .changed
            .wait_timeout_while(lines, BOUND, |lines| !lines.iter().any(is_over));
        let (lines, _) = wait.expect("the log");
        let said = lines.join("\n");
        drop(lines);
        assert!(said.ends_with("END"), "it should not start: {said}");
        let mut child = self.daemon.take().expect("it was started");
        let status = child.wait().expect("it ends");
        assert!(
            !status.success() && !said.contains("panicked"),
            "{status}: {said}"
        );
        said
    }

    fn spawn(&mut self) {
        let config = self.sandbox.path("serve.toml").display().to_string();
        let mut child = self
            .program(&["serve", "--config", &config])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("the daemon starts");
        let log = Arc::new(Log::default());
        self.log = Arc::clone(&log);
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                log.lines.lock().expect("the log").push(line);
                log.changed.notify_all();
            }
            log.lines.lock().expect("the log").push("END".to_owned());
            log.changed.notify_all();
        });
        self.daemon = Some(child);
    }

    /// Waits until the daemon has logged this.
    #[track_caller]
    pub(super) fn wait_for_log(&self, text: &str) -> String {
        let lines = self.log.lines.lock().expect("the log");
        let is_there = |lines: &mut Vec<String>| {
            let mut all = lines.iter();
            !all.any(|line| line.contains(text) || line == "END")
        };
        let (lines, wait) = self
            .log
            .changed
            .wait_timeout_while(lines, BOUND, is_there)
            .expect("the log");
        let found = lines.iter().find(|line| line.contains(text));
        assert!(!wait.timed_out(), "not logged: {text}: {lines:#?}");
        found
            .unwrap_or_else(|| panic!("not logged: {text}: {lines:#?}"))
            .clone()
    }

    /// All that the daemon has logged so far.
    pub(super) fn log(&self) -> String {
        self.log.lines.lock().expect("the log").join("\n")
    }

    /// The daemon's process.
    pub(super) fn process(&self) -> u32 {
        self.daemon.as_ref().expect("it runs").id()
    }

    /// Sends the daemon a signal.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(process_id(self.process()), signal).expect("it runs");
    }

    /// Ends the daemon with a signal, and waits for it.
    #[track_caller]
    pub(super) fn end_with(&mut self, signal: Signal) -> Outcome {
        self.signal(signal);
        let child = self.daemon.take().expect("it runs");
        let watchdog = Watchdog::over(child.id());
        let output = child.wait_with_output().expect("it ends");
        assert!(!watchdog.fired(), "the daemon does not end: {}", self.log());
        // All of its log.
        self.wait_for_log("END");
        Outcome {
            status: output.status,
            stdout: String::new(),
            stderr: self.log(),
        }
    }

    /// A command that runs as another user.
    pub(super) fn command_as(&self, user: u32, program: &Path) -> Command {
        let home = self.sandbox.folder(&format!("home-{user}"));
        chown(&home, Some(user), Some(user)).expect("its owner");
        let mut command = self.sandbox.command(program);
        command
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("GOCACHE", home.join("gocache"))
            .current_dir(&home)
            .uid(user)
            .gid(user);
        command
    }

    /// `connect`, as a user.
    pub(super) fn connect(&self, user: u32, options: &[&str]) -> Command {
        let mut command = self.command_as(user, &PROGRAM_FOR_ALL);
        command
            .args(["connect", "--when-down", "fail", "--socket"])
            .arg(self.socket())
            .args(options);
        command
    }

    /// A session of a user, as a client of the protocol.
    #[track_caller]
    pub(super) fn helper(&self, user: u32, options: &[&str]) -> Helper {
        Helper::start(self.connect(user, options))
    }

    /// What the daemon says of a user.
    #[track_caller]
    pub(super) fn whoami(&self, user: u32) -> Outcome {
        run_to_its_end(&mut self.connect(user, &["--whoami"]))
    }

    /// A go command of a user on its own copy of a module.
    #[track_caller]
    pub(super) fn go(&self, user: u32, options: &str, arguments: &[&str]) -> Outcome {
        run_to_its_end(&mut self.go_command(user, options, arguments))
    }

    /// The same, to be started.
    pub(super) fn go_command(&self, user: u32, options: &str, arguments: &[&str]) -> Command {
        let module = self.sandbox.path(&format!("home-{user}/module"));
        let goroot = toolchain(GO);
        let mut command = self.command_as(user, &goroot.join("bin/go"));
        let connect = format!(
            "'{}' connect --socket '{}' --when-down fail {options}",
            PROGRAM_FOR_ALL.display(),
            self.socket().display()
        );
        let search = std::env::var("PATH").expect("PATH");
        command
            .args(arguments)
            .current_dir(&module)
            .env("PATH", format!("{}:{search}", goroot.join("bin").display()))
            .env("GOROOT", &goroot)
            .env("GOCACHEPROG", connect)
            .env("GOPATH", self.sandbox.path(&format!("home-{user}/gopath")))
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("GOFLAGS", "-mod=mod -trimpath")
            .env("GOTELEMETRY", "off")
            .env("CGO_ENABLED", "0");
        command
    }

    /// Gives a user a copy of a module.
    pub(super) fn check_out(&self, user: u32, sources: &[(&str, &str)]) -> PathBuf {
        let module = format!("home-{user}/module");
        for (name, source) in sources {
            self.sandbox.file(&format!("{module}/{name}"), source);
        }
        self.sandbox
            .file(&format!("home-{user}/.config/go/telemetry/mode"), "off");
        let home = self.sandbox.path(&format!("home-{user}"));
        own_all(&home, user);
        self.sandbox.path(&module)
    }

    /// The daemon's answer to the operator.
    #[track_caller]
    pub(super) fn ask(&self, words: &[&str]) -> Outcome {
        let socket = self.socket().display().to_string();
        let words: Vec<_> = words.iter().copied().chain(["--socket", &socket]).collect();
        run_to_its_end(&mut self.program(&words))
    }

    /// The daemon's state.
    #[track_caller]
    pub(super) fn status(&self) -> Value {
        let answer = self.ask(&["status", "--json"]).succeeded();
        serde_json::from_str(&answer.stdout).expect("JSON")
    }

    /// Waits until no session is under way.
    #[track_caller]
    pub(super) fn wait_for_the_end_of_sessions(&self) {
        soon(|| {
            self.status()["sessions"]
                .as_array()
                .is_some_and(Vec::is_empty)
        });
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // It may be gone already.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        for path in &self.mounts {
            let _ = Command::new("umount").arg("--lazy").arg(path).status();
        }
    }
}

fn own_all(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).expect("its owner");
    if path.is_dir() {
        for item in fs::read_dir(path).expect("a folder") {
            own_all(&item.expect("an item").path(), user);
        }
    }
}
