//! The client's one way to stderr.

use std::io::Write as _;

use cachewarden_types::{Code, line, sanitize};

/// Says what ends the program.
pub(super) fn fail(code: Code, text: &str) {
    say(&line(&code.error(text)));
}

/// Says what a person should know, though the build goes on.
pub(super) fn warn(code: Code, text: &str) {
    say(&line(&code.warning(text)));
}

/// Prints one line.
pub(super) fn say(text: &str) {
    // Nobody is left to be told that stderr is gone.
    let _ = std::io::stderr().write_all(format!("{}\n", sanitize(text)).as_bytes());
}
