//! Checks the records of witnesses.

use std::fs::File;
use std::io::Read;

use super::Verifier;
use crate::damaged_file::DamagedFile;
use crate::finding::Problem;
use crate::layout;
use crate::shard_report::ShardReport;
use crate::witnesses::{MAX_FILE, Records};

impl Verifier<'_> {
    /// Reads the records of witnesses. Records without an entry are not damage: a trim removes
    /// them.
    pub(super) fn witnesses(&self, shard: &str) -> ShardReport {
        let mut report = ShardReport::default();
        let shard = self.folder.join(layout::WITNESSES).join(shard);
        for (path, _) in report.files_in(&shard, |_| false) {
            let check = |file: &mut File| {
                let mut lines = Vec::new();
                file.take(MAX_FILE as u64 + 1).read_to_end(&mut lines)?;
                Ok((!Records::are_whole(&lines)).then_some(Problem::NoRecords))
            };
            if let Some(damaged_file) = DamagedFile::find(&path, check) {
                let still = || DamagedFile::find(&path, check).is_some();
                let finding = self.repair_or_report(path.clone(), damaged_file, still);
                report.findings.push(finding);
            }
        }
        report
    }
}
