//! Another machine, which has filled a tier.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_content::Content;
use cachewarden_remote::{Address, Credentials, Service, UploadError, Uploaded, Uploader};
use cachewarden_store::{ActionPrefix, NewEntry, Reach, SessionId, SharedStore, Store};
use cachewarden_types::{Digest, Facts, Kind, Role};

/// The action of an object.
pub(crate) fn action(number: u32) -> Digest {
    Digest::of(&number.to_le_bytes())
}

/// Some are empty, as those of steps that have printed nothing.
pub(crate) fn object(number: u32) -> Vec<u8> {
    if number % 10 == 3 {
        return Vec::new();
    }
    format!("object {number} ")
        .repeat(number as usize + 1)
        .into_bytes()
}

/// A machine puts some objects into `main` and sends them to a tier, and says that it has asked for all
/// of them.
pub(crate) fn fill(
    address: &Address,
    credentials: &Credentials,
    numbers: Range<u32>,
    object: impl Fn(u32) -> Vec<u8>,
) -> Uploaded {
    try_fill(address, credentials, numbers, object).unwrap()
}

/// The same, where the upload may not come to its end.
pub(crate) fn try_fill(
    address: &Address,
    credentials: &Credentials,
    numbers: Range<u32>,
    object: impl Fn(u32) -> Vec<u8>,
) -> Result<Uploaded, UploadError> {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), address, numbers, object);
    let service = Service::at(address, credentials).unwrap();
    let uploader = Uploader::new(Arc::clone(&store), address, service, 3);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let uploaded = runtime.block_on(uploader.run(Duration::ZERO, |_| ()));
    uploaded.map(Option::unwrap)
}

/// The store in a folder, which has some objects in `main`. They wait to be sent to a tier, with a note
/// that all of them were asked for.
pub(crate) fn store(
    folder: &Path,
    address: &Address,
    numbers: Range<u32>,
    object: impl Fn(u32) -> Vec<u8>,
) -> Arc<Store> {
    let store = Arc::new(Store::open(&folder.join("store"), SharedStore::Deny).unwrap());
    let main = "main".parse().unwrap();
    let outbox = store.outbox(address.tier_id()).unwrap();
    let mut session = outbox.of_session(SessionId(1));
    for number in numbers.clone() {
        let object = object(number);
        let output = Digest::of(&object);
        let mut writer = store.receive(output);
        writer.write(&object);
        writer.finish().unwrap();
        let entry = NewEntry {
            output,
            size: object.len() as u64,
            content: Content {
                kind: match object.is_empty() {
                    true => Kind::Empty,
                    false => Kind::Other,
                },
                role: Role::Unknown,
                facts: Facts::NONE,
            },
            lifetime: None,
            reach: Reach::Shared,
            producer: SessionId(1),
            user: rustix::process::geteuid().as_raw(),
        };
        let action = action(number);
        store
            .put_entry(&main, &action, entry, SystemTime::now())
            .unwrap();
        session.note(&main, &action).unwrap();
    }
    let asked: Vec<ActionPrefix> = numbers
        .map(|number| *action(number).as_bytes().first_chunk().unwrap())
        .collect();
    session.note_asked(&main, &asked).unwrap();
    drop(session);
    store
}
