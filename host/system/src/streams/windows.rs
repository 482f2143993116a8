//! By handles. A duplicate that this process makes is not inherited by its children.

use std::fs::File;
use std::io::{self, Write};
use std::os::windows::io::{AsHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetStdHandle,
};

use crate::wakeup::Input;
use crate::windows::done;

pub use std::os::windows::io::{AsHandle as AsStream, OwnedHandle as OwnedStream};

pub(super) fn keep_from_children() {
    for stream in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: the handle belongs to this process, or is none, and then the call fails.
        unsafe { SetHandleInformation(of(stream), HANDLE_FLAG_INHERIT, 0) };
    }
}

pub(super) fn take_stdin() -> io::Result<Input> {
    io::stdin().as_handle().try_clone_to_owned().map(input)
}

pub(super) fn input(stream: impl Into<OwnedHandle>) -> Input {
    Input::new(stream)
}

pub(super) fn take_stdout() -> io::Result<File> {
    let given = io::stdout();
    let stdout = given.as_handle().try_clone_to_owned()?;
    let original = of(STD_OUTPUT_HANDLE);
    // SAFETY: the handle of standard error is this process's own, or none.
    done(unsafe { SetStdHandle(STD_OUTPUT_HANDLE, of(STD_ERROR_HANDLE)) })?;
    if !original.is_null() && original != of(STD_ERROR_HANDLE) {
        // SAFETY: nothing else has this handle from here on: the standard library asks for the
        // stream's handle each time.
        drop(unsafe { OwnedHandle::from_raw_handle(original) });
    }
    Ok(File::from(stdout))
}

pub(super) fn write_now<W: AsStream>(_: &W, _: &[u8]) -> io::Result<usize>
where
    for<'stream> &'stream W: Write,
{
    Ok(0)
}

fn of(stream: STD_HANDLE) -> HANDLE {
    // SAFETY: it takes any of the three constants.
    unsafe { GetStdHandle(stream) }
}
