//! What the audit log says of sessions: which have put, and which have read.
//!
//! The log is read line by line, so memory is that of what is found. What always holds: what is
//! missing of the log and could have mattered is named.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use cachewarden_recording::{LostRecord, RemovedRecord, ScannedLine, scan};
use cachewarden_store::{RevokedEntry, SessionId};
use cachewarden_types::{Label, count, since_1970};

use crate::audit::{Audit, LogFile};

/// The most sessions of a tenant that are named as readers: beyond it, build everything again. One
/// tenant with many sessions does not hide the readers of others.
const MAX_READERS: usize = 2_000;

/// A session that has read what is revoked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Reader {
    session: String,
    /// Seconds since 1970.
    started: u64,
    labels: BTreeMap<String, String>,
    entries: usize,
    #[serde(skip)]
    tenant: String,
}

impl Reader {
    /// A session that has read once; how it began is not known yet.
    fn new(id: &str, tenant: &str) -> Self {
        Self {
            session: id.to_owned(),
            started: 0,
            labels: BTreeMap::new(),
            entries: 1,
            tenant: tenant.to_owned(),
        }
    }
}

/// The log, as it was when it was opened, and what could not be looked at.
pub(super) struct AuditLog {
    files: Vec<LogFile>,
    problems: BTreeSet<String>,
    /// What is missing in the log of each tenant.
    gaps: BTreeMap<String, Gaps>,
}

/// What the log of a tenant says is missing in it.
#[derive(Clone, Copy, Default)]
struct Gaps {
    lost: Option<LostRecord>,
    removed: Option<RemovedRecord>,
}

impl AuditLog {
    /// Everything that was recorded until now.
    pub(super) fn open(audit: Option<&Audit>) -> Self {
        let mut log = Self {
            files: Vec::new(),
            problems: BTreeSet::new(),
            gaps: BTreeMap::new(),
        };
        log.renew(audit);
        log
    }

    /// The same with what was recorded since.
    pub(super) fn renew(&mut self, audit: Option<&Audit>) {
        let problem = match audit.map(Audit::files) {
            None => "there is no audit log, so readers are not known".to_owned(),
            Some(Ok(files)) => {
                self.files = files;
                return;
            }
            Some(Err(error)) => format!("the audit log cannot be read: {error}"),
        };
        self.problems.insert(problem);
    }

