//! Removes copies of a tenant whose views take nearly all that they may, so that its next gets are
//! hits again.

use std::path::PathBuf;
use std::time::SystemTime;

use cachewarden_types::Digest;

use super::Sweep;
use crate::trim::MTIME_GRACE;
use crate::views::key::ViewName;

/// A copy that stays, unless there is too little room.
pub(super) struct Kept {
    pub(super) used: SystemTime,
    pub(super) view: ViewName,
    pub(super) path: PathBuf,
    pub(super) output: Digest,
    pub(super) bytes: u64,
}

/// What the views of a tenant have.
#[derive(Default)]
pub(super) struct Found {
    pub(super) bytes: u64,
    /// The copies at one location, where the tenant's views are bounded.
    pub(super) kept: Vec<Kept>,
}

impl Sweep<'_> {
    /// Makes a tenth of the room of each tenant free. What was granted in the last hours stays: a
    /// job may be using its path.
    pub(super) fn shrink(&mut self) {
        let tenants: Vec<_> = self.found.keys().cloned().collect();
        for tenant in tenants {
            let most = self.views.tenant_files(&tenant).most();
            let mut kept = match self.found.get_mut(&tenant) {
                Some(found) => std::mem::take(&mut found.kept),
                None => continue,
            };
            kept.sort_unstable_by_key(|kept| kept.used);
            for copy in kept {
                let bytes = self.found[&tenant].bytes;
                if bytes <= most - most / 10 || !super::is_since(copy.used, self.now, MTIME_GRACE) {
                    break;
                }
                match self.remove_object(&copy.view, &copy.path, &copy.output) {
                    Ok(true) => {
                        self.report.files += 1;
                        self.report.bytes = self.report.bytes.saturating_sub(copy.bytes);
                        self.found_of(&copy.view).bytes -= copy.bytes;
                    }
                    Ok(false) => {}
                    Err(error) => self.note(error),
                }
            }
        }
    }
}
