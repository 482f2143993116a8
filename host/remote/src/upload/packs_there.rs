//! The packs that are in a tier, so that none is sent twice and no entry of one that is gone counts as
//! there.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use cachewarden_types::Digest;

use crate::format::{PACKS, pack_key};
use crate::service::{MAX_PACKS_LISTED, Service, ServiceError, Value};

use super::pace::with_pauses;

/// Packs that are asked for at once.
const AT_ONCE: usize = 8;

/// The packs that are in a tier, as far as that is known.
pub(super) struct PacksThere {
    known: HashMap<Digest, bool>,
    /// What is not known is not there. Else it is asked for.
    is_listed: bool,
}

impl PacksThere {
    /// Those that a service lists; none is known where it does not.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn look(service: &Service) -> Result<Self, ServiceError> {
        let mut there = Self {
            known: HashMap::new(),
            is_listed: false,
        };
        there.list(service).await?;
        Ok(there)
    }

    async fn list(&mut self, service: &Service) -> Result<(), ServiceError> {
        match with_pauses(|| listed(service)).await {
            Err(ServiceError::Unsupported(_)) => {}
            listed => {
                let listed = listed?.into_iter();
                self.is_listed = true;
                self.known.extend(listed.map(|pack| (pack, true)));
            }
        }
        Ok(())
    }

    /// Whether a pack is there, and whole as far as that is known.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn has(
        &mut self,
        service: &Service,
        pack: &Digest,
    ) -> Result<bool, ServiceError> {
        if let Some(is_there) = self.known.get(pack) {
            return Ok(*is_there);
        }
        if self.is_listed {
            return Ok(false);
        }
        let is_there = ask(service, pack).await?;
        self.known.insert(*pack, is_there);
        Ok(is_there)
    }

    /// Takes note that a pack is there.
    pub(super) fn add(&mut self, pack: Digest) {
        self.known.insert(pack, true);
    }

    /// Takes note that a pack is not there after all: the service has not taken it.
    pub(super) fn forget(&mut self, pack: Digest) {
        self.known.insert(pack, false);
    }

    /// Which of these packs are there, by another look. A damaged one is there: only a part of it may
    /// be, and this machine alone has found it so.
    ///
    /// # Errors
    /// When the service fails.
    pub(super) async fn of(
        &mut self,
        service: &Service,
        packs: HashSet<Digest>,
    ) -> Result<HashSet<Digest>, ServiceError> {
        if self.is_listed {
            self.list(service).await?;
        } else {
            let unknown = packs.iter().filter(|pack| !self.known.contains_key(*pack));
            let unknown: Vec<_> = unknown.copied().collect();
            let asked: Vec<_> = stream::iter(unknown)
                .map(async |pack| Ok::<_, ServiceError>((pack, ask(service, &pack).await?)))
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await?;
            self.known.extend(asked);
        }
        let is_there = |pack: &Digest| self.known.get(pack) == Some(&true);
        Ok(packs.into_iter().filter(is_there).collect())
    }
}

/// The packs that a service lists.
async fn listed(service: &Service) -> Result<Vec<Digest>, ServiceError> {
    let mut listed = Vec::new();
    let mut take = |key: &str| {
        listed.extend(key.strip_prefix(PACKS).and_then(Digest::from_hex));
    };
    let take = |value: Value| take(&value.key);
    service.walk_within(PACKS, MAX_PACKS_LISTED, take).await?;
    Ok(listed)
}

async fn ask(service: &Service, pack: &Digest) -> Result<bool, ServiceError> {
    let key = pack_key(pack);
    with_pauses(|| service.has(&key)).await
}
