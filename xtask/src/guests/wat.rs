//! Policies in WebAssembly text: the host loads the text as it is.
//!
//! If wabt's `wat2wasm` is installed, the result is the binary that it makes, so that its size can
//! be compared with other languages; otherwise it is the text itself, under the same name.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

use super::publish;

/// Each policy and its folder.
const POLICIES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches/wat"),
    ("mirror", "guest-sdk/conformance/wat"),
];

/// The assembler of wabt, of any version.
const ASSEMBLER: &str = "wat2wasm";

/// Makes both policies. This takes only a moment, so it is always done; a file with the same bytes
/// is not written again.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let folder = workspace.guest_build().join("wat");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let assembles = process::ask(Command::new(ASSEMBLER).arg("--version")).is_some();
    for (policy, source_folder) in POLICIES {
        let text = workspace
            .root()
            .join(source_folder)
            .join(policy)
            .with_extension("wat");
        let guest = out.join(policy).with_extension("wasm");
        if assembles {
            let built = folder.join(policy).with_extension("wasm");
            process::run(Command::new(ASSEMBLER).arg(&text).arg("-o").arg(&built))?;
            publish(&built, &guest)?;
        } else {
            publish(&text, &guest)?;
        }
    }
    Ok(())
}

/// The text is the policy.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    Ok("nothing".to_owned())
}
