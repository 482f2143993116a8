//! Jobs that hold the lock of a pipe in the kernel, so that whoever uses the pipe waits where no
//! signal ends the wait: a daemon that runs, and one that was killed.

use std::io::{self, IoSlice, PipeReader, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;

use cachewarden_connect::wire::{Hello, Want};
use rustix::cmsg_space;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::Signal;

use super::cannot_be_tested;
use super::world::*;
use crate::support::*;

/// Main's jobs, and those of root, who is the attacker: a job needs a right to make a fault hang.
const TENANTS: &str = "[limits]\ndrain = \"100ms\"\n[[tenant]]\nname = \"main\"\nmatch = { \"peer.uid\" = \"54401\" }\nwrite = [\"main\"]\nread = [\"main\"]\n[[tenant]]\nname = \"root\"\nmatch = { \"peer.uid\" = \"0\" }\nwrite = [\"root\"]\nread = [\"root\"]\n";

/// The page that says how an operator finds the job.
const FIND: &str = include_str!("../../docs/multi-tenant.md");

/// A connection of an attacker.
struct Attacker {
    socket: UnixStream,
}

impl Attacker {
    fn connect(world: &World) -> Self {
        let socket = UnixStream::connect(world.socket()).expect("a daemon");
        socket.set_read_timeout(Some(BOUND)).expect("a timeout");
        Self { socket }
    }

    /// Connects, and reads until the daemon has accepted it.
    fn accepted(world: &World) -> Self {
        let mut attacker = Self::connect(world);
        let hello = Hello::new(Want::Session).encode().expect("a hello");
        attacker.socket.write_all(&hello).expect("a daemon");
        let mut header = [0; 5];
        attacker.socket.read_exact(&mut header).expect("an answer");
        assert_eq!(header[0], 1, "accepted");
        let length = u16::from_le_bytes([header[1], header[2]]);
        let mut body = vec![0; length.into()];
        attacker.socket.read_exact(&mut body).expect("an answer");
        attacker
    }

    /// Sends bytes with descriptors attached.
    fn send(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        let bytes = [IoSlice::new(bytes)];
        sendmsg(&self.socket, &bytes, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

/// A session that waits for a pipe, as long as all of this lives.
fn hung_session(world: &World) -> (Attacker, PipeReader, Hang) {
    let (stdin, writer) = io::pipe().expect("a pipe");
    let (answers, stdout) = io::pipe().expect("a pipe");
    let hang = Hang::writing_to(writer.into());
    let attacker = Attacker::accepted(world);
    attacker
        .send(&[1], &[stdin.as_fd(), stdout.as_fd()])
        .expect("a daemon");
    soon(|| hangs_at_a_pipe(world.process()));
    // The daemon has the other end by now, and waits for it. So closing this one does not wait.
    (attacker, answers, hang)
}

/// Whether a process is a zombie: its first thread has ended.
fn is_zombie(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| status.contains("State:\tZ"))
}

/// Starts one more daemon with the same configuration, which must refuse; what it says.
#[track_caller]
fn refused_beside(world: &World, mut command: Command) -> String {
    let config = world.sandbox.path("serve.toml");
    command.args(["serve", "--config"]).arg(config);
    let refused = run_to_its_end(&mut command).exited(2);
    assert!(refused.stderr.contains("CW0114"), "{refused:?}");
    refused.stderr
}

#[test]
fn a_killed_daemon_that_does_not_end_leaves_its_store_to_the_next_one() {
    if !is_root() {
        return;
    }
    let mut world = World::with(TENANTS);
    let mut session = world.helper(MAIN, &[]);
    session.put(&action("one"), b"one").kept();
    session.close();
    let _hung = hung_session(&world);
    let killed = world.process();
    world.signal(Signal::KILL);
    soon(|| is_zombie(killed));
    assert!(hangs_at_a_pipe(killed), "it does not end");
    world.start();
    let told = world.wait_for_log("was killed and does not end");
    assert!(told.contains(&format!("\"pid\":{killed}")), "{told}");
    // The page finds who has the pipe: here this process.
    let find = FIND
        .split_once("and runs it -->\n```sh\n")
        .expect("the block");
    let find = find.1.split("```").next().expect("its end");
    let mut shell = world.sandbox.command("bash".as_ref());
    shell.args(["-euc", &find.replace("PID", &killed.to_string())]);
    let found = run_to_its_end(&mut shell).succeeded();
    let own = format!("/proc/{}/fd/", std::process::id());
    assert!(found.stdout.contains(&own), "{found:?}");
    let mut session = world.helper(MAIN, &[]);
    assert_eq!(session.get(&action("one")).hit().bytes(), b"one");
    session.put(&action("two"), b"two").kept();
    session.close();
    // A daemon that runs keeps its store.
    let told = refused_beside(&world, world.program(&[]));
    assert!(
        told.contains(&format!("process {}.", world.process())),
        "{told}"
    );
    // So does one that is stopped, or waits for a pipe itself.
    let _second_hung = hung_session(&world);
    refused_beside(&world, world.program(&[]));
    world.signal(Signal::STOP);
    refused_beside(&world, world.program(&[]));
    world.signal(Signal::CONT);
    world.whoami(MAIN).succeeded();
}

#[test]
fn of_two_daemons_that_start_after_a_killed_one_at_once_one_has_the_store() {
    if !is_root() {
        return;
    }
    let world = World::with(TENANTS);
    let _hung = hung_session(&world);
    world.signal(Signal::KILL);
    let config = world.sandbox.path("serve.toml");
    let mut starts = Vec::new();
    for _ in 0..3 {
        let mut command = world.program(&["serve", "--config"]);
        command.arg(&config).stderr(std::process::Stdio::piped());
        starts.push(command.spawn().expect("a daemon"));
    }
    // All but one end by themselves.
    soon(|| {
        let mut ended = 0;
        for start in &mut starts {
            let status = start.try_wait().expect("a child");
            assert!(status.is_none_or(|status| status.code() == Some(2)));
            ended += usize::from(status.is_some());
        }
        ended == 2
    });
    soon(|| world.whoami(MAIN).status.success());
    for mut start in starts {
        // Those that have ended cannot be killed.
        let _ = start.kill();
        let output = start.wait_with_output().expect("a child");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("CW0114") != said.contains("\"ready\""),
            "{said}"
        );
    }
}

#[test]
fn a_killed_daemon_of_another_process_namespace_keeps_its_store() {
    if !is_root() {
        return;
    }
    let world = World::with(TENANTS);
    let _hung = hung_session(&world);
    world.signal(Signal::KILL);
    let mut elsewhere = world.sandbox.command("unshare".as_ref());
    elsewhere.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    elsewhere.arg(world.program_path());
    let told = refused_beside(&world, elsewhere);
    for part in [
        &format!("process {} of another container", world.process())[..],
        "end that job, or start this daemon where the process is seen",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_daemon_with_a_session_that_waits_for_ever_serves_others_and_ends_in_time() {
    if !is_root() {
        return;
    }
    let mut world = World::with(TENANTS);
    let mut before = world.helper(MAIN, &[]);
    before.put(&action("one"), b"one").kept();
    let _hung = hung_session(&world);
    before.put(&action("two"), b"two").kept();
    before.close();
    let mut after = world.helper(MAIN, &[]);
    assert_eq!(after.get(&action("two")).hit().bytes(), b"two");
    after.close();
    assert_eq!(world.status()["sessions"][0]["tenant"], "root");
    world
        .ask(&["revoke", "--scope", "none", "--dry-run"])
        .exited(2);
    world.signal(Signal::HUP);
    world.wait_for_log("\"reloaded\"");
    world.whoami(MAIN).succeeded();
    // The thread itself cannot end before the job does. All else does.
    let ended = world.process();
    world.signal(Signal::TERM);
    world.wait_for_log("\"ended\"");
    soon(|| is_zombie(ended));
    world.start();
    let mut next = world.helper(MAIN, &[]);
    assert_eq!(next.get(&action("two")).hit().bytes(), b"two");
    next.close();
}

#[test]
fn a_descriptor_that_cannot_be_closed_stops_no_other_client() {
    if !is_root() {
        return;
    }
    if !refuses_descriptors() {
        return cannot_be_tested("this kernel cannot refuse descriptors (SO_PASSRIGHTS)");
    }
    let world = World::with(TENANTS);
    let (reader, writer) = io::pipe().expect("a pipe");
    let attacker = Attacker::connect(&world);
    let _hang = Hang::writing_to(writer.into());
    let hello = Hello::new(Want::Session).encode().expect("a hello");
    match attacker.send(&hello, &[reader.as_fd()]) {
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        // The daemon's is the last one: to close it waits for the lock of the pipe.
        Ok(()) => drop(reader),
    }
    world.whoami(MAIN).succeeded();
}

/// Whether this kernel can refuse descriptors: one that cannot does not know the option.
fn refuses_descriptors() -> bool {
    let (one, _other) = UnixStream::pair().expect("sockets");
    let value: libc::c_int = 0;
    // SAFETY: the kernel reads an int from `value`.
    let result = unsafe {
        libc::setsockopt(
            std::os::fd::AsRawFd::as_raw_fd(&one),
            libc::SOL_SOCKET,
            83,
            (&raw const value).cast(),
            4,
        )
    };
    result == 0
}

#[test]
fn a_socket_that_relays_takes_no_pipe_of_a_job() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    world.configure(TENANTS);
    let config = world.sandbox.path("serve.toml");
    let text = std::fs::read_to_string(&config).expect("the configuration");
    let relayed = text.replace("[[socket]]\n", "[[socket]]\nstreams = \"relayed\"\n");
    assert_ne!(relayed, text);
    world.sandbox.file("serve.toml", relayed);
    world.start();
    // The real client relays without being told.
    world.check_out(MAIN, GREETING);
    world.go(MAIN, "", &["build", "./..."]).succeeded();
    let built = world.go(MAIN, "-v", &["build", "./..."]).succeeded();
    assert!(Totals::of(&built.stderr).hits > 50, "{built:?}");
    // Another one cannot hand anything over.
    let (stdin, writer) = io::pipe().expect("a pipe");
    let (_, stdout) = io::pipe().expect("a pipe");
    let _hang = Hang::writing_to(writer.into());
    let attacker = Attacker::accepted(&world);
    let both = [stdin.as_fd(), stdout.as_fd()];
    match attacker.send(&[1], &both) {
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        // An older kernel passes them on; the copies here keep closing them from waiting.
        Ok(()) => drop(world.wait_for_log("this socket takes no descriptors")),
    }
    // Nor does a write to the socket itself that does not return stop the session.
    let relay = Attacker::accepted(&world);
    (&relay.socket).write_all(&[2]).expect("a daemon");
    let write = relay.socket.try_clone().expect("a copy");
    let _other_hang = Hang::writing_to(write.into());
    soon(|| world.status()["sessions"][0]["tenant"] == "root");
    relay
        .socket
        .shutdown(std::net::Shutdown::Both)
        .expect("an end");
    drop(attacker);
    world.wait_for_the_end_of_sessions();
    assert!(!hangs_at_a_pipe(world.process()));
    let ended = world.end_with(Signal::TERM);
    assert!(ended.status.success(), "{ended:?}");
}
