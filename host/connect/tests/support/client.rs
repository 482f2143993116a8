//! The program `cachewarden-connect`, as go starts it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cachewarden-connect");

/// A command without the variables of the test.
pub(crate) fn command_of(program: &Path, socket: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_remove("CACHEWARDEN_SOCKET")
        .env_remove("TOOLEXEC_IMPORTPATH")
        .arg("--socket")
        .arg(socket)
        // A loaded machine.
        .arg("--connect-timeout=60s")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn command(socket: &Path) -> Command {
    command_of(Path::new(PROGRAM), socket)
}

/// Starts it, sends it all bytes while it answers, and waits for its end.
pub(crate) fn converse(command: &mut Command, bytes: &[u8]) -> Output {
    let mut child = command.spawn().expect("a client");
    let mut stdin = child.stdin.take();
    let bytes = bytes.to_vec();
    let sender = thread::spawn(move || {
        if let Some(stdin) = &mut stdin {
            // A client that fails reads nothing.
            let _ = std::io::Write::write_all(stdin, &bytes);
        }
    });
    let output = child.wait_with_output().expect("its end");
    sender.join().expect("the sender");
    output
}

/// What it said.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts a status, and shows what was said where it is another.
#[track_caller]
pub(crate) fn assert_status(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}", stderr(output));
}

/// A copy of the program in a folder of its own, with a `cachewarden` beside it that shows how it
/// was started: a shell script, since the real one is not built here.
pub(crate) fn with_private_helper(folder: &Path) -> PathBuf {
    let program = without_private_helper(folder);
    let helper = folder.join("bin/cachewarden");
    let script = "#!/bin/sh\necho \"private $*\"\nenv | grep ^CACHEWARDEN_\ncat\n";
    write_program(&helper, script);
    program
}

/// Written by another process: a program cannot be started while a process of this one, forked for
/// another test, has it open for writing.
fn write_program(path: &Path, script: &str) {
    let shell = "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"";
    let status = Command::new("/bin/sh")
        .args(["-c", shell])
        .arg(path)
        .arg(script)
        .status();
    assert!(status.expect("a shell").success());
}

/// A copy of the program alone in a folder.
pub(crate) fn without_private_helper(folder: &Path) -> PathBuf {
    let folder = folder.join("bin");
    std::fs::create_dir(&folder).expect("a folder");
    let status = Command::new("cp").arg(PROGRAM).arg(&folder).status();
    assert!(status.expect("cp").success());
    folder.join("cachewarden-connect")
}

/// Ends it, as `kill -9` does.
pub(crate) fn kill(child: &mut Child) {
    child.kill().expect("a client to kill");
    child.wait().expect("its end");
}
