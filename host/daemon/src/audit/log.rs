//! The log of one tenant: its files, within their bounds, and what is missing in them.
//!
//! What always holds: lines are written as a whole or not at all; what could not be written, and
//! that files were removed, is written down before anything later is; and nothing counts as written
//! down before it is.

use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use cachewarden_types::since_1970;

use cachewarden_recording::{Line, RemovedRecord, line_of_no_session};
use cachewarden_system::safe_open::{append_line, open_to_append};

use crate::config::AuditConfig;

use super::Count;
use super::folder::{self, Name, surplus};
use super::share::{Lost, now};

/// The log of a tenant.
pub(super) struct Log {
    tenant: String,
    config: AuditConfig,
    count: Arc<Count>,
    /// The file that is written to, once it was opened.
    file: Option<File>,
    /// The latest time at which something was written.
    latest: SystemTime,
    /// What is not yet written down as missing.
    lost: Lost,
    removed: Option<RemovedRecord>,
    /// Whether the last write has failed.
    is_failing: bool,
    /// Whether the operator knows that the log is as large as it may be.
    is_full_told: bool,
}

impl Log {
    pub(super) fn new(tenant: &str, config: AuditConfig, count: Arc<Count>) -> Self {
        Self {
            tenant: tenant.to_owned(),
            config,
            count,
            file: None,
            latest: UNIX_EPOCH,
            lost: Lost::default(),
            removed: None,
            is_failing: false,
            is_full_told: false,
        }
    }

    /// Writes lines, after which others were lost.
    pub(super) fn write(&mut self, lines: &[u8], lost_after: Lost) {
        let mut rest = lines;
        let mut result = self.write_gaps().and_then(|()| self.append(&mut rest));
        let unwritten = rest.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.count.lost.fetch_add(unwritten, Ordering::Relaxed);
        self.lost.add(unwritten, now());
        self.lost.merge(lost_after);
        if result.is_ok() {
            result = self.write_gaps();
        }
        if result.is_err() {
            // It may be gone; the next line opens it anew.
            self.file = None;
        }
        self.report(result);
    }

    /// Tries once more to write down what is missing.
    pub(super) fn retry(&mut self) {
        // It was reported when it failed first.
        let _ = self.write_gaps();
    }

    /// Once for each time that the disk begins or ends to fail.
    fn report(&mut self, result: io::Result<()>) {
        let tenant = &self.tenant;
        match result {
            Err(error) if !self.is_failing => {
                tracing::error!(tenant, %error, "the audit log cannot be written: lines are lost until it can");
                self.is_failing = true;
            }
            Ok(()) if self.is_failing => {
                tracing::warn!(
                    tenant,
                    "the audit log is written again; it says what is missing"
                );
                self.is_failing = false;
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn write_gaps(&mut self) -> io::Result<()> {
        if let Some(removed) = self.removed {
            self.append_one(&line_of_no_session(&Line::Removed(removed))?)?;
            self.removed = None;
        }
        if let Some(lost) = self.lost.record() {
            self.append_one(&line_of_no_session(&Line::Lost(lost))?)?;
            self.lost = Lost::default();
        }
        Ok(())
    }

    /// Writes lines, and takes those away that are written.
    fn append(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            let size = self.file()?.metadata()?.len();
            let room = self.config.max_file_size.0.saturating_sub(size);
            let fitting = match whole_lines(lines, room) {
                0 if size > 0 => {
                    self.put_aside()?;
                    continue;
                }
                // Larger than a file may be.
                0 => first_line(lines),
                fitting => fitting,
            };
            let (now, later) = lines.split_at(fitting);
            self.append_one(&now[..now.len() - 1])?;
            *lines = later;
        }
        Ok(())
    }

    /// Writes lines, of which the last has no newline, as a whole or not at all.
    fn append_one(&mut self, lines: &[u8]) -> io::Result<()> {
        self.latest = self.latest.max(SystemTime::now());
        let file = self.file()?;
        let before = file.metadata()?.len();
        append_line(file, lines).inspect_err(|_| {
            // What is there in part is a line that cannot be read.
            let _ = file.set_len(before);
        })
    }

    fn file(&mut self) -> io::Result<&mut File> {
        let path = folder::path(&self.config.directory, &Name::current(&self.tenant));
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(open_to_append(&path)?)),
        }
    }

    /// Gives the full file the time as its name, and begins a new one.
    fn put_aside(&mut self) -> io::Result<()> {
        let path = |name: &Name| folder::path(&self.config.directory, name);
        let aside = Name::put_aside(&self.tenant, self.latest);
        fs::rename(path(&Name::current(&self.tenant)), path(&aside))?;
        self.file = None;
        self.remove_surplus();
        Ok(())
    }

    /// Removes the oldest files where the log has more than it may, and those that are too old.
    pub(super) fn remove_surplus(&mut self) {
        let AuditConfig {
            max_size,
            max_file_size,
            keep,
            ..
        } = self.config;
        // With room for the one that is written to.
        let most = max_size.0.saturating_sub(max_file_size.0);
        let files = self.put_aside_files();
        let count = surplus(&files, keep, most);
        let Some((newest, _)) = files[..count].last() else {
            return;
        };
        let until = newest.until().unwrap_or(UNIX_EPOCH);
        self.removed = Some(RemovedRecord {
            until: since_1970(until).as_secs() + 1,
        });
        // Before they go: a daemon that is killed now has said it. A full disk must not keep them.
        let _ = self.write_gaps();
        let total: u64 = files.iter().map(|(_, size)| size).sum();
        if total > most && !self.is_full_told {
            self.is_full_told = true;
            tracing::warn!(
                tenant = self.tenant,
                "the audit log of this tenant is as large as it may be (max-size of [audit]): its oldest files are removed, also from here on"
            );
        }
        for (name, _) in &files[..count] {
            // It is tried again with the next.
            let _ = fs::remove_file(folder::path(&self.config.directory, name));
        }
        let count = count as u64;
        self.count.removed_files.fetch_add(count, Ordering::Relaxed);
    }

    /// The files that were put aside, with their sizes, oldest first.
    fn put_aside_files(&self) -> Vec<(Name, u64)> {
        let names = folder::names(&self.config.directory).unwrap_or_default();
        let own = names.into_iter().filter(|name| name.tenant == self.tenant);
        own.filter(|name| name.until().is_some())
            .filter_map(|name| {
                let path = folder::path(&self.config.directory, &name);
                let size = fs::symlink_metadata(path).ok()?.len();
                Some((name, size))
            })
            .collect()
    }
}

/// How many bytes of these are whole lines, at most so many.
fn whole_lines(lines: &[u8], most: u64) -> usize {
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(lines.len());
    let last = lines[..most].iter().rposition(|byte| *byte == b'\n');
    last.map_or(0, |at| at + 1)
}

/// How many bytes the first line has.
fn first_line(lines: &[u8]) -> usize {
    let first = lines.iter().position(|byte| *byte == b'\n');
    first.map_or(lines.len(), |at| at + 1)
}
