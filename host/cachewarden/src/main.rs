//! The `cachewarden` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    cachewarden::cli::main()
}
