//! What the compiler asks of mingw, and Zig has otherwise: a library that is empty there, and a
//! program with another name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::folders;

/// mingw's own checks of the stack. Zig links its own where they are used.
const LIBRARY: &str = "libssp_nonshared.a";

/// An archive without a file in it, as `ar` writes one.
const EMPTY: &str = "!<arch>\n";

/// What makes the libraries through which a program calls those of the system.
const DLLTOOL: &str = "dlltool";

/// Writes both below a folder, and returns the compiler's options to find them.
pub(super) fn write(folder: &Path, zig: &Path) -> Result<[String; 2]> {
    let folder = folder.join("mingw");
    let library = folder.join(LIBRARY);
    let dlltool = folder.join(DLLTOOL);
    let script = format!("#!/bin/sh\nexec \"{}\" dlltool \"$@\"\n", zig.display());
    folders::write_script(&dlltool, &script)?;
    fs::write(&library, EMPTY).with_context(|| format!("cannot write {}", library.display()))?;
    Ok([
        format!("-Lnative={}", folder.display()),
        format!("-Cdlltool={}", dlltool.display()),
    ])
}
