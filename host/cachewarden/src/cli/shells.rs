//! What a person types so that go uses a value of GOCACHEPROG.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// A line that turns a policy on, as a literal; for the path of the policy.
pub(super) use system::example;

/// Two lines that turn this program on: as a plain cache, and with a policy.
pub(super) const FIRST_LINES: &str = system::FIRST_LINES;

/// For all go commands of this user: `go env -w`.
pub(super) fn keep(value: &str) -> String {
    system::keep(value)
}

/// For the shell of this user alone: lines that begin with `#`.
pub(super) fn for_one_shell(value: &str) -> String {
    system::for_one_shell(value)
}

/// Either of both, in one line.
pub(super) fn set(value: &str) -> String {
    system::set(value)
}

/// Unsets a variable.
pub(super) fn unset(name: &str) -> String {
    system::unset(name)
}

/// One command, and another one if that was done.
pub(super) fn then(first: &str, second: &str) -> String {
    system::then(first, second)
}
