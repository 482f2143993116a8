//! A reader of the store's files, from their documented layout: `objects/ab/<output>` and
//! `scopes/<scope>/ab/<action>` with the line `v2 output size put-time kind role facts expires
//! reach producer user boot`.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::digest::{Digest, from_hex, hex};
use super::files::{changed, files_below, folders_below, overwrite};
use super::words;

/// The fields of an entry's line, in order.
const FIELDS: [&str; 12] = [
    "version", "output", "size", "put-time", "kind", "role", "facts", "expires", "reach",
    "producer", "user", "boot",
];

/// The bit of the fact that a build ID names action and content.
const BUILD_ID_MATCHES: u32 = 1;

/// One entry of a store.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    fields: Vec<String>,
}

impl Entry {
    fn read(path: PathBuf) -> Self {
        let line =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let fields: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        assert!(
            fields.len() >= FIELDS.len(),
            "{}: too few fields: {line:?}",
            path.display()
        );
        assert_eq!(fields[0], "v2", "{}: {line:?}", path.display());
        assert_eq!(line.lines().count(), 1, "{}: {line:?}", path.display());
        Self { path, fields }
    }

    /// The action that it is filed under.
    pub(crate) fn action(&self) -> Digest {
        from_hex(
            self.path
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a name"),
        )
    }

    /// A field by its name in the layout.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &str {
        &self.fields[Self::position(name)]
    }

    /// What its object is, by the name of the kind.
    pub(crate) fn kind(&self) -> &str {
        let number: usize = self.field("kind").parse().expect("a number");
        words::KINDS.get(number).copied().unwrap_or("later")
    }

    /// What it is for, by the name of the role.
    pub(crate) fn role(&self) -> &str {
        let number: usize = self.field("role").parse().expect("a number");
        words::ROLES.get(number).copied().unwrap_or("later")
    }

    /// Whether its object's build ID was seen to name its action.
    pub(crate) fn names_its_action(&self) -> bool {
        let facts: u32 = self.field("facts").parse().expect("a number");
        facts & BUILD_ID_MATCHES != 0
    }

    /// Writes another value into a field, behind the store's back.
    pub(crate) fn rewrite(&mut self, name: &str, value: &str) {
        self.fields[Self::position(name)] = value.to_owned();
        overwrite(
            &self.path,
            format!("{}\n", self.fields.join(" ")).as_bytes(),
        );
    }

    /// The file with its bytes.
    pub(crate) fn object(&self, store: &Path) -> PathBuf {
        let output = self.field("output");
        store.join("objects").join(&output[..2]).join(output)
    }

    fn position(name: &str) -> usize {
        let found = FIELDS.iter().position(|field| *field == name);
        found.unwrap_or_else(|| panic!("no field is called {name}"))
    }
}

/// Where the bytes with this hash are kept.
pub(crate) fn object_path(store: &Path, output: &Digest) -> PathBuf {
    let name = hex(output);
    store.join("objects").join(&name[..2]).join(name)
}

/// Where a scope, whose folder has this name, keeps an action's entry.
pub(crate) fn entry_path(store: &Path, folder: &str, action: &Digest) -> PathBuf {
    let name = hex(action);
    store
        .join("scopes")
        .join(folder)
        .join(&name[..2])
        .join(name)
}

/// Waits until a scope's buckets have not changed for so long that a session remembers what it
/// reads of them. Only time does that.
pub(crate) fn let_settle(store: &Path, folder: &str) {
    const SETTLED: Duration = Duration::from_millis(2_100);
    let folders = folders_below(&store.join("scopes").join(folder));
    let last = folders.iter().map(|folder| changed(folder)).max();
    wait_until(last.expect("the scope's folder at least") + SETTLED);
}

/// Waits for a moment, for which nothing else can be waited.
pub(crate) fn wait_until(moment: SystemTime) {
    if let Ok(wait) = moment.duration_since(SystemTime::now()) {
        thread::sleep(wait);
    }
}

/// An action's entry in a scope, if it is there.
pub(crate) fn find_entry(store: &Path, scope: &str, action: &Digest) -> Option<Entry> {
    let path = entry_path(store, scope, action);
    path.exists().then(|| Entry::read(path))
}

/// An action's entry in a scope.
#[track_caller]
pub(crate) fn entry(store: &Path, scope: &str, action: &Digest) -> Entry {
    find_entry(store, scope, action).unwrap_or_else(|| {
        panic!(
            "no entry at {}; there are {:#?}",
            entry_path(store, scope, action).display(),
            files_below(store)
        )
    })
}

/// Every entry of a scope.
pub(crate) fn entries(store: &Path, scope: &str) -> Vec<Entry> {
    files_below(&store.join("scopes").join(scope))
        .into_iter()
        .map(Entry::read)
        .collect()
}

/// A time as an entry writes it when it was put.
pub(crate) fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos()
        .to_string()
}

/// The lines of a recording, each of which must be JSON and whole.
pub(crate) fn recording(path: &Path) -> Vec<serde_json::Value> {
    let content =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let read =
        |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    content.lines().map(read).collect()
}
