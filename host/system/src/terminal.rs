//! The terminal that standard output goes to.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// How large a terminal is. A number that it does not say is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns of a line.
    pub columns: u16,
    /// Rows that are seen.
    pub rows: u16,
}

/// The size of the terminal; `None` where standard output goes to none that says it.
pub fn size() -> Option<Size> {
    system::size()
}

/// Has the terminal obey escape sequences, with which colours are told. Those of Unix do; a console
/// of Windows shows them as letters until it is asked.
pub fn obey_escapes() {
    #[cfg(windows)]
    system::obey_escapes();
}
