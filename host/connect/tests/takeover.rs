//! What is taken over, and what is not: descriptors of every kind, and policies.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use cachewarden_connect::TakeoverError;
use cachewarden_connect::wire::{Ended, Frame, Hello, PolicyOffer, Want};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};

use crate::support::client::{assert_status, command, converse, stderr};
use crate::support::daemon::{Daemon, Served};
use crate::support::raw::{MOST_DESCRIPTORS, Raw};
use crate::support::{all, next, noise};

/// The byte that hands descriptors over, and the one that announces a relay.
const DESCRIPTORS: u8 = 1;
const RELAY: u8 = 2;

fn refused(daemon: &Daemon, byte: u8, descriptors: &[BorrowedFd<'_>]) -> String {
    let mut raw = Raw::accepted(&daemon.socket);
    raw.send(&[byte], descriptors).expect("a daemon");
    raw.refusal()
}

#[test]
fn only_pipes_are_taken() {
    let (daemon, served) = Daemon::echo();
    let (folder, read_write) = (daemon.folder(), OFlags::RDWR | OFlags::CLOEXEC);
    let opened = |path: &std::path::Path, flags| {
        open(path, flags | OFlags::CLOEXEC, Mode::empty()).expect("a file")
    };
    let file = folder.join("file");
    File::create(&file).expect("a file");
    let fifo = folder.join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, 0o600.into(), 0).expect("a pipe with a name");
    let (reader, _writer) = io::pipe().expect("a pipe");
    let null = std::path::Path::new("/dev/null");
    let epoll = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC);
    let eventfd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC);
    let memory = rustix::fs::memfd_create("memory", rustix::fs::MemfdFlags::CLOEXEC);
    let (datagram, _other) = UnixDatagram::pair().expect("sockets");
    let packets = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    );
    let (stream, _peer) = UnixStream::pair().expect("sockets");
    let odd: [(&str, OwnedFd); 14] = [
        ("a stream", stream.into()),
        ("a file", opened(&file, read_write)),
        ("a folder", opened(folder, OFlags::RDONLY)),
        ("a device", opened(null, read_write)),
        (
            "a device of zeros",
            opened("/dev/zero".as_ref(), read_write),
        ),
        ("a pipe with a name", opened(&fifo, read_write)),
        ("a path", opened(&file, OFlags::PATH)),
        ("a path of a pipe", opened(&fifo, OFlags::PATH)),
        ("an epoll", epoll.expect("an epoll")),
        ("an eventfd", eventfd.expect("an eventfd")),
        ("memory", memory.expect("memory")),
        ("datagrams", datagram.into()),
        ("packets", packets.expect("sockets").0),
        (
            "a listener",
            UnixListener::bind(folder.join("l"))
                .expect("a socket")
                .into(),
        ),
    ];
    let (pipe_reader, pipe_writer) = io::pipe().expect("a pipe");
    for (name, descriptor) in &odd {
        for (stream, both) in [
            ("stdin", [descriptor.as_fd(), pipe_writer.as_fd()]),
            ("stdout", [pipe_reader.as_fd(), descriptor.as_fd()]),
        ] {
            let text = refused(&daemon, DESCRIPTORS, &both);
            let expected = format!("{stream} is not a pipe");
            assert!(text.contains(&expected), "{name} as {stream}: {text}");
            let served = next(&served);
            let Served::NotTaken(TakeoverError::Descriptors(_)) = served else {
                panic!("{name} as {stream}: {served:?}");
            };
        }
    }
    for (both, expected) in [
        (
            [pipe_writer.as_fd(), pipe_writer.as_fd()],
            "stdin is not open for reading",
        ),
        (
            [reader.as_fd(), reader.as_fd()],
            "stdout is not open for writing",
        ),
    ] {
        let text = refused(&daemon, DESCRIPTORS, &both);
        assert!(text.contains(expected), "{text}");
    }
}

/// Each descriptor that arrives is closed: the pipe's other end sees it.
#[test]
fn another_number_of_descriptors_is_refused_and_all_are_closed() {
    let (daemon, _served) = Daemon::echo();
    for number in [1, 3, 4, 100, MOST_DESCRIPTORS] {
        let (reader, writer) = io::pipe().expect("a pipe");
        let text = refused(&daemon, DESCRIPTORS, &vec![writer.as_fd(); number]);
        assert!(text.contains("two"), "{number}: {text}");
        drop(writer);
        assert_eq!(all(reader), b"", "{number}");
    }
    let text = refused(&daemon, DESCRIPTORS, &[]);
    assert!(text.contains("0 arrived"), "{text}");
    let (reader, writer) = io::pipe().expect("a pipe");
    let both = [reader.as_fd(), writer.as_fd()];
    for byte in [RELAY, 0, 3, 255, b'{'] {
        let mut raw = Raw::accepted(&daemon.socket);
        raw.send(&[byte], if byte == RELAY { &both[..1] } else { &both })
            .expect("a daemon");
        let text = raw.refusal();
        assert!(
            text.contains("two") || text.contains("hand its streams over"),
            "{text}"
        );
    }
}

