//! A machine with an empty store, and tiers in folders that another machine has filled.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use cachewarden_remote::format::{Body, MAX_INLINE, RemoteEntry, Stored, entry_key, object_key};
use cachewarden_remote::{Address, Credentials, RemoteTiers};
use cachewarden_session::DEFAULT_REMOTE_BUDGET;
use cachewarden_store::{SessionId, SharedStore, Store};
use cachewarden_types::{Digest, Facts, Kind, Role};
use tempfile::TempDir;

use crate::client::Session;

/// A machine and its tiers.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) store: Arc<Store>,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        Self {
            folder,
            store: Arc::new(store),
        }
    }

    /// The folder of a tier.
    pub(crate) fn tier(&self, name: &str) -> Tier {
        Tier(self.folder.path().join(name))
    }

    /// The tiers at these addresses.
    pub(crate) fn tiers(&self, addresses: &[String]) -> Arc<RemoteTiers> {
        let tiers = addresses.iter().map(|text| {
            let address = Address::parse(text).unwrap();
            (address, Credentials::default())
        });
        self.tiers_at(tiers.collect())
    }

    fn tiers_at(&self, tiers: Vec<(Address, Credentials)>) -> Arc<RemoteTiers> {
        Arc::new(RemoteTiers::new(tiers, Arc::clone(&self.store)).unwrap())
    }

    /// A session that reads these scopes, on a tier with credentials, and may wait for it as long as it
    /// takes.
    pub(crate) fn session_at(
        &self,
        address: &Address,
        credentials: &Credentials,
        scopes: &[&str],
    ) -> Session {
        let tiers = self.tiers_at(vec![(address.clone(), credentials.clone())]);
        Session::begin(&self.store, &tiers, scopes, Duration::from_secs(600))
    }

    /// A session that reads `main` alone, on one tier.
    pub(crate) fn session(&self, tier: &Tier) -> Session {
        self.session_on(&[tier.address("")], &["main"])
    }

    /// A session that reads these scopes, on these tiers.
    pub(crate) fn session_on(&self, addresses: &[String], scopes: &[&str]) -> Session {
        let tiers = self.tiers(addresses);
        Session::begin(&self.store, &tiers, scopes, DEFAULT_REMOTE_BUDGET)
    }
}

/// The folder of a tier.
pub(crate) struct Tier(PathBuf);

impl Tier {
    /// Its address, where each entry has a key of its own.
    pub(crate) fn address(&self, options: &str) -> String {
        format!("file://{}?layout=single{options}", self.0.display())
    }

    /// Its address, where entries are in packs.
    pub(crate) fn packs(&self) -> String {
        format!("file://{}", self.0.display())
    }

    /// Writes a value.
    pub(crate) fn write(&self, key: &str, value: &[u8]) {
        let path = self.0.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value).unwrap();
    }

    /// The file of a value.
    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.0.join(key)
    }

    /// Puts an object, as an uploader does; returns its entry.
    pub(crate) fn put(&self, scope: &str, action: &Digest, object: &[u8]) -> RemoteEntry {
        let output = Digest::of(object);
        let body = Body::of(object, 3).unwrap();
        let stored = match object.len() <= MAX_INLINE {
            true => Stored::Inline(body),
            false => {
                self.write(&object_key(&output), &body.to_value());
                Stored::Apart
            }
        };
        let entry = RemoteEntry {
            output,
            size: object.len() as u64,
            time: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
            kind: match object {
                [] => Kind::Empty,
                _ => Kind::Other,
            },
            role: Role::Unknown,
            facts: Facts::NONE,
            expires: None,
            producer: SessionId(1),
            stored,
        };
        self.put_entry(scope, action, &entry);
        entry
    }

    pub(crate) fn put_entry(&self, scope: &str, action: &Digest, entry: &RemoteEntry) {
        let scope = scope.parse().unwrap();
        let key = entry_key(&scope, action);
        self.write(&key, &entry.to_value(&key));
    }
}
