//! The totals of sessions, from a store's sessions.jsonl.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The totals of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) gets: u64,
    pub(crate) hits: u64,
    pub(crate) refused_gets: u64,
    pub(crate) puts: u64,
    pub(crate) refused_puts: u64,
    pub(crate) remote_hits: u64,
    pub(crate) remote_bytes: u64,
}

impl Totals {
    /// The totals of the last session of this store.
    pub(crate) fn of_last_session(store: &Path) -> Result<Totals> {
        let file = store.join("sessions.jsonl");
        let problem = || format!("cannot read the last session in {}", file.display());
        let text = fs::read_to_string(&file).with_context(problem)?;
        let line = text.lines().last().unwrap_or_default();
        let line: Value = serde_json::from_str(line).with_context(problem)?;
        let count = |field: &str| {
            line[field]
                .as_u64()
                .with_context(|| format!("no `{field}`"))
                .with_context(problem)
        };
        Ok(Totals {
            gets: count("gets")?,
            hits: count("hits")?,
            refused_gets: count("refused-gets")?,
            puts: count("puts")?,
            refused_puts: count("refused-puts")?,
            // These are left out where there are none.
            remote_hits: line["remote-hits"].as_u64().unwrap_or_default(),
            remote_bytes: line["remote-bytes"].as_u64().unwrap_or_default(),
        })
    }

    /// Fails unless all that the session asked for was there.
    pub(crate) fn check_all_were_hits(&self) -> Result<()> {
        ensure!(
            self.hits > 0 && self.hits == self.gets && self.puts == 0,
            "not all that the build asked for was there: {self:?}"
        );
        Ok(())
    }
}
