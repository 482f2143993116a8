//! Daemons for clients to connect to.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use cachewarden_connect::wire::{Accepted, Ended};
use cachewarden_connect::{Binding, Connection, Counts, Listener, Session, Streams, TakeoverError};
use tempfile::TempDir;

/// A daemon in this process. It ends when it is dropped.
pub(crate) struct Daemon {
    pub(crate) socket: PathBuf,
    pub(crate) counts: Arc<Counts>,
    /// What to drop for the sessions to end.
    pub(crate) sessions_end: Option<PipeWriter>,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl Daemon {
    /// Gives each client to `serve`, in a thread.
    pub(crate) fn start(serve: impl Fn(Connection, Arc<OwnedFd>) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let all_may_pass = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(folder.path(), all_may_pass).expect("a mode");
        let socket = folder.path().join("socket");
        let listener = Listener::bind(&binding(&socket)).expect("a socket");
        let (shutdown, sessions_end) = io::pipe().expect("a pipe");
        let (stopped, stop) = io::pipe().expect("a pipe");
        let shutdown = Arc::new(OwnedFd::from(shutdown));
        let counts = listener.counts();
        let serve = Arc::new(serve);
        let for_sessions = Arc::clone(&shutdown);
        let thread = thread::spawn(move || run(&listener, &stopped, &for_sessions, &serve));
        Self {
            socket,
            counts,
            sessions_end: Some(sessions_end),
            stop: Some(stop),
            thread: Some(thread),
            folder,
        }
    }

    /// Answers each session with its own bytes; reports what became of it.
    pub(crate) fn echo() -> (Self, Receiver<Served>) {
        Self::sessions(echo)
    }

    /// Accepts each client, gives its session to `serve`, and reports what became of it.
    pub(crate) fn sessions(
        serve: impl Fn(Session) -> io::Result<u64> + Send + Sync + 'static,
    ) -> (Self, Receiver<Served>) {
        let (sender, receiver) = channel();
        let daemon = Self::start(move |connection, shutdown| {
            report(&sender, connection, &shutdown, &serve);
        });
        (daemon, receiver)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// What became of a client.
#[derive(Debug)]
pub(crate) enum Served {
    NotTaken(TakeoverError),
    Ended(io::Result<u64>),
}

fn report(
    sender: &Sender<Served>,
    connection: Connection,
    shutdown: &Arc<OwnedFd>,
    serve: &impl Fn(Session) -> io::Result<u64>,
) {
    let served = match connection.accept(&accepted(), Streams::HandedOver, shutdown) {
        Ok(session) => Served::Ended(serve(session)),
        Err(error) => Served::NotTaken(error),
    };
    // The test may have ended.
    let _ = sender.send(served);
}

fn run(
    listener: &Listener,
    stopped: &PipeReader,
    shutdown: &Arc<OwnedFd>,
    serve: &Arc<impl Fn(Connection, Arc<OwnedFd>) + Send + Sync + 'static>,
) {
    let served = listener.serve(stopped.as_fd(), |connection| {
        let (serve, shutdown) = (Arc::clone(serve), Arc::clone(shutdown));
        thread::spawn(move || serve(connection, shutdown));
    });
    served.expect("clients");
}

/// Answers with the session's own bytes.
pub(crate) fn echo(mut session: Session) -> io::Result<u64> {
    let copied = io::copy(&mut session.input, &mut session.output);
    drop((session.input, session.output));
    // The client may be gone.
    let _ = session.control.end(Ended {
        status: u8::from(copied.is_err()),
        text: None,
    });
    copied
}

pub(crate) fn accepted() -> Accepted {
    Accepted {
        authority: "tenant test".to_owned(),
        send_policy: true,
        ..Accepted::default()
    }
}

pub(crate) fn binding(socket: &Path) -> Binding {
    Binding {
        path: socket.to_owned(),
        mode: 0o666,
        group: None,
        after_a_killed_daemon: false,
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop((self.stop.take(), self.sessions_end.take()));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the daemon's thread");
        }
    }
}

/// The example `echo_daemon`, a process of its own. It is killed when this is dropped.
pub(crate) struct EchoDaemon {
    pub(crate) process: Child,
    pub(crate) socket: PathBuf,
    folder: TempDir,
}

impl EchoDaemon {
    /// Starts it by `change`d words: a shell's, with the program as `$0` and the socket as `$1`.
    pub(crate) fn start(shell: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", shell]).arg(program()).arg(&socket);
        Self::ready(&mut command, socket, folder)
    }

    fn ready(command: &mut Command, socket: PathBuf, folder: TempDir) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("a daemon");
        let stdout = process.stdout.take().expect("its stdout");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert!(line.starts_with("ready"), "{line}");
        Self {
            process,
            socket,
            folder,
        }
    }

    /// Starts it with a socket that is passed as systemd does.
    pub(crate) fn activated() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let shell = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --systemd";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", shell]).arg(program());
        command.stdin(OwnedFd::from(listener));
        Self::ready(&mut command, socket, folder)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Examples are built beside the tests.
pub(crate) fn program() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    let folder = own.ancestors().nth(2).expect("the folder of the build");
    folder.join("examples/echo_daemon")
}

impl Drop for EchoDaemon {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
