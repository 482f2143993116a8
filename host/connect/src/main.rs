//! `cachewarden-connect`: what the go command starts where a daemon has the cache.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words = std::env::args_os().skip(1);
    ExitCode::from(cachewarden_connect::client::main(
        "cachewarden-connect",
        words,
    ))
}
