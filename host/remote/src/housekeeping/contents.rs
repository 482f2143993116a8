//! What a tier has. This is the one place here that knows how it is laid out: entries by their keys,
//! objects and packs by their digests, and the indexes of scopes.

use std::collections::HashSet;

use cachewarden_types::{Digest, ScopeName};

use crate::format::{
    ENTRIES, EntryError, INDEX, LISTS, MAX_VALUE, RemoteEntry, WANTED, entry_key, object_key,
    pack_of_key, scope_of_folder, segment_of_key,
};
use crate::service::{MAX_LISTED, Service, ServiceError, Value};
use crate::upload::with_pauses;

/// Everything is below this prefix.
const ALL: &str = "v1/";

/// What a tier has.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) entries: Vec<(ScopeName, Value)>,
    pub(super) objects: Vec<(Digest, Value)>,
    pub(super) packs: Vec<(Digest, Value)>,
    /// The parts of indexes.
    pub(super) segments: Vec<(ScopeName, Value)>,
    /// What builds have asked for, and lists of segments.
    pub(super) hints: Vec<Value>,
    /// What this version does not know.
    pub(super) unknown: Vec<Value>,
}

impl Contents {
    /// All that a tier has.
    pub(super) async fn of(service: &Service) -> Result<Self, ServiceError> {
        Self::below(service, ALL).await
    }

    /// What names objects: entries and segments.
    pub(super) async fn names_of(service: &Service) -> Result<Self, ServiceError> {
        let mut contents = Self::below(service, ENTRIES).await?;
        contents.segments = Self::below(service, INDEX).await?.segments;
        Ok(contents)
    }

    /// Whether a part of what names packs seems to be missing, where there are packs: no segment at all
    /// was listed, or none of a scope that has been built in.
    pub(super) fn lacks_segments(&self) -> bool {
        let scopes: HashSet<_> = self.segments.iter().map(|(scope, _)| scope).collect();
        let mut hints = self.hints.iter();
        let mut lacks = || {
            hints.any(|hint| scope_of_hint(&hint.key).is_some_and(|scope| !scopes.contains(&scope)))
        };
        !self.packs.is_empty() && (scopes.is_empty() || lacks())
    }

    async fn below(service: &Service, prefix: &str) -> Result<Self, ServiceError> {
        let mut contents = Self::default();
        let add = |value| contents.add(value);
        service.walk_within(prefix, MAX_LISTED, add).await?;
        Ok(contents)
    }

    fn add(&mut self, value: Value) {
        if let Some(scope) = scope_of(&value.key) {
            self.entries.push((scope, value));
        } else if let Some(digest) = digest_of(&value.key) {
            self.objects.push((digest, value));
        } else if let Some(pack) = pack_of_key(&value.key) {
            self.packs.push((pack, value));
        } else if let Some((scope, _)) = segment_of_key(&value.key) {
            self.segments.push((scope, value));
        } else if scope_of_hint(&value.key).is_some() {
            self.hints.push(value);
        } else {
            self.unknown.push(value);
        }
    }
}

/// The scope where this is the key of what its builds have asked for, or of a list of its segments. The
/// latter is there where another service leads to the same tier, which does not list its keys.
fn scope_of_hint(key: &str) -> Option<ScopeName> {
    let folder = [WANTED, LISTS]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix));
    folder.and_then(scope_of_folder)
}

/// The scope of an entry's key; `None` where it is another one.
fn scope_of(key: &str) -> Option<ScopeName> {
    let (folder, action) = key.strip_prefix(ENTRIES)?.split_once('/')?;
    let scope = scope_of_folder(folder)?;
    let action = Digest::from_hex(action)?;
    (entry_key(&scope, &action) == key).then_some(scope)
}

/// The digest in an object's key; `None` where it is another one.
fn digest_of(key: &str) -> Option<Digest> {
    let (_, name) = key.rsplit_once('/')?;
    let digest = Digest::from_hex(name)?;
    (object_key(&digest) == key).then_some(digest)
}

/// The entry at a key; `None` where it is gone.
pub(super) async fn read_entry(
    service: &Service,
    key: &str,
) -> Result<Option<Result<RemoteEntry, EntryError>>, ServiceError> {
    match with_pauses(|| service.read(key, MAX_VALUE as u64)).await {
        Ok(value) => Ok(value.map(|value| RemoteEntry::from_value(key, &value))),
        Err(ServiceError::TooLarge { .. }) => {
            let text = "it has more bytes than an entry can have".to_owned();
            Ok(Some(Err(EntryError::Malformed(text))))
        }
        Err(error) => Err(error),
    }
}
