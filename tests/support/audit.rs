//! A look at a whole store, by the documented layout alone: every object is hashed, every entry is
//! read.
//!
//! It knows nothing of the program's code, so that it can be held against what the program says of
//! itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::digest::{hex, sha256};
use super::files::{files_below, mode};
use super::words::{KINDS, ROLES};

/// What begins the name of a file that is still being written.
const TEMPORARY: &str = ".new-";

/// What a store holds, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) entries: usize,
    pub(crate) objects: usize,
    /// Files that somebody is still writing, or never finished.
    pub(crate) temporaries: Vec<PathBuf>,
    /// Entries whose object is not there: a miss, and no harm.
    pub(crate) dangling: Vec<PathBuf>,
    /// Everything else that should not be: one text each.
    pub(crate) damage: Vec<String>,
}

impl Audit {
    /// The same, after checking that nothing is damaged and no entry is without its object.
    #[track_caller]
    pub(crate) fn whole(self) -> Self {
        assert!(
            self.damage.is_empty() && self.dangling.is_empty(),
            "the store should be whole: {self:#?}"
        );
        self
    }
}

/// Looks at everything in a store.
pub(crate) fn audit(store: &Path) -> Audit {
    let mut audit = Audit::default();
    for path in files_below(store) {
        let way = path.strip_prefix(store).expect("it is below");
        let parts: Vec<_> = way.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts.last().expect("a name");
        if name.starts_with(TEMPORARY) {
            audit.temporaries.push(path.clone());
            continue;
        }
        let problem = match parts.iter().map(AsRef::as_ref).collect::<Vec<_>>()[..] {
            ["VERSION" | "CACHEDIR.TAG" | "trim" | "daemon"] => None,
            ["sessions.jsonl"] => fs::read_to_string(&path)
                .map_or(true, |text| {
                    text.lines()
                        .any(|line| serde_json::from_str::<serde_json::Value>(line).is_err())
                })
                .then(|| "lines that are no JSON".to_owned()),
            ["objects", bucket, name] => {
                audit.objects += 1;
                check_object(&path, bucket, name)
            }
            ["witnesses", bucket, name] => check_records(&path, bucket, name),
            ["scopes", _, bucket, name] => {
                audit.entries += 1;
                match check_entry(store, &path, bucket, name) {
                    Ok(true) => None,
                    Ok(false) => {
                        audit.dangling.push(path.clone());
                        None
                    }
                    Err(problem) => Some(problem),
                }
            }
            _ => Some("a file that the layout does not have".to_owned()),
        };
        if let Some(problem) = problem {
            audit.damage.push(format!("{}: {problem}", way.display()));
        }
    }
    audit
}

fn check_object(path: &Path, bucket: &str, name: &str) -> Option<String> {
    let Ok(bytes) = fs::read(path) else {
        return Some("it cannot be read".to_owned());
    };
    let hash = hex(&sha256(&bytes));
    if hash != name {
        return Some(format!("its {} bytes hash to {hash}", bytes.len()));
    }
    if !name.starts_with(bucket) {
        return Some("it lies in another folder than its own".to_owned());
    }
    let mode = mode(path);
    (mode != 0o444 && mode != 0o555).then(|| format!("its mode is {mode:o}"))
}

/// Each line is `w1 output identity producer time scope`.
fn check_records(path: &Path, bucket: &str, name: &str) -> Option<String> {
    let Ok(lines) = fs::read_to_string(path) else {
        return Some("it cannot be read".to_owned());
    };
    if !name.starts_with(bucket) {
        return Some("it lies in another folder than its own".to_owned());
    }
    let is_record = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        ["w1", output, identity, producer, time, _, ..] => {
            is_hex(output, 64)
                && is_hex(identity, 16)
                && is_hex(producer, 16)
                && time.parse::<u64>().is_ok()
        }
        _ => false,
    };
    (!lines.lines().all(is_record)).then(|| "lines that are no records".to_owned())
}

/// Whether the entry's object is there.
fn check_entry(store: &Path, path: &Path, bucket: &str, name: &str) -> Result<bool, String> {
    if !is_hex(name, 64) || !name.starts_with(bucket) {
        return Err("its name is no action, or it lies in another folder".to_owned());
    }
    let line = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let wrong = |what: &str| Err(format!("{what}: {line:?}"));
    let Some(text) = line.strip_suffix('\n') else {
        return wrong("a line without its end");
    };
    let fields: Vec<_> = text.split(' ').collect();
    let [
        "v2",
        output,
        size,
        time,
        kind,
        role,
        facts,
        expires,
        "local" | "shared",
        producer,
        user,
        boot,
        ..,
    ] = fields[..]
    else {
        return wrong("not the fields of an entry");
    };
    let numbers = [size, time, expires, user];
    if numbers.iter().any(|number| number.parse::<u64>().is_err()) {
        return wrong("a number that is none");
    }
    let is_below =
        |number: &str, end: usize| number.parse::<usize>().is_ok_and(|number| number < end);
    if !is_below(kind, KINDS.len()) || !is_below(role, ROLES.len()) || !is_below(facts, 1 << 4) {
        return wrong("a kind, role or fact that is unknown");
    }
    if !is_hex(output, 64) || !is_hex(producer, 16) || !is_hex(boot, 16) {
        return wrong("a name that is none");
    }
    let object = store.join("objects").join(&output[..2]).join(output);
    match fs::metadata(&object) {
        Ok(metadata) if metadata.len().to_string() == size => Ok(true),
        Ok(metadata) => wrong(&format!("its object has {} bytes", metadata.len())),
        Err(_) => Ok(false),
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == length && text.bytes().all(digit)
}
