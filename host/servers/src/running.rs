//! Processes of servers.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to start: Java on a machine that compiles takes some seconds.
const START_TIME: Duration = Duration::from_secs(60);

/// Between two looks whether it answers.
const PAUSE: Duration = Duration::from_millis(10);

/// A shell that ends the server when this process is gone, however it ended.
const GUARD: &str = include_str!("guard.sh");

/// What shows that a server answers.
pub(crate) enum Ready<'a> {
    /// It takes a connection.
    Connects,
    /// It prints this.
    Says(&'a str),
}

/// Where a server is about to run.
pub(crate) struct Place {
    program: PathBuf,
    folder: TempDir,
    ip: Ipv4Addr,
}

impl Place {
    /// A new place for the server that has this launcher.
    pub(crate) fn new(name: &str) -> Self {
        let program = launcher(name);
        let prefix = format!("cachewarden-{name}-");
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir();
        Self {
            program,
            folder: folder.unwrap(),
            ip: own_ip(),
        }
    }

    /// The server's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's address, with a port.
    pub(crate) fn socket(&self, port: u16) -> SocketAddr {
        (self.ip, port).into()
    }

    /// The server's address alone.
    pub(crate) fn ip(&self) -> String {
        self.ip.to_string()
    }

    /// Starts the server, and waits until it answers at this socket.
    pub(crate) fn start(
        self,
        socket: SocketAddr,
        arguments: &[&str],
        variables: &[(&str, &str)],
        ready: Ready<'_>,
    ) -> Running {
        let mut options = File::options();
        let log = options.read(true).append(true).create(true);
        let log = log.open(self.folder().join("log")).unwrap();
        let mut guard = Command::new("sh");
        guard
            .args(["-c", GUARD, "guard"])
            .arg(self.folder())
            .arg(&self.program)
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(self.folder())
            // Whoever waits for its children does not wait for a server.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log.try_clone().unwrap());
        let guard = guard.spawn().expect("there is a shell");
        // The guard removes it.
        let _ = self.folder.keep();
        let mut running = Running { guard, log };
        running.wait_for(socket, ready);
        running
    }
}

/// A server, which is ended when this is dropped.
pub(crate) struct Running {
    guard: Child,
    log: File,
}

impl Running {
    fn wait_for(&mut self, socket: SocketAddr, ready: Ready<'_>) {
        let started = Instant::now();
        loop {
            let is_ready = match ready {
                Ready::Connects => TcpStream::connect_timeout(&socket, START_TIME).is_ok(),
                Ready::Says(text) => self.log().contains(text),
            };
            if is_ready {
                return;
            }
            let ended = self.guard.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < START_TIME,
                "the server does not answer at {socket}: {}",
                self.log()
            );
            thread::sleep(PAUSE);
        }
    }

    /// What the server has printed until now.
    fn log(&self) -> String {
        let length = self.log.metadata().unwrap().len();
        let mut bytes = vec![0; length.try_into().unwrap()];
        let _ = self.log.read_exact_at(&mut bytes, 0);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The guard reads the end of its input, and ends the server.
        self.guard.stdin = None;
        let _ = self.guard.wait();
    }
}

/// The program that runs a server.
pub(crate) fn launcher(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    // Programs of cargo are some levels below the target folder.
    let mut targets = program
        .ancestors()
        .map(|target| target.join("services/bin"));
    targets
        .find_map(|folder| Some(folder.join(name)).filter(|launcher| launcher.exists()))
        .unwrap_or_else(|| panic!("there is no {name}: run `cargo xtask services`"))
}

/// A loopback address that no other server has: of this process, and with its number.
fn own_ip() -> Ipv4Addr {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, count, high, low)
}
