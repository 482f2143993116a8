//! Is no file: a pipe that nobody writes to, a folder, /dev/zero, a socket, a link that leads nowhere or to itself. Must: the helper does not wait for it and does not start; one text names it.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::support::{Sandbox, text};

/// Each in a sandbox, and where it is.
pub(in crate::hostile) fn policies() -> Vec<(&'static str, Sandbox, String)> {
    let in_sandbox = |name, make: &dyn Fn(&Sandbox) -> String| {
        let sandbox = Sandbox::new();
        let path = make(&sandbox);
        (name, sandbox, path)
    };
    vec![
        in_sandbox("a pipe", &|sandbox| {
            let path = sandbox.path("pipe.wasm");
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0)
                .expect("a pipe");
            text(path)
        }),
        in_sandbox("a folder", &|sandbox| text(sandbox.path("home"))),
        in_sandbox("/dev/zero", &|_| "/dev/zero".to_owned()),
        in_sandbox("a socket", &|sandbox| {
            let path = sandbox.path("socket.wasm");
            UnixListener::bind(&path).expect("a socket");
            text(path)
        }),
        in_sandbox("a link to nowhere", &|sandbox| {
            let path = sandbox.path("link.wasm");
            symlink("nowhere.wasm", &path).expect("a link");
            text(path)
        }),
        in_sandbox("a link to itself", &|sandbox| {
            let path = sandbox.path("loop.wasm");
            symlink("loop.wasm", &path).expect("a link");
            text(path)
        }),
    ]
}
