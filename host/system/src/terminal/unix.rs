//! By an `ioctl`.

use std::io;

use rustix::termios::tcgetwinsize;

use super::Size;

pub(super) fn size() -> Option<Size> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    Some(Size {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}
