//! By the flags with which it is started, and a priority class.

use std::os::windows::process::CommandExt;
use std::process::Command;

use windows_sys::Win32::System::Threading::{
    BELOW_NORMAL_PRIORITY_CLASS, CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS, GetCurrentProcess,
    SetPriorityClass,
};

pub(super) fn begin(command: &mut Command) {
    command.creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
}

/// It never had one: see [`begin`].
pub(super) fn leave_terminal() {}

pub(super) fn give_way() {
    // Where that is refused, it works as others do.
    // SAFETY: the call takes this process's pseudo handle, which needs no closing, and a constant.
    let _ = unsafe { SetPriorityClass(GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS) };
}
