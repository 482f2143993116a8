//! The smallest daemon: it answers each session with the bytes that the session sends.
//!
//! `echo_daemon PATH` listens on a socket; `echo_daemon --systemd` takes the one that systemd
//! passes. It prints a line when it listens.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use cachewarden_connect::wire::{Accepted, Ended, Want};
use cachewarden_connect::{Binding, Connection, Listener, Streams};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = std::env::args_os().nth(1).ok_or("expected a path")?;
    let listener = match argument.to_str() {
        #[cfg(target_os = "linux")]
        Some("--systemd") => Listener::from_systemd()?.ok_or("systemd passes no socket")?,
        _ => Listener::bind(&Binding {
            path: PathBuf::from(argument),
            mode: 0o666,
            group: None,
            after_a_killed_daemon: false,
        })?,
    };
    let mut stdout = io::stdout();
    writeln!(stdout, "ready {}", listener.path().display())?;
    stdout.flush()?;
    // Nothing is ever written to it: this daemon ends when it is killed.
    let (never, _held) = io::pipe()?;
    let shutdown = Arc::new(OwnedFd::from(File::from(OwnedFd::from(never))));
    listener.serve(shutdown.as_fd(), |connection| {
        let shutdown = Arc::clone(&shutdown);
        thread::spawn(move || serve(connection, &shutdown));
    })?;
    Ok(())
}

fn serve(connection: Connection, shutdown: &Arc<OwnedFd>) {
    let accepted = Accepted {
        authority: format!("{:?}", connection.peer),
        ..Accepted::default()
    };
    if connection.hello.want != Want::Session {
        let _ = connection.answer(&accepted, b"", Ended::default());
        return;
    }
    let Ok(mut session) = connection.accept(&accepted, Streams::HandedOver, shutdown) else {
        return;
    };
    let copied = io::copy(&mut session.input, &mut session.output);
    drop((session.input, session.output));
    let status = u8::from(copied.is_err());
    let _ = session.control.end(Ended { status, text: None });
}