    /// The tenants that have a log.
    pub(super) fn tenants(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.tenant.as_str())
    }

    /// Whether nothing is known to be missing.
    pub(super) fn is_complete(&self) -> bool {
        let has_gap = |gaps: &Gaps| gaps.lost.is_some() || gaps.removed.is_some();
        self.problems.is_empty() && !self.gaps.values().any(has_gap)
    }

    /// What could not be looked at.
    pub(super) fn incomplete(self) -> Vec<String> {
        let mut incomplete: Vec<_> = self.problems.into_iter().collect();
        for (tenant, gaps) in self.gaps {
            incomplete.extend(gaps.lost.map(|lost| {
                let are = match lost.lines {
                    1 => "is",
                    _ => "are",
                };
                format!(
                    "{} of the audit log of {tenant} {are} missing, from {} to {}",
                    count(lost.lines, "line"),
                    shown(lost.since),
                    shown(lost.until)
                )
            }));
            incomplete.extend(gaps.removed.map(|removed| {
                format!(
                    "files of the audit log of {tenant} were removed, with what was written until {} (max-size and keep of [audit])",
                    shown(removed.until)
                )
            }));
        }
        incomplete
    }

    /// The sessions of the tenants that `is_tenant` says, with the labels that `is_meant` says.
    pub(super) fn sessions(
        &mut self,
        is_tenant: impl Fn(&str) -> bool,
        is_meant: impl Fn(&[Label]) -> bool,
    ) -> HashSet<SessionId> {
        let mut sessions = HashSet::new();
        let mut search = Search::new(UNIX_EPOCH);
        for file in self.files.iter().filter(|file| is_tenant(&file.tenant)) {
            search.file(file, |line| {
                if line.session().is_some_and(|(_, labels)| is_meant(&labels)) {
                    sessions.extend(line.id.and_then(|id| id.parse::<SessionId>().ok()));
                }
            });
        }
        self.note(search);
        sessions
    }

    /// The sessions that were answered one of the entries since a time, or whose policies accepted
    /// it. When an entry was put is no bound: a later put of the same bytes takes its place.
    pub(super) fn readers(&mut self, revoked: &[RevokedEntry], since: SystemTime) -> Vec<Reader> {
        if revoked.is_empty() {
            return Vec::new();
        }
        let exact: HashSet<_> = revoked.iter().map(|one| (one.action, one.output)).collect();
        let actions: HashSet<_> = revoked.iter().map(|one| one.action).collect();
        let is_revoked = |line: &ScannedLine<'_>| match line.read() {
            Some((action, Some(output))) => exact.contains(&(action, output)),
            Some((action, None)) => actions.contains(&action),
            None => false,
        };
        let mut readers: BTreeMap<String, Reader> = BTreeMap::new();
        let (mut named, mut too_many) = (0, BTreeSet::new());
        let mut tenant = "";
        let mut search = Search::new(since);
        // The files of a tenant follow each other.
        for file in &self.files {
            if file.tenant != tenant {
                (tenant, named) = (&file.tenant, 0);
            }
            search.file(file, |line| {
                let Some(id) = line.id.filter(|_| is_revoked(line)) else {
                    return;
                };
                if let Some(reader) = readers.get_mut(id) {
                    reader.entries += 1;
                } else if named < MAX_READERS {
                    named += 1;
                    let reader = Reader::new(id, &file.tenant);
                    readers.insert(id.to_owned(), reader);
                } else {
                    too_many.insert(&file.tenant);
                }
            });
        }
        for tenant in too_many {
            let text = format!(
                "more than {MAX_READERS} sessions of {tenant} have read what is revoked; the others are not named"
            );
            self.problems.insert(text);
        }
        self.note(search);
        self.describe(&mut readers);
        readers.into_values().collect()
    }

    /// Takes note of what a search could not look at. Two searches meet the same gaps.
    fn note(&mut self, search: Search) {
        self.problems.extend(search.problems);
        for (tenant, found) in search.gaps {
            let gaps = self.gaps.entry(tenant).or_default();
            gaps.lost = gaps.lost.max(found.lost);
            gaps.removed = gaps.removed.max(found.removed);
        }
    }

    /// Finds out how sessions began. That stands in the file of what they read, or in one before.
    fn describe(&self, readers: &mut BTreeMap<String, Reader>) {
        let tenants: BTreeSet<_> = readers.values().map(|one| one.tenant.clone()).collect();
        for tenant in tenants {
            let is_unknown = |reader: &Reader| reader.tenant == tenant && reader.labels.is_empty();
            let own = self.files.iter().filter(|file| file.tenant == tenant);
            for file in own.rev() {
                if !readers.values().any(is_unknown) {
                    break;
                }
                let Ok(log) = file.reader() else { continue };
                // What cannot be read was said when readers were looked for.
                let _ = scan(log, |line| {
                    if let Some(reader) = line.id.and_then(|id| readers.get_mut(id))
                        && let Some((started, labels)) = line.session()
                    {
                        reader.started = started;
                        let labels = labels.into_iter();
                        reader.labels = labels.map(|label| (label.name, label.value)).collect();
                    }
                });
            }
        }
    }
}

/// A search for what was written at a time or later.
struct Search {
    since: SystemTime,
    problems: BTreeSet<String>,
    gaps: BTreeMap<String, Gaps>,
}

impl Search {
    fn new(since: SystemTime) -> Self {
        Self {
            since,
            problems: BTreeSet::new(),
            gaps: BTreeMap::new(),
        }
    }

    /// Gives the lines of a file to `found`, and notes what is missing in it. A file that was put
    /// aside before is not read.
    fn file(&mut self, file: &LogFile, mut found: impl FnMut(&ScannedLine<'_>)) {
        if file.until.is_some_and(|until| until < self.since) {
            return;
        }
        let mut gaps = self.gaps.remove(&file.tenant).unwrap_or_default();
        let since = since_1970(self.since).as_secs();
        let is_since = |until: u64| until >= since;
        let read = file.reader().and_then(|log| {
            scan(log, |line| {
                found(line);
                if let Some(lost) = line.lost().filter(|lost| is_since(lost.until)) {
                    gaps.lost = Some(gaps.lost.map_or(lost, |gap| gap.merged(lost)));
                }
                let removed = line.removed().filter(|removed| is_since(removed.until));
                gaps.removed = gaps.removed.max(removed);
            })
        });
        if gaps.lost.is_some() || gaps.removed.is_some() {
            self.gaps.insert(file.tenant.clone(), gaps);
        }
        let path = file.path.display();
        let problem = match read {
            Ok(0) => return,
            Ok(torn) => format!("{} of {path} cannot be read", count(torn, "line")),
            Err(error) => format!("{path} cannot be read: {error}"),
        };
        self.problems.insert(problem);
    }
}

fn shown(seconds: u64) -> String {
    // A year of four digits, or the text would be none.
    let seconds = seconds.min(253_402_300_799);
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}
