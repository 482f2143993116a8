//! Remote tiers as the options name them: their addresses, and the credentials for each.
//!
//! Credentials are no options: they are in variables of their own, or in a file, and never in an
//! address, which `ps` shows. No text has one in it. `--no-env` does not matter to them: it is there
//! so that nobody sets an option by a variable.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use cachewarden_remote::{Address, Credentials};
use cachewarden_system::safe_open;
use cachewarden_types::Code;

use super::arguments::RemoteOptions;
use super::failure::{Failure, OrFail, ensure};

/// The level of zstd where none is given: a higher one takes longer than most networks save.
const DEFAULT_LEVEL: i32 = 3;

/// Bytes that are read of a file of credentials: the JSON of a key has some 3,000.
const MAX_CREDENTIALS: u64 = 64 * 1024;

/// The administrator reads every file anyway.
const ROOT: u32 = 0;

/// The addresses, from near to far.
pub(super) fn addresses(options: &RemoteOptions) -> Result<Vec<Address>, Failure> {
    let all = options.remote.iter();
    let mut addresses: Vec<Address> = Vec::new();
    for text in all {
        let address =
            Address::parse(text).or_fail(Code::RemoteAddress, || "--remote".to_owned())?;
        let is_new = addresses
            .iter()
            .all(|other| other.tier_id() != address.tier_id());
        ensure(is_new, Code::RemoteAddress, || {
            format!("--remote names the same place twice: {address}")
        })?;
        addresses.push(address);
    }
    Ok(addresses)
}

/// The tiers, from near to far.
pub(super) fn tiers(options: &RemoteOptions) -> Result<Vec<(Address, Credentials)>, Failure> {
    let addresses = addresses(options)?;
    let of_file = options
        .remote_credentials
        .as_deref()
        .map(read)
        .transpose()?;
    let variable = |name: &str| match &of_file {
        Some(file) => file.get(name).cloned(),
        None => std::env::var(name).ok(),
    };
    let tiers = addresses.into_iter().map(|address| {
        let credentials = Credentials::of(&address, variable);
        (address, credentials)
    });
    Ok(tiers.collect())
}

/// The level of compression.
pub(super) fn level(options: &RemoteOptions) -> i32 {
    options.remote_level.unwrap_or(DEFAULT_LEVEL)
}

/// The variables of this process that have credentials, for a process that this one starts.
pub(super) fn credential_variables() -> impl Iterator<Item = (String, std::ffi::OsString)> {
    Credentials::variables().filter_map(|name| {
        let value = std::env::var_os(&name)?;
        Some((name, value))
    })
}

/// Reads a file of credentials.
fn read(file: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let unreadable = || format!("cannot read {} (--remote-credentials)", file.display());
    let (opened, metadata) =
        safe_open::open_to_read(file).or_fail(Code::RemoteCredentials, unreadable)?;
    ensure(is_private(&metadata), Code::RemoteCredentials, || {
        format!(
            "other users can read or change {} (--remote-credentials), which belongs to user {} and has mode {:03o}; it must be yours, or root's. Let nobody else read it: chmod 600 '{0}'",
            file.display(),
            metadata.uid(),
            metadata.permissions().mode() & 0o777
        )
    })?;
    let mut text = String::new();
    let count = opened
        .take(MAX_CREDENTIALS + 1)
        .read_to_string(&mut text)
        .or_fail(Code::RemoteCredentials, unreadable)?;
    ensure(
        count as u64 <= MAX_CREDENTIALS,
        Code::RemoteCredentials,
        || format!("{}: it is larger than 64 KiB", unreadable()),
    )?;
    parse(&text).map_err(|(line, why)| {
        // Not the line: it may have a secret in it.
        let text = format!("{}:{line} (--remote-credentials): {why}", file.display());
        Failure::new(Code::RemoteCredentials, text)
    })
}

/// Whether nobody but this user and root can read a file, or change it. A file of root's may be
/// readable by its group: that is how a service gets one.
fn is_private(metadata: &Metadata) -> bool {
    let (owner, mode) = (metadata.uid(), metadata.permissions().mode());
    let is_ours = owner == rustix::process::geteuid().as_raw();
    match owner {
        ROOT if !is_ours => mode & 0o027 == 0,
        _ => is_ours && mode & 0o077 == 0,
    }
}

/// The credentials in a text, by their variables; else the line that is none, and why.
fn parse(text: &str) -> Result<BTreeMap<String, String>, (usize, String)> {
    let mut found = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let expected = || "expected NAME=VALUE".to_owned();
        let (name, value) = line.split_once('=').ok_or_else(|| (number, expected()))?;
        if !Credentials::variables().any(|known| known == name) {
            let names: Vec<_> = Credentials::variables().collect();
            let nearest = cachewarden_types::nearest_name(name, names.iter().map(String::as_str));
            let hint = nearest.map_or_else(
                || "docs/remote.md lists them".to_owned(),
                |nearest| format!("did you mean {nearest}?"),
            );
            return Err((
                number,
                format!("this is no variable of a credential; {hint}"),
            ));
        }
        if found.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err((number, format!("{name} is there twice")));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_variables_of_credentials_and_no_text_has_their_values() {
        let text = "# of CI\n\nCACHEWARDEN_S3_ACCESS_KEY_ID=id\r\n CACHEWARDEN_S3_SECRET_ACCESS_KEY=a=b c \n";
        let found = parse(text).unwrap();
        assert_eq!(found["CACHEWARDEN_S3_ACCESS_KEY_ID"], "id");
        assert_eq!(found["CACHEWARDEN_S3_SECRET_ACCESS_KEY"], "a=b c");
        for (text, line, told) in [
            ("\nsecret", 2, "NAME=VALUE"),
            (
                "CACHEWARDEN_S3_SECRET_KEY=secret",
                1,
                "CACHEWARDEN_S3_SECRET_ACCESS_KEY?",
            ),
            ("CACHEWARDEN_DIR=secret", 1, "no variable of a credential"),
            ("PATH=secret", 1, "docs/remote.md"),
            (
                "CACHEWARDEN_GS_TOKEN=1\nCACHEWARDEN_GS_TOKEN=secret",
                2,
                "twice",
            ),
        ] {
            let (found, why) = parse(text).unwrap_err();
            assert_eq!(found, line, "{text}: {why}");
            assert!(why.contains(told) && !why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn addresses_are_read_in_their_order_and_each_place_is_named_once() {
        let of = |remote: &[&str]| {
            let options = RemoteOptions {
                remote: remote.iter().map(|&text| text.to_owned()).collect(),
                ..RemoteOptions::default()
            };
            addresses(&options).map_err(|failure| failure.text().to_owned())
        };
        let two = of(&["file:///near", "s3://far?region=any"]).unwrap();
        assert_eq!(two[1].to_string(), "s3://far?region=any");
        let twice = of(&["file:///a?mode=read", "file:///a"]).unwrap_err();
        assert!(twice.contains("twice"), "{twice}");
        for wrong in [
            "s3://id:secret@bucket",
            "s3://bucket?secret_access_key=secret",
            "://u:secret@b?x=secret",
        ] {
            let told = of(&[wrong]).unwrap_err();
            assert!(
                told.contains("--remote") && !told.contains("secret@"),
                "{told}"
            );
            assert!(!told.contains("=secret"), "{told}");
        }
    }
}
