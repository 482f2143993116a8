//! What a service is asked by those who keep a tier in order: all that is below a prefix, and when a
//! value was written.

use std::time::{Instant, SystemTime};

use futures_util::TryStreamExt;
use opendal::{EntryMode, Error, ErrorKind, Lister, Metadata, Operator};

use super::errors::{says_no_verb, says_none};
use super::guarded::guarded;
use super::storage::UNFINISHED;
use super::{Client, Service, ServiceError, ServiceKind};

/// The most values of one listing. A tier of 1 TB has some 130,000 packs, or some millions of entries
/// with a key each; a service that names more, or the same again and again, would fill the memory.
pub(crate) const MAX_LISTED: u64 = 5_000_000;

/// The most segments of a scope that a session or an upload lists. Uploads merge them from 16 on; where
/// they may not remove what they have merged, this is so many uploads. A listing without end would keep
/// them busy. It is no failure of the service that there are more: it would take the tier from all other
/// scopes.
pub(crate) const MAX_SEGMENTS_LISTED: u64 = 10_000;

/// The most packs that an upload lists: those of 1.5 TB.
pub(crate) const MAX_PACKS_LISTED: u64 = 200_000;

/// The most values, and folders, that are looked at for whether there is any value.
const MAX_BEFORE_ANY: u64 = 1000;

/// A value that a listing names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) key: String,
    pub(crate) size: u64,
    /// When it was written, by the service's clock.
    pub(crate) written: SystemTime,
}

impl Service {
    /// Gives the values below the prefix of a scope's index, which ends with a slash, to `take`, in no
    /// order; whether these are all. There are [`MAX_SEGMENTS_LISTED`] of them at most.
    ///
    /// # Errors
    /// When the service fails, or does not list.
    pub(crate) async fn walk(
        &self,
        prefix: &str,
        take: impl FnMut(Value),
    ) -> Result<bool, ServiceError> {
        self.walk_first(prefix, MAX_SEGMENTS_LISTED, take).await
    }

    /// Gives all values below any prefix to `take`, where there are at most so many.
    ///
    /// # Errors
    /// When there are more, or as [`Self::walk`].
    pub(crate) async fn walk_within(
        &self,
        prefix: &str,
        most: u64,
        take: impl FnMut(Value),
    ) -> Result<(), ServiceError> {
        match self.walk_first(prefix, most, take).await? {
            true => Ok(()),
            false => Err(self.failed(too_many(most))),
        }
    }

    async fn walk_first(
        &self,
        prefix: &str,
        most: u64,
        mut take: impl FnMut(Value),
    ) -> Result<bool, ServiceError> {
        let lister = self.listed()?.lister_with(prefix).recursive(true);
        let lister = guarded(async { lister.await }).await;
        let take = |value| {
            take(value);
            true
        };
        self.take_while(lister, prefix, most, take).await
    }

    /// Whether there is a value below a prefix, which ends with a slash: one request, mostly.
    ///
    /// # Errors
    /// When the service fails, or does not list.
    pub(crate) async fn has_below(&self, prefix: &str) -> Result<bool, ServiceError> {
        let lister = self.listed()?.lister_with(prefix).recursive(true).limit(1);
        let mut is_any = false;
        let lister = guarded(async { lister.await }).await;
        let listed = self.take_while(lister, prefix, MAX_BEFORE_ANY, |_| {
            is_any = true;
            false
        });
        match listed.await? {
            true => Ok(is_any),
            false => Err(self.failed(too_many(MAX_BEFORE_ANY))),
        }
    }

