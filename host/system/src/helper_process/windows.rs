//! By a handler of what a console sends.

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

pub(super) fn outlive_interrupts() {
    // As on Unix, it is no harm if this fails.
    // SAFETY: the handler may run in any thread at any time: it touches nothing.
    let _ = unsafe { SetConsoleCtrlHandler(Some(ignore), true.into()) };
}

/// Says whether the event is dealt with. When the console is closed or the user logs off, Windows
/// ends this process in any case.
unsafe extern "system" fn ignore(event: u32) -> BOOL {
    matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT).into()
}
