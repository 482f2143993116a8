//! Reads a key set from a URL or a file. Time and size are bounded, redirects are not followed, and
//! nothing in a token decides what is read.

use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cachewarden_system::safe_open::open_to_read;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

/// The largest key set: those of CI services have some 10 KiB.
const MAX_SET: u64 = 256 * 1024;

/// How long a fetch may take, from the look-up of the name to the last byte. A session may wait for
/// it, and a go command for the session.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The key set of an issuer that is read over HTTPS.
#[derive(Debug)]
pub(crate) struct Url {
    text: String,
    agent: Agent,
}

impl Url {
    /// Checks a URL; the error says what to write.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text
            .parse()
            .map_err(|error| format!("`{text}` is not a URL: {error}"))?;
        let is_loopback = uri.host().is_some_and(is_loopback);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback => {}
            Some("http") => {
                return Err(format!(
                    "`{text}`: whoever is on the way could replace the keys; write https, or put \
                     the key set into a file and name it with `jwks-file`"
                ));
            }
            _ => return Err(format!("`{text}`: write a URL that begins with https://")),
        }
        let authority = uri.authority().map(|authority| authority.as_str());
        if authority.is_none_or(|authority| authority.contains('@')) {
            return Err(
                "a URL with a user or a password is not possible: it would be shown".into(),
            );
        }
        Ok(Self {
            text: text.to_owned(),
            agent: agent(is_loopback),
        })
    }

    fn read(&self) -> Result<Vec<u8>, String> {
        let mut response = self.agent.get(&self.text).call().map_err(explain)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!(
                "the server redirects (status {status}), which is not followed; write the URL that \
                 has the keys"
            ));
        }
        if !status.is_success() {
            return Err(format!("the server answers with status {status}"));
        }
        let body = response.body_mut().with_config().limit(MAX_SET);
        body.read_to_vec().map_err(explain)
    }
}

/// A key set in a file.
#[derive(Debug)]
pub(crate) struct KeyFile(PathBuf);

impl KeyFile {
    /// Checks a path; the error says what to write.
    pub(crate) fn parse(path: &Path) -> Result<Self, String> {
        if path.is_absolute() {
            return Ok(Self(path.to_owned()));
        }
        let path = path.display();
        Err(format!(
            "`{path}` is a relative path; write an absolute one"
        ))
    }

    /// What changes when the file is replaced or written.
    fn stamp(&self) -> Result<Stamp, String> {
        let metadata = std::fs::metadata(&self.0).map_err(|error| error.to_string())?;
        Ok(Stamp::of(&metadata))
    }

    fn read(&self) -> Result<(Vec<u8>, Stamp), String> {
        let text = |error: std::io::Error| error.to_string();
        let (file, metadata) = open_to_read(&self.0).map_err(text)?;
        let mut bytes = Vec::new();
        file.take(MAX_SET + 1)
            .read_to_end(&mut bytes)
            .map_err(text)?;
        match bytes.len() as u64 > MAX_SET {
            true => Err(too_large()),
            false => Ok((bytes, Stamp::of(&metadata))),
        }
    }
}

/// The identity and the time of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    file: [u64; 3],
    modified: [i64; 2],
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: [metadata.dev(), metadata.ino(), metadata.size()],
            modified: [metadata.mtime(), metadata.mtime_nsec()],
        }
    }
}

/// Where an issuer's keys are.
#[derive(Debug)]
pub(crate) enum Source {
    File(KeyFile),
    Url(Url),
}

impl Source {
    /// The bytes of the key set, and what a file was when it was read.
    pub(crate) fn read(&self) -> Result<(Vec<u8>, Option<Stamp>), String> {
        match self {
            Self::File(file) => file.read().map(|(bytes, stamp)| (bytes, Some(stamp))),
            Self::Url(url) => url.read().map(|bytes| (bytes, None)),
        }
    }

    /// What the file is now; `None` for a URL.
    pub(crate) fn stamp(&self) -> Option<Result<Stamp, String>> {
        match self {
            Self::File(file) => Some(file.stamp()),
            Self::Url(_) => None,
        }
    }

    /// The file or the URL.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(file) => file.0.display().to_string(),
            Self::Url(url) => url.text.clone(),
        }
    }
}

fn agent(is_loopback: bool) -> Agent {
    // Named here, so that no part of the program has to set one for the whole process.
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // The certificates that the machine trusts: an issuer within a company has one of its own.
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(crypto)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .https_only(!is_loopback)
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        // A connection that is minutes old when it is needed again is no use.
        .max_idle_connections(0)
        .user_agent(concat!("cachewarden/", env!("CARGO_PKG_VERSION")));
    match is_loopback {
        // The proxy of the environment is for other machines.
        true => config.proxy(None).build().into(),
        false => config.build().into(),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn explain(error: ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!(
            "there was no whole answer within {}",
            humantime::format_duration(TIMEOUT)
        ),
        ureq::Error::BodyExceedsLimit(_) => too_large(),
        error => error.to_string(),
    }
}

fn too_large() -> String {
    format!("it has more than {MAX_SET} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for (url, expected) in [
            (
                "https://token.actions.githubusercontent.com/.well-known/jwks",
                true,
            ),
            ("http://127.0.0.1:8080/jwks", true),
            ("http://127.1.2.3/jwks", true),
            ("http://[::1]:8080/jwks", true),
            ("http://localhost:8080/jwks", true),
            ("http://gitlab.example.com/jwks", false),
            ("http://localhost.example.com/jwks", false),
            ("http://127.0.0.1.example.com/jwks", false),
            ("http://127.0.0.1@example.com/jwks", false),
            ("https://user:password@example.com/jwks", false),
            ("file:///etc/jwks.json", false),
            ("ftp://example.com/jwks", false),
            ("example.com/jwks", false),
            ("/etc/jwks.json", false),
            ("", false),
        ] {
            assert_eq!(Url::parse(url).is_ok(), expected, "{url}");
        }
        let error = Url::parse("http://gitlab.example.com/jwks").unwrap_err();
        assert!(error.contains("jwks-file"), "{error}");
    }

    #[test]
    fn a_file_is_bounded_and_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, vec![b' '; MAX_SET as usize]).unwrap();
        let file = KeyFile::parse(&path).unwrap();
        assert_eq!(file.read().unwrap().0.len() as u64, MAX_SET);
        std::fs::write(&path, vec![b' '; MAX_SET as usize + 1]).unwrap();
        assert_eq!(file.read().unwrap_err(), too_large());
        let folder = KeyFile::parse(folder.path()).unwrap();
        assert!(folder.read().is_err());
        assert!(KeyFile::parse(Path::new("jwks.json")).is_err());
    }
}
