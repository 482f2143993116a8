//! The keys under a tier's prefix.
//!
//! ```text
//! cachewarden-format             the number of the format, written first
//! v1/entries/<scope>/<action>    an entry, with its object where that is small
//! v1/objects/ab/<output>         an object
//! v1/index/<scope>/<segment>     a part of the index of a scope
//! v1/lists/<scope>               the names of those parts, where a service does not list its keys
//! v1/packs/<pack>                the objects of many entries, one behind the other
//! v1/wanted/<scope>              what builds of a scope have asked for
//! ```
//!
//! A scope is written as in the name of its folder in the local store, but with `~` for `!`, which
//! some servers of S3 do not escape as the client does when it signs. So a listing of `v1/entries/`
//! names the scopes. A key has at most 268 bytes. S3 takes 1024 and memcached 250, so
//! memcached has no entries of scopes whose name is near the longest. No key that
//! GitHub's cache is asked for is the beginning of another one, with which it could answer instead.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use cachewarden_types::{Digest, ScopeName, since_1970};

/// The number of the format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Where a tier says which format it has.
pub const FORMAT_KEY: &str = "cachewarden-format";

/// The entries are below this prefix, by their scopes.
pub const ENTRIES: &str = "v1/entries/";

/// The objects are below this prefix.
pub const OBJECTS: &str = "v1/objects/";

/// The segments of indexes are below this prefix, by their scopes.
pub const INDEX: &str = "v1/index/";

/// The lists of segments are below this prefix.
pub const LISTS: &str = "v1/lists/";

/// The packs are below this prefix.
pub const PACKS: &str = "v1/packs/";

/// The lists of what builds have asked for are below this prefix.
pub const WANTED: &str = "v1/wanted/";

/// What stands before the number in the value at [`FORMAT_KEY`].
const MARKER: &str = "cachewarden remote format ";

/// Where the entries of a scope are: a prefix that ends with a slash.
pub fn scope_prefix(scope: &ScopeName) -> String {
    format!("{ENTRIES}{}/", folder(scope))
}

/// Where the entry of an action is.
pub fn entry_key(scope: &ScopeName, action: &Digest) -> String {
    format!("{}{action}", scope_prefix(scope))
}

/// Where an object is.
pub fn object_key(output: &Digest) -> String {
    format!("{OBJECTS}{}", output.file_path().as_str())
}

/// Where the segments of a scope's index are: a prefix that ends with a slash.
pub fn index_prefix(scope: &ScopeName) -> String {
    format!("{INDEX}{}/", folder(scope))
}

/// Where a segment of a scope's index is. Later ones sort behind: a segment is named by when it was
/// written, in milliseconds, and by a digest of that, its scope and its bytes.
pub fn segment_key(scope: &ScopeName, written: SystemTime, value: &[u8]) -> String {
    let millis = since_1970(written).as_millis() as u64;
    let begin = format!("{}{millis:016x}-", index_prefix(scope));
    let name = segment_name(&begin, value);
    begin + &name
}

/// Whether the key of a segment names this value: what has come from another scope, or was changed,
/// it does not name.
pub fn names_segment(key: &str, value: &[u8]) -> bool {
    let begin = key.rfind('-').map_or(0, |end| end + 1);
    let (begin, name) = key.split_at(begin);
    segment_name(begin, value) == name
}

/// The last part of a segment's key, which begins like this.
fn segment_name(begin: &str, value: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(begin);
    hasher.update(value);
    let [name, ..] = Digest::finish(hasher).words();
    format!("{name:016x}")
}

/// The scope of a segment, and when it was written, as its key says; `None` where it is not exactly the
/// key of one: a listing may name anything.
pub fn segment_of_key(key: &str) -> Option<(ScopeName, SystemTime)> {
    let (folder, name) = key.strip_prefix(INDEX)?.split_once('/')?;
    Some((scope_of_folder(folder)?, time_of_name(name)?))
}

/// When a segment was written, as [`segment_of_key`].
pub fn segment_time(key: &str) -> Option<SystemTime> {
    segment_of_key(key).map(|(_, time)| time)
}

/// When a segment was written, by the last part of its key.
pub(super) fn time_of_name(name: &str) -> Option<SystemTime> {
    let (millis, digest) = name.split_once('-')?;
    number(digest)?;
    UNIX_EPOCH.checked_add(Duration::from_millis(number(millis)?))
}

/// A number as 16 hex digits in lower case. What reads numbers takes a sign, too.
fn number(text: &str) -> Option<u64> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_number = text.len() == 16 && text.bytes().all(is_digit);
    u64::from_str_radix(text, 16).ok().filter(|_| is_number)
}

