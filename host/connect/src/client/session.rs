//! A session with the daemon.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use cachewarden_system::helper_process::{is_nested, outlive_interrupts, widen};
use cachewarden_types::line;
use rustix::fs::{Mode, OFlags};

use super::handshake::{away, shake_hands};
use super::link::Link;
use super::policy::OwnPolicy;
use super::terminal::say;
use super::{ClientError, Options, Socket, relay};
use crate::wire::{
    Accepted, Ended, Frame, Hello, Takeover, Want, check_stdin, check_stdout, send_takeover,
};

/// Serves stdin and stdout with a session of the daemon's; returns the exit status.
pub(super) fn run(options: &Options) -> Result<u8, ClientError> {
    let policy = OwnPolicy::read(options)?;
    let gocache = std::env::var_os("GOCACHE").and_then(|path| path.into_string().ok());
    let hello = Hello {
        gocache,
        policy: policy.as_ref().map(OwnPolicy::offer),
        settings: policy.as_ref().and_then(|policy| policy.settings.clone()),
        verbose: options.verbose,
        ..Hello::new(Want::Session)
    };
    let (mut link, accepted) = shake_hands(&options.socket, hello)?;
    if let Some(policy) = policy.filter(|_| accepted.send_policy) {
        let deadline = Instant::now() + super::policy::SEND_TIME;
        let sent = link.send(&policy.bytes, Some(deadline));
        sent.map_err(|error| not_taken(&mut link, &options.socket, &error))?;
    }
    let is_relayed = options.relay || !can_be_handed_over(&accepted);
    let handed_over = match is_relayed {
        true => link.send(&[Takeover::Relay as u8], None),
        false => {
            widen(io::stdin());
            widen(io::stdout());
            send_takeover(&link, [io::stdin().as_fd(), io::stdout().as_fd()])
                .map_err(io::Error::from)
        }
    };
    // What could not be sent has not arrived.
    handed_over.map_err(|error| not_taken(&mut link, &options.socket, &error))?;
    // From here on, the daemon may have read a request.
    outlive_interrupts();
    if is_relayed {
        return relay::run(link);
    }
    close_own_copies();
    wait_for_end(&mut link)
}

/// The daemon takes nothing more; it may have said why.
fn not_taken(link: &mut Link, socket: &Socket, error: &io::Error) -> ClientError {
    match link.next_frame(Some(Instant::now())) {
        Ok(Some(Frame::Refused(refused))) => ClientError::Refused(refused.text),
        _ => away(socket, &format!("it takes no session: {error}")),
    }
}

fn can_be_handed_over(accepted: &Accepted) -> bool {
    accepted.takes_pipes && check_stdin(io::stdin()).is_ok() && check_stdout(io::stdout()).is_ok()
}

/// The daemon's copies alone keep the streams open: the go command waits for the end of stdout, and
/// must see that nobody reads stdin.
fn close_own_copies() {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    if let Ok(null) = null {
        // What cannot be replaced is closed at the end of this process, soon after the session's.
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

fn wait_for_end(link: &mut Link) -> Result<u8, ClientError> {
    loop {
        match link.next_frame(None)?.ok_or(ClientError::Lost)? {
            Frame::Ended(ended) => return Ok(end(ended)),
            other => common(other)?,
        }
    }
}

/// The frames that mean the same whether the streams are relayed or not.
pub(super) fn common(frame: Frame) -> Result<(), ClientError> {
    match frame {
        Frame::Say(text) if is_nested() => drop(text),
        Frame::Say(text) => say(&text),
        Frame::Refused(refused) => return Err(ClientError::TakeoverRefused(refused.text)),
        _ => return Err(ClientError::Unexpected),
    }
    Ok(())
}

/// Says how it ended; returns the exit status.
pub(super) fn end(ended: Ended) -> u8 {
    if let Some(text) = ended.text {
        say(&line(&text));
    }
    ended.status
}
