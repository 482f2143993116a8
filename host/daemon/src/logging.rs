//! The operator's log: structured lines on stderr.

use std::io::{self, IsTerminal};

use tracing_subscriber::fmt::format::FmtSpan;

/// Begins to log: lines for a person on a terminal, JSON elsewhere.
pub(crate) fn to_stderr() {
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_target(false)
        .with_span_events(FmtSpan::NONE)
        .with_max_level(tracing::Level::INFO);
    // A second start in one process keeps the first log.
    let _ = match io::stderr().is_terminal() {
        true => log.with_ansi(false).try_init(),
        false => log.json().try_init(),
    };
}