/// Where the list is of a scope's segments, where a service does not list its keys.
pub fn list_key(scope: &ScopeName) -> String {
    format!("{LISTS}{}", folder(scope))
}

/// Where a pack is.
pub fn pack_key(pack: &Digest) -> String {
    format!("{PACKS}{pack}")
}

/// The pack of a key; `None` where it is not exactly the key of one.
pub fn pack_of_key(key: &str) -> Option<Digest> {
    let pack = Digest::from_hex(key.strip_prefix(PACKS)?)?;
    (pack_key(&pack) == key).then_some(pack)
}

/// Where the list is of what builds of a scope have asked for.
pub fn wanted_key(scope: &ScopeName) -> String {
    format!("{WANTED}{}", folder(scope))
}

/// The name of a scope in a key.
fn folder(scope: &ScopeName) -> String {
    scope.folder().replace('!', "~")
}

/// The scope that a name in a key stands for; `None` where no key has it.
pub fn scope_of_folder(name: &str) -> Option<ScopeName> {
    let scope = ScopeName::from_folder(&name.replace('~', "!"));
    scope.filter(|scope| folder(scope) == name)
}

/// The value at [`FORMAT_KEY`].
pub fn format_marker() -> String {
    format!("{MARKER}{FORMAT}\n")
}

/// The number in the value at [`FORMAT_KEY`]; `None` where it is no such value.
pub fn read_format_marker(value: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(value).ok()?;
    text.strip_prefix(MARKER)?.strip_suffix('\n')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_hold_nothing_that_a_service_could_take_for_a_folder() {
        let longest: ScopeName = "A".repeat(96).parse().unwrap();
        let digest = Digest::of(b"any");
        for scope in ["main", "pr/17", "Main", "..", "a%2fb"]
            .iter()
            .filter_map(|name| name.parse::<ScopeName>().ok())
            .chain([longest])
        {
            let key = entry_key(&scope, &digest);
            assert!(key.len() <= 268, "{key}");
            let parts: Vec<_> = key.split('/').collect();
            assert_eq!(parts.len(), 4, "{key}");
            assert!(
                parts
                    .iter()
                    .all(|part| !part.is_empty() && !part.starts_with('.')),
                "{key}"
            );
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            assert!(parts[2].bytes().all(is_plain), "{key}");
            let folder = parts[2].replace('~', "!");
            assert_eq!(ScopeName::from_folder(&folder), Some(scope));
        }
        let key = object_key(&digest);
        assert_eq!(
            key,
            format!("v1/objects/{}/{digest}", &digest.to_hex()[..2])
        );
    }

    /// Origin: a bucket listed a name with the credentials of the request in it, whose end was that of
    /// a segment, and a warning repeated it.
    #[test]
    fn only_what_is_exactly_the_key_of_a_segment_is_one() {
        let time = UNIX_EPOCH + Duration::from_millis(0x19a_bcde_f012);
        let key = segment_key(&"Main".parse().unwrap(), time, b"any");
        assert_eq!(segment_time(&key), Some(time));
        let name = key.strip_prefix("v1/index/~main/").unwrap();
        for other in [
            format!("v1/index/~main/Authorization: Basic abc/{name}"),
            format!("v1/index/~main//{name}"),
            format!("v1/index//{name}"),
            format!("v1/index/{name}"),
            format!("v1/index/!main/{name}"),
            format!("v1/index/Main/{name}"),
            format!("v1/lists/~main/{name}"),
            format!("x/v1/index/~main/{name}"),
            format!("v1/index/~main/{}", name.to_ascii_uppercase()),
            format!("v1/index/~main/{name}0"),
            "v1/index/~main/+00001abcdef0123-0123456789abcdef".to_owned(),
            "v1/index/~main/0000019abcdef012-+123456789abcdef".to_owned(),
            "v1/index/~main/0000019abcdef012-0123456789abcdé".to_owned(),
            name.to_owned(),
        ] {
            assert_eq!(segment_time(&other), None, "{other}");
        }
    }

    #[test]
    fn a_marker_says_its_number_or_is_none() {
        assert_eq!(read_format_marker(format_marker().as_bytes()), Some(FORMAT));
        assert_eq!(
            read_format_marker(b"cachewarden remote format 2\n"),
            Some(2)
        );
        for other in [&b""[..], b"cachewarden remote format \n", b"1\n", b"\xff"] {
            assert_eq!(read_format_marker(other), None);
        }
    }
}
