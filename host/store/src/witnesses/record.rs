//! The records of one action: lines of a small file, and which of them are kept.
//!
//! The fields of a line are `w1 output identity producer time scope`, separated by single spaces
//! and ended by a newline. Identity and producer are 16 hex digits, the time is in seconds since
//! 1970. Further fields come from later versions and are ignored. A line that is torn is no record.

use std::collections::HashSet;
use std::fmt::Write as _;

use cachewarden_types::{Digest, ScopeName};

use super::{Identity, Witnesses};
use crate::entry::SessionId;

/// The version of a line. Other versions are not read.
const VERSION: &str = "w1";

/// Producers that are recorded for one output in one scope. Policies count to four, so a reader
/// that counts the scope learns nothing from more.
const MAX_AGREEING: usize = 4;

/// Outputs that are recorded of one producer in one scope: two show that it disagrees with itself,
/// and one producer cannot fill the place of others.
const MAX_OF_PRODUCER: usize = 2;

/// Records of one scope: three outputs that four producers agree on each.
const MAX_OF_SCOPE: usize = 12;

/// Records of an action: many more scopes than a reader counts, and few enough for one small read.
const MAX_RECORDS: usize = 64;

/// The most bytes of a file: a line has at most 207 bytes, and some room for later fields.
pub(crate) const MAX_FILE: usize = MAX_RECORDS * 256;

/// One producer's put of one output into one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) output: Digest,
    pub(crate) scope: ScopeName,
    pub(crate) identity: Identity,
    pub(crate) producer: SessionId,
    /// When it was first put, in seconds since 1970.
    pub(crate) time: u64,
}

/// The records of an action, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records(Vec<Record>);

impl Records {
    /// Reads a file's lines. Lines that are torn or of another version are left out.
    pub(crate) fn from_lines(bytes: &[u8]) -> Self {
        let whole = bytes.split_inclusive(|byte| *byte == b'\n');
        let records = whole.filter_map(Record::from_line).take(MAX_RECORDS);
        Self(records.collect())
    }

    /// Whether a file has lines of this version alone, and no more than are kept.
    pub(crate) fn are_whole(bytes: &[u8]) -> bool {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        bytes.len() <= MAX_FILE && lines.all(|line| Record::from_line(line).is_some())
    }

    /// The lines of a file.
    pub(crate) fn to_lines(&self) -> String {
        self.0.iter().map(Record::to_line).collect()
    }

    /// Whether there is no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there are records of more than one output.
    pub(crate) fn is_disputed(&self) -> bool {
        let outputs = self.0.iter().map(|record| record.output);
        outputs.collect::<HashSet<_>>().len() > 1
    }

    /// The same of the records of one scope.
    pub(crate) fn is_disputed_within(&self, scope: &ScopeName) -> bool {
        let within = self.0.iter().filter(|record| record.scope == *scope);
        let outputs = within.map(|record| record.output);
        outputs.collect::<HashSet<_>>().len() > 1
    }

    /// What the records of the scopes that are `counted` say about an output.
    pub(crate) fn summary(
        &self,
        output: &Digest,
        counted: impl Fn(&ScopeName) -> bool,
    ) -> Witnesses {
        let counting = self.0.iter().filter(|record| counted(&record.scope));
        let (same, other): (Vec<_>, Vec<_>) = counting.partition(|record| record.output == *output);
        let identities: HashSet<_> = same.iter().map(|record| record.identity).collect();
        Witnesses {
            count: identities.len().max(Witnesses::NONE.count),
            is_disputed: !other.is_empty(),
        }
    }

    /// Adds a record; returns whether anything has changed.
    pub(crate) fn add(&mut self, new: Record) -> bool {
        let is_same_put = |record: &Record| {
            (&record.scope, record.identity, record.output)
                == (&new.scope, new.identity, new.output)
        };
        let in_scope = |record: &Record| record.scope == new.scope;
        let agrees = |record: &Record| in_scope(record) && record.output == new.output;
        if self.0.iter().any(is_same_put) || self.count(agrees) >= MAX_AGREEING {
            return false;
        }
        let is_producers = |record: &Record| in_scope(record) && record.identity == new.identity;
        if self.count(is_producers) >= MAX_OF_PRODUCER {
            self.remove_first(is_producers);
        }
        if self.count(in_scope) >= MAX_OF_SCOPE {
            self.remove_least_agreed(&new.scope.clone());
        }
        if self.0.len() >= MAX_RECORDS {
            // Of the tenant that has the most records, or its many producers and scopes would
            // displace those of others. There, of the scope in which the fewest agree.
            let of_tenant = |record: &Record| {
                let tenant = record.identity.tenant();
                self.count(|other| other.identity.tenant() == tenant)
            };
            let most = self.0.iter().map(of_tenant).max().unwrap_or_default();
            let largest = self.0.iter().filter(|record| of_tenant(record) == most);
            let least = largest.min_by_key(|record| self.agreement(&record.scope));
            if let Some(scope) = least.map(|record| record.scope.clone()) {
                self.remove_least_agreed(&scope);
            }
        }
        self.0.push(new);
        true
    }

    /// Keeps the records that `stays` selects; returns how many go.
    pub(crate) fn retain(&mut self, stays: impl FnMut(&Record) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(stays);
        before - self.0.len()
    }

    /// Removes from a scope the oldest record of the output that the fewest producers agree on.
    fn remove_least_agreed(&mut self, scope: &ScopeName) {
        let in_scope = self.0.iter().filter(|record| record.scope == *scope);
        let least = in_scope.min_by_key(|record| {
            let output = record.output;
            self.count(|other| other.scope == *scope && other.output == output)
        });
        if let Some(output) = least.map(|record| record.output) {
            self.remove_first(|record| record.scope == *scope && record.output == output);
        }
    }

    /// How many producers agree in a scope, at most, on an output.
    fn agreement(&self, scope: &ScopeName) -> usize {
        let in_scope = self.0.iter().filter(|record| record.scope == *scope);
        let agreeing = in_scope.map(|record| {
            let output = record.output;
            self.count(|other| other.scope == *scope && other.output == output)
        });
        agreeing.max().unwrap_or_default()
    }

    fn count(&self, which: impl Fn(&Record) -> bool) -> usize {
        self.0.iter().filter(|record| which(record)).count()
    }

    fn remove_first(&mut self, which: impl Fn(&Record) -> bool) {
        if let Some(position) = self.0.iter().position(which) {
            self.0.remove(position);
        }
    }
}

impl Record {
    fn to_line(&self) -> String {
        let mut line = String::new();
        // Writing to a text cannot fail.
        let _ = writeln!(
            line,
            "{VERSION} {} {:016x} {} {} {}",
            self.output, self.identity.0, self.producer, self.time, self.scope
        );
        line
    }

    fn from_line(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let mut fields = text.split(' ');
        if fields.next()? != VERSION {
            return None;
        }
        Some(Self {
            output: Digest::from_hex(fields.next()?)?,
            identity: Identity(fields.next()?.parse::<SessionId>().ok()?.0),
            producer: fields.next()?.parse().ok()?,
            time: fields.next()?.parse().ok()?,
            scope: fields.next()?.parse().ok()?,
        })
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
