//! Policies in TypeScript: built as those in JavaScript are, after their types are checked.

use std::path::Path;

use anyhow::Result;

use super::javascript;
use super::versions::TYPESCRIPT;
use crate::workspace::Workspace;

/// Builds both policies; what has not changed is not built again.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    javascript::build_language(workspace, out, "typescript")
}

/// What an author's project is built with.
pub(super) fn tools(workspace: &Workspace) -> Result<String> {
    let others = javascript::tools(workspace)?;
    Ok(format!("{others}, typescript {TYPESCRIPT}"))
}
