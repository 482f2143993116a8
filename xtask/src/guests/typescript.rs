//! Policies in TypeScript: built like those in JavaScript, after a type check.

use std::path::Path;

use anyhow::Result;

use super::javascript;
use super::versions::TYPESCRIPT;
use crate::workspace::Workspace;

/// Builds the policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    javascript::build_language(workspace, out, "typescript")
}

/// The tools that build an author's project.
pub(super) fn tools(workspace: &Workspace) -> Result<String> {
    let others = javascript::tools(workspace)?;
    Ok(format!("{others}, typescript {TYPESCRIPT}"))
}
