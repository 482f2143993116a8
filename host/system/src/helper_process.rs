//! What holds for every process that a go command starts as its helper.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use crate::streams::AsStream;

/// cmd/go sets it for the tools that its actions run, and for nothing else: neither for tests nor
/// for generators.
pub const TOOL_OF_GO: &str = "TOOLEXEC_IMPORTPATH";

/// Whether go runs this helper's go command as a tool of one of its own actions, such as `go tool
/// covdata` in `go test -cover`: go prints what such a tool writes to stderr as part of its own
/// standard output (docs/protocol.md#nested-helpers). The go command that a person sees has a
/// helper of its own, which says what there is to say. What ends a helper is said in any case.
pub fn is_nested() -> bool {
    std::env::var_os(TOOL_OF_GO).is_some_and(|path| !path.is_empty())
}

/// No death by Ctrl-C: the go command gets the same signal, and its end is the end of the stream
/// (docs/protocol.md#signals).
pub fn outlive_interrupts() {
    system::outlive_interrupts();
}

/// Sets the umask, so that what is made gets the mode that it is made with: a umask that takes from
/// that would only make a store that is half readable. Windows has neither.
pub fn set_umask() {
    #[cfg(unix)]
    system::set_umask();
}

/// Makes a pipe larger, where the system gives that. It counts as the memory of this process's
/// user.
pub fn widen(pipe: impl AsStream) {
    #[cfg(unix)]
    system::widen(pipe);
    #[cfg(windows)]
    drop(pipe);
}