    /// What killed uploaders have left: files that were not whole yet when they were written last.
    ///
    /// # Errors
    /// When the service fails.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Value>, ServiceError> {
        let mut unfinished = Vec::new();
        if self.kind == ServiceKind::File {
            // What is in folders is something else.
            let lister = self.listed()?.lister("/").await;
            let take = |value: Value| {
                if value.key.starts_with(UNFINISHED) {
                    unfinished.push(value);
                }
                true
            };
            if !self.take_while(lister, "", MAX_LISTED, take).await? {
                return Err(self.failed(too_many(MAX_LISTED)));
            }
        }
        Ok(unfinished)
    }

    /// When the value of a key was written, by the service's clock; `None` where there is none.
    ///
    /// # Errors
    /// When the service fails, or does not say.
    pub(crate) async fn written(&self, key: &str) -> Result<Option<SystemTime>, ServiceError> {
        let written = match guarded(self.listed()?.stat(key)).await {
            Err(error) if says_none(&error) => return Ok(None),
            stat => stat.and_then(|metadata| time(&metadata)),
        };
        written.map(Some).map_err(|error| self.failed(error))
    }

    /// Sees that the service is one that lists. It is not asked.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn check_lists(&self) -> Result<(), ServiceError> {
        self.listed().map(|_| ())
    }

    /// Lets the service be asked whether it lists its keys, where it has said some minutes ago that it
    /// does not.
    pub(crate) fn ask_again_whether_it_lists(&self) {
        if let Client::Storage(storage) = &self.client {
            storage.lists().ask_again(Instant::now());
        }
    }

    fn listed(&self) -> Result<&Operator, ServiceError> {
        match &self.client {
            Client::Storage(storage) if storage.lists().can_list() => Ok(storage.listing()),
            _ => Err(self.failed(does_not_list())),
        }
    }

    /// Gives at most so many values to `take` as long as that wants more; whether it has got what it
    /// wants. Takes note of whether the service lists.
    async fn take_while(
        &self,
        lister: opendal::Result<Lister>,
        prefix: &str,
        most: u64,
        take: impl FnMut(Value) -> bool,
    ) -> Result<bool, ServiceError> {
        let Client::Storage(storage) = &self.client else {
            return Err(self.failed(does_not_list()));
        };
        let mut is_begun = false;
        let taken = take_while(lister, prefix, most, take, &mut is_begun).await;
        if is_begun {
            storage.lists().note_listed();
        }
        match taken {
            Ok(is_whole) => Ok(is_whole),
            // Later it is an error: what a listing leaves out must not be taken for removed.
            Err(error) if !is_begun && says_none(&error) && self.kind.lacks_empty_folders() => {
                Ok(true)
            }
            Err(error) if says_no_verb(&error) && storage.lists().note_no_verb(Instant::now()) => {
                Err(self.failed(does_not_list()))
            }
            Err(error) => Err(self.failed(error)),
        }
    }
}

/// Gives at most so many values to `take` as long as that wants more; whether it has got what it wants.
/// Says whether the listing has named anything.
async fn take_while(
    lister: opendal::Result<Lister>,
    prefix: &str,
    most: u64,
    mut take: impl FnMut(Value) -> bool,
    is_begun: &mut bool,
) -> opendal::Result<bool> {
    let mut lister = lister?;
    for count in 0..=most {
        let Some(entry) = guarded(lister.try_next()).await? else {
            return Ok(true);
        };
        *is_begun = true;
        if count == most {
            break;
        }
        let metadata = entry.metadata();
        if metadata.mode() == EntryMode::FILE {
            if !entry.path().starts_with(prefix) {
                let text = "it lists values that are not below what is asked for";
                return Err(Error::new(ErrorKind::Unexpected, text));
            }
            let value = Value {
                key: entry.path().to_owned(),
                size: metadata.content_length(),
                written: time(metadata)?,
            };
            if !take(value) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn too_many(most: u64) -> Error {
    let text = format!(
        "it lists more than {most} values; `cachewarden remote prune` removes what is of no use"
    );
    Error::new(ErrorKind::Unexpected, text)
}

fn time(metadata: &Metadata) -> opendal::Result<SystemTime> {
    let time = metadata.last_modified().map(SystemTime::from);
    time.ok_or_else(|| {
        let text = "it does not say when a value was written";
        Error::new(ErrorKind::Unsupported, text)
    })
}

fn does_not_list() -> Error {
    Error::new(ErrorKind::Unsupported, "it does not list its keys")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::address::Credentials;

    #[tokio::test]
    async fn a_listing_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let address = format!("file://{}", folder.path().display())
            .parse()
            .unwrap();
        let service = Service::at(&address, &Credentials::default()).unwrap();
        for (most, expected) in [(2, false), (5, true)] {
            let mut count = 0;
            let taken = service.walk_within("", most, |_| count += 1).await;
            assert_eq!(taken.is_ok(), expected, "{taken:?}");
            assert!(count <= 3, "{count}");
        }
    }
}