/// A pipe whose other end is closed already is the end of the session, and its only harm.
#[test]
fn streams_that_are_closed_already_end_the_session() {
    let (daemon, served) = Daemon::echo();
    let (reader, _) = io::pipe().expect("a pipe");
    let (_, writer) = io::pipe().expect("a pipe");
    let mut raw = Raw::accepted(&daemon.socket);
    raw.send(&[DESCRIPTORS], &[reader.as_fd(), writer.as_fd()])
        .expect("a daemon");
    assert!(matches!(next(&served), Served::Ended(Ok(0))));
    assert_eq!(raw.next(), Some(Frame::Ended(Ended::default())));
    // With something to write to nobody.
    let (reader, mut writer) = io::pipe().expect("a pipe");
    let (_, nobody) = io::pipe().expect("a pipe");
    let mut raw = Raw::accepted(&daemon.socket);
    raw.send(&[DESCRIPTORS], &[reader.as_fd(), nobody.as_fd()])
        .expect("a daemon");
    writer.write_all(b"request").expect("a daemon");
    assert!(matches!(next(&served), Served::Ended(Err(_))));
    assert!(matches!(raw.next(), Some(Frame::Ended(ended)) if ended.status == 1));
}

/// As a stream, the client's own end of the socket would hide the client's death.
#[test]
fn the_socket_itself_is_not_taken() {
    let (daemon, served) = Daemon::echo();
    let mut raw = Raw::accepted(&daemon.socket);
    let own = raw.socket.try_clone().expect("a copy");
    raw.send(&[DESCRIPTORS], &[own.as_fd(), own.as_fd()])
        .expect("a daemon");
    assert!(raw.refusal().contains("stdin is not a pipe"));
    assert!(matches!(next(&served), Served::NotTaken(_)));
}

/// Both ends of one pipe: the daemon reads what it writes, until the client ends.
#[test]
fn both_ends_of_a_pipe_cost_one_session() {
    let (daemon, served) = Daemon::echo();
    let (reader, mut writer) = io::pipe().expect("a pipe");
    writer.write_all(b"round").expect("a pipe");
    let raw = Raw::accepted(&daemon.socket);
    raw.send(&[DESCRIPTORS], &[reader.as_fd(), writer.as_fd()])
        .expect("a daemon");
    drop((reader, writer));
    drop(raw);
    assert!(matches!(next(&served), Served::Ended(_)));
}

/// Descriptors that are sent where bytes are read are refused or closed by the kernel.
#[test]
fn descriptors_in_the_middle_of_a_stream_are_closed() {
    let (daemon, served) = Daemon::echo();
    let raw = Raw::accepted(&daemon.socket);
    raw.send(&[RELAY], &[]).expect("a daemon");
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let _ = raw.send(b"request", &[writer.as_fd(); 10]);
    drop(writer);
    assert_eq!(reader.read(&mut [0]).expect("an end"), 0);
    drop(raw);
    assert!(matches!(next(&served), Served::Ended(_)));
}

fn policy_daemon() -> (Daemon, std::sync::mpsc::Receiver<Served>) {
    Daemon::sessions(|session| {
        let policy = session.policy.expect("a policy");
        let settings = session.hello.settings.clone().unwrap_or_default();
        session.control.say(&settings)?;
        session.control.end(Ended::default())?;
        Ok(policy.len() as u64)
    })
}

#[test]
fn a_policy_is_sent_with_its_settings() {
    let (daemon, served) = policy_daemon();
    let policy = noise(3_000_000);
    let file = daemon.folder().join("policy.wasm");
    std::fs::write(&file, &policy).expect("a file");
    let settings = daemon.folder().join("settings.json");
    std::fs::write(&settings, "{\"witnesses\": 2}").expect("a file");
    let mut command = command(&daemon.socket);
    command.arg("--policy").arg(&file);
    command.arg(format!("--settings=@{}", settings.display()));
    let output = converse(&mut command, b"");
    assert_status(&output, 0);
    assert_eq!(stderr(&output), "{\"witnesses\": 2}\n");
    assert!(matches!(next(&served), Served::Ended(Ok(3_000_000))));
}

#[test]
fn a_policy_that_is_another_than_announced_is_refused() {
    let (daemon, _served) = policy_daemon();
    let sha256 = "00".repeat(32);
    for (size, text) in [
        (4, "another SHA-256"),
        (u64::MAX, "larger than a policy may be"),
    ] {
        let mut raw = Raw::connect(&daemon.socket);
        let policy = Some(PolicyOffer {
            size,
            sha256: sha256.clone(),
        });
        let hello = Hello {
            policy,
            ..Hello::new(Want::Session)
        };
        raw.send(&hello.encode().expect("a hello"), &[])
            .expect("a daemon");
        assert!(matches!(raw.next(), Some(Frame::Accepted(_))));
        // The daemon may have refused it already.
        let _ = raw.send(b"wasm", &[]);
        let refusal = raw.refusal();
        assert!(refusal.contains(text), "{refusal}");
    }
}
