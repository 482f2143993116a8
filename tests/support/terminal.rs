//! A terminal, as a person sits at one.

use std::fs::File;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal as it is opened: the end at which the person is, and the one that a process is given.
#[track_caller]
pub(crate) fn terminal() -> (File, File) {
    terminal_of(80)
}

/// The same of so many columns.
#[track_caller]
pub(crate) fn terminal_of(columns: u16) -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&person).expect("a terminal");
    unlockpt(&person).expect("a terminal");
    let name = ptsname(&person, Vec::new()).expect("its name");
    let process = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().expect("UTF-8"))
        .expect("the other end");
    // A new one has no room for anything.
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&process, size).expect("a size");
    (File::from(person), process)
}
