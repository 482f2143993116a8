//! The packs that are in a tier, so that none is sent twice and no entry of one that is gone counts as
//! there.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use cachewarden_types::Digest;

use crate::format::{PACKS, pack_key, pack_of_key};
use crate::service::{MAX_PACKS_LISTED, Service, ServiceError, Value};

use super::pace::with_pauses;

/// Packs that are asked for at once.
const AT_ONCE: usize = 8;

/// The most packs that a merge asks for by themselves: some seconds, at 20 ms for each. Of a tier whose
/// rule removes what is old, as many go in weeks. What names the others stays, and is looked at by
/// the next merge.
pub(super) const MAX_ASKED: usize = 512;

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

    /// Which of these packs are there, by another look. One is gone only where the answer for itself
    /// says so, and not because a listing leaves it out; where there are too many to ask for, the others
    /// count as there. A damaged one is there: only a part of it may be, and this machine alone has
    /// found it so.
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
        }
        let is_known = |pack: &&Digest| self.known.get(*pack) == Some(&true);
        let unknown = packs.iter().filter(|pack| !is_known(pack));
        let unknown: Vec<_> = unknown.copied().take(MAX_ASKED).collect();
        let asked: HashMap<_, _> = stream::iter(unknown)
            .map(async |pack| Ok::<_, ServiceError>((pack, ask(service, &pack).await?)))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let is_there = |pack: &Digest| asked.get(pack) != Some(&false);
        let there = packs.into_iter().filter(is_there).collect();
        self.known.extend(asked);
        Ok(there)
    }
}

/// The packs that a service lists.
async fn listed(service: &Service) -> Result<Vec<Digest>, ServiceError> {
    let mut listed = Vec::new();
    let take = |value: Value| listed.extend(pack_of_key(&value.key));
    service.walk_within(PACKS, MAX_PACKS_LISTED, take).await?;
    Ok(listed)
}

async fn ask(service: &Service, pack: &Digest) -> Result<bool, ServiceError> {
    let key = pack_key(pack);
    with_pauses(|| service.has(&key)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::address::{Address, Credentials};
    use crate::test_server;

    /// Origin: a listing without packs took, with the next merge, all rows of all machines.
    #[tokio::test]
    async fn a_pack_is_gone_only_where_the_answer_for_it_says_so() {
        let [there, gone] = [b"there", b"gone!"].map(|name| Digest::of(name));
        let count = Arc::new(AtomicUsize::new(0));
        let (asked_for, is_there) = (Arc::clone(&count), pack_key(&there));
        let port = test_server::start_with_bodies(move |asked| {
            let body = match asked.method.as_str() {
                "HEAD" => {
                    asked_for.fetch_add(1, Relaxed);
                    let status = if asked.path.ends_with(&is_there) {
                        200
                    } else {
                        404
                    };
                    return (status, String::new(), Vec::new());
                }
                _ => "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            };
            (200, String::new(), body.into())
        });
        let address =
            format!("s3://b/p?endpoint=http://127.0.0.1:{port}&region=x&skip-signature=true");
        let address = Address::parse(&address).unwrap();
        let service = Service::at(&address, &Credentials::default()).unwrap();
        let mut packs = PacksThere::look(&service).await.unwrap();
        let asked = HashSet::from([there, gone]);
        assert_eq!(
            packs.of(&service, asked).await.unwrap(),
            HashSet::from([there])
        );
        // More than are asked for.
        count.store(0, Relaxed);
        let many = 0..MAX_ASKED as u32 + 10;
        let many: HashSet<_> = many
            .map(|number| Digest::of(&number.to_le_bytes()))
            .collect();
        let left = packs.of(&service, many).await.unwrap();
        assert_eq!((left.len(), count.load(Relaxed)), (10, MAX_ASKED));
    }
}
