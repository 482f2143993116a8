//! The files of records, and those that were read lately.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::WitnessReport;
use super::record::{MAX_FILE, Record, Records};
use crate::files::FILE_MODE;
use crate::shard_dir::ShardDir;

/// Parts of the table that are locked one by one, so that sessions seldom wait for each other.
const STRIPES: usize = 16;

/// Actions that a stripe remembers in one generation. Two generations of all stripes are 32,768
/// actions, some ten builds of the standard library, in some 10 MB.
const GENERATION: usize = 1024;

/// The records of all actions.
#[derive(Debug)]
pub(crate) struct WitnessTable {
    shard_dir: ShardDir,
    stripes: [Mutex<Stripe>; STRIPES],
}

/// A part of the table. All actions of a shard are in one stripe.
#[derive(Debug, Default)]
pub(crate) struct Stripe {
    /// The records that were read or written lately. When there are too many, those of the earlier
    /// generation are forgotten.
    recent: HashMap<Digest, Arc<Records>>,
    earlier: HashMap<Digest, Arc<Records>>,
}

impl WitnessTable {
    /// The table in a folder, which is made when it is needed.
    pub(crate) fn new(folder: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            shard_dir: ShardDir::new(folder, lock_timeout),
            stripes: Default::default(),
        }
    }

    /// The folder of the files.
    pub(crate) fn folder(&self) -> &Path {
        self.shard_dir.folder()
    }

    /// The records of an action. Where they cannot be read, there are none.
    pub(crate) fn of(&self, action: &Digest) -> Arc<Records> {
        self.read(&mut self.stripe(action), action)
    }

    /// Adds a record. With `must_have_others`, only where the action has one already.
    pub(crate) fn add(
        &self,
        action: &Digest,
        record: Record,
        must_have_others: bool,
    ) -> io::Result<WitnessReport> {
        let mut stripe = self.stripe(action);
        let before = self.read(&mut stripe, action);
        let mut records = Records::clone(&before);
        if (must_have_others && before.is_empty()) || !records.add(record) {
            return Ok(WitnessReport::default());
        }
        let report = WitnessReport {
            is_new: true,
            is_disputed_now: records.is_disputed() && !before.is_disputed(),
        };
        self.write(&mut stripe, action, records)?;
        Ok(report)
    }

    /// Removes the records of an action that `stays` does not select; returns how many. With
    /// `dry_run`, none is removed.
    pub(crate) fn retain(
        &self,
        action: &Digest,
        dry_run: bool,
        stays: impl Fn(&Records, &Record) -> bool,
    ) -> io::Result<usize> {
        let mut stripe = self.stripe(action);
        let before = self.read(&mut stripe, action);
        let mut records = Records::clone(&before);
        let removed = records.retain(|record| stays(&before, record));
        if removed > 0 && !dry_run {
            self.write(&mut stripe, action, records)?;
        }
        Ok(removed)
    }

    /// Locks the actions of a shard and forgets what was read of them, so that their files can be
    /// removed.
    pub(crate) fn lock_shard(&self, shard: usize) -> MutexGuard<'_, Stripe> {
        let mut stripe = self.stripe_at(shard);
        *stripe = Stripe::default();
        stripe
    }

    fn read(&self, stripe: &mut Stripe, action: &Digest) -> Arc<Records> {
        if let Some(records) = stripe.recent.get(action) {
            return Arc::clone(records);
        }
        let records = match stripe.earlier.remove(action) {
            Some(records) => records,
            None => Arc::new(self.read_file(action)),
        };
        stripe.remember(action, Arc::clone(&records));
        records
    }

    fn read_file(&self, action: &Digest) -> Records {
        let mut lines = Vec::new();
        let read = self
            .shard_dir
            .open(action, false)
            .and_then(|(file, _)| file.take(MAX_FILE as u64).read_to_end(&mut lines));
        match read {
            Ok(_) => Records::from_lines(&lines),
            Err(_) => Records::default(),
        }
    }

    fn write(&self, stripe: &mut Stripe, action: &Digest, records: Records) -> io::Result<()> {
        // A file without a record says what no file says, and the next trim removes it.
        let mut file = self.shard_dir.create(action, FILE_MODE)?;
        file.write_all(records.to_lines().as_bytes())?;
        file.persist(action, &self.shard_dir.shard_path(action))?;
        stripe.remember(action, Arc::new(records));
        Ok(())
    }

    fn stripe(&self, action: &Digest) -> MutexGuard<'_, Stripe> {
        self.stripe_at(action.as_bytes()[0].into())
    }

    fn stripe_at(&self, shard: usize) -> MutexGuard<'_, Stripe> {
        let stripe = &self.stripes[shard % STRIPES];
        stripe.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stripe {
    fn remember(&mut self, action: &Digest, records: Arc<Records>) {
        if self.recent.len() >= GENERATION {
            self.earlier = std::mem::take(&mut self.recent);
        }
        self.recent.insert(*action, records);
    }
}
