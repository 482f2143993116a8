//! By the console.

use std::io;
use std::mem;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::System::Console::{
    CONSOLE_SCREEN_BUFFER_INFO, ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING,
    GetConsoleMode, GetConsoleScreenBufferInfo, SetConsoleMode,
};

use super::Size;
use crate::windows::done;

/// What is seen, and not the lines above to which one can scroll.
pub(super) fn size() -> Option<Size> {
    // SAFETY: it is numbers alone, of which all may be 0.
    let mut info: CONSOLE_SCREEN_BUFFER_INFO = unsafe { mem::zeroed() };
    let handle = io::stdout().as_raw_handle();
    // SAFETY: `info` is written before the call returns.
    done(unsafe { GetConsoleScreenBufferInfo(handle, &raw mut info) }).ok()?;
    let seen = info.srWindow;
    let count = |first: i16, last: i16| u16::try_from(i32::from(last) - i32::from(first) + 1);
    Some(Size {
        columns: count(seen.Left, seen.Right).unwrap_or(0),
        rows: count(seen.Top, seen.Bottom).unwrap_or(0),
    })
}

pub(super) fn obey_escapes() {
    let handle = io::stdout().as_raw_handle();
    let mut mode = 0;
    // SAFETY: `mode` is written before the call returns. Of what is no console it fails.
    if done(unsafe { GetConsoleMode(handle, &raw mut mode) }).is_err() {
        return;
    }
    let obeying = mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    // SAFETY: it takes numbers. Where it fails, the console is one that knows no colours.
    let _ = unsafe { SetConsoleMode(handle, obeying) };
}
