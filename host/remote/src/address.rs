//! Where a tier is: `--remote URL`.
//!
//! What always holds: an address has no secret in it, since it is seen in `ps`, in recordings and
//! in texts. Credentials come from [`Credentials`], or from where the service's own tools have
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use cachewarden_store::TierId;
use cachewarden_types::{nearest_name, sanitize};

use super::layout::Layout;
use super::service_kind::ServiceKind;

mod error;

pub use error::AddressError;
use error::without_credentials;

/// The options that are not a service's.
const OWN: [&str; 3] = ["mode", "layout", "allow_http"];

/// What a tier is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Gets are answered from it, and nothing is sent.
    Read,
    /// What is put is sent, and nothing is read.
    Write,
    /// Both.
    #[default]
    ReadWrite,
}

impl Mode {
    const ALL: [(&str, Self); 3] = [
        ("read", Self::Read),
        ("write", Self::Write),
        ("readwrite", Self::ReadWrite),
    ];

    /// Whether gets are answered from the tier.
    pub fn reads(self) -> bool {
        self != Self::Write
    }

    /// Whether the tier is sent what is put.
    pub fn writes(self) -> bool {
        self != Self::Read
    }
}

/// The address of a tier, which was checked as far as that is possible without asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(crate) kind: ServiceKind,
    /// What the service is told: its options by name.
    pub(crate) options: BTreeMap<String, String>,
    /// What it is used for.
    pub mode: Mode,
    layout: Option<Layout>,
    text: String,
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&sanitize(&self.text))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, with the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let has_space = text.contains(char::is_whitespace);
        let url = Url::parse(text).map_err(|error| {
            let text = without_credentials(text);
            match Url::from_file_path(&text) {
                Ok(url) => AddressError::Path { path: text, url },
                Err(()) if has_space => AddressError::Space,
                Err(()) => AddressError::NoUrl {
                    text,
                    reason: error.to_string(),
                },
            }
        })?;
        if has_space {
            return Err(AddressError::Space);
        }
        let kind = ServiceKind::of_scheme(url.scheme()).ok_or_else(|| {
            // Of `user:password@host`, the user would be the scheme.
            match url.cannot_be_a_base() && text.contains('@') {
                true => AddressError::UserInfo { variables: None },
                false => AddressError::Scheme {
                    scheme: url.scheme().to_owned(),
                    nearest: nearest_name(url.scheme(), ServiceKind::all_schemes()),
                },
            }
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::UserInfo {
                variables: variables_of(kind),
            });
        }
        if kind == ServiceKind::File && url.host_str().is_some_and(|host| !host.is_empty()) {
            return Err(AddressError::Missing {
                text: without_credentials(text),
                part: "third `/`, before which there would be a host",
                example: kind.example(),
            });
        }
        let mut options = kind
            .options_of(&url)
            .map_err(|part| AddressError::Missing {
                text: without_credentials(text),
                part,
                example: kind.example(),
            })?;
        let mut mode = Mode::default();
        let mut layout = None;
        let mut allows_http = false;
        let known = kind.known_options().ok_or_else(|| AddressError::NotBuilt {
            scheme: kind.scheme(),
            feature: kind.feature(),
        })?;
        check_path(text, kind, &known)?;
        let mut seen = BTreeSet::new();
        for (typed, value) in url.query_pairs() {
            let name = typed.replace('-', "_");
            if !seen.insert(name.clone()) {
                let name = typed.into_owned();
                return Err(AddressError::Twice { name });
            }
            match &*name {
                "mode" => mode = one_of("mode", &value, &Mode::ALL, "read, write or readwrite")?,
                "layout" => {
                    layout = Some(one_of("layout", &value, &Layout::ALL, "packs or single")?);
                }
                "allow_http" => {
                    let all = [("true", true), ("false", false)];
                    allows_http = one_of("allow-http", &value, &all, "true or false")?;
                }
                _ if kind.credentials().contains(&&*name) => return Err(credential(kind, &name)),
                "default_ttl" if humantime::parse_duration(&value).is_err() => {
                    return Err(AddressError::Value {
                        name: "default-ttl",
                        value: value.into_owned(),
                        expected: "a number and its unit, such as 14d",
                    });
                }
                _ if known.contains(&name) => {
                    options.insert(name, value.into_owned());
                }
                _ => {
                    let all = known.iter().map(String::as_str).chain(OWN);
                    return Err(AddressError::Option {
                        scheme: kind.scheme(),
                        nearest: nearest_name(&name, all).map(str::to_owned),
                        name,
                    });
                }
            }
        }
        if layout.is_some_and(|layout| !layout.is_possible_on(kind)) {
            return Err(AddressError::Value {
                name: "layout",
                value: "packs".to_owned(),
                expected: "single, since memcached takes no value with more than 1 MB",
            });
        }
        if kind == ServiceKind::Azblob
            && !["account_name", "endpoint"]
                .iter()
                .any(|name| options.contains_key(*name))
        {
            return Err(AddressError::Missing {
                text: without_credentials(text),
                part: "option `account-name`",
                example: kind.example(),
            });
        }
        if let Some(endpoint) = options.get("endpoint") {
            check_endpoint(endpoint, kind, allows_http)?;
        }
        Ok(Self {
            kind,
            options,
            mode,
            layout,
            text: text.to_owned(),
        })
    }
}

impl Address {
    /// How entries are laid out in the tier.
    pub fn layout(&self) -> Layout {
        self.layout.unwrap_or_else(|| Layout::default_of(self.kind))
    }

    /// The environment variables that may have credentials for it, for a text; `None` where its
    /// service has none.
    pub fn credential_variables(&self) -> Option<String> {
        variables_of(self.kind)
    }

    /// The tier's name in a store: the same for all addresses that lead to one place.
    pub fn tier_id(&self) -> TierId {
        TierId::of(&format!("{} {:?}", self.kind.scheme(), self.options))
    }
}

/// Refuses an option that stands before the `?`: a tier with `&mode=read` in its path is written.
fn check_path(text: &str, kind: ServiceKind, known: &[String]) -> Result<(), AddressError> {
    let place = text.split(['?', '#']).next().unwrap_or_default();
    let names = place
        .split('&')
        .skip(1)
        .filter_map(|part| part.split_once('='));
    for (typed, _) in names {
        let name = typed.replace('-', "_");
        if kind.credentials().contains(&&*name) {
            return Err(credential(kind, &name));
        }
        if OWN.contains(&&*name) || known.contains(&name) {
            let name = typed.to_owned();
            return Err(AddressError::InPath { name });
        }
    }
    Ok(())
}

/// Refuses a place of the service that has credentials in it, or that is spoken to in the clear. One
/// without a scheme is none, since HTTPS would be a guess.
fn check_endpoint(
    endpoint: &str,
    kind: ServiceKind,
    allows_http: bool,
) -> Result<(), AddressError> {
    // Also where it is no URL, such as `user:password@host`.
    if endpoint.contains('@') {
        return Err(AddressError::UserInfo {
            variables: variables_of(kind),
        });
    }
    let is_http = ["http://", "https://"]
        .iter()
        .any(|scheme| endpoint.starts_with(scheme));
    if !is_http && !matches!(kind, ServiceKind::Redis | ServiceKind::Memcached) {
        return Err(AddressError::Value {
            name: "endpoint",
            value: without_credentials(endpoint),
            expected: "http:// or https:// and a host, such as http://127.0.0.1:8333",
        });
    }
    // Of Azure, it may be the token that opens the container.
    if endpoint.contains(['?', '#']) {
        return Err(AddressError::Value {
            name: "endpoint",
            value: without_credentials(endpoint),
            expected: "no `?` and no `#` in it",
        });
    }
    if !allows_http && is_plain_http_elsewhere(endpoint) {
        return Err(AddressError::PlainHttp {
            endpoint: without_credentials(endpoint),
        });
    }
    Ok(())
}

/// The variables of a service's credentials, for a text.
fn variables_of(kind: ServiceKind) -> Option<String> {
    let names = kind.credentials().iter().map(|name| kind.variable(name));
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn credential(kind: ServiceKind, name: &str) -> AddressError {
    AddressError::Credential {
        name: name.to_owned(),
        variable: kind.variable(name),
    }
}

fn one_of<T: Copy>(
    name: &'static str,
    value: &str,
    all: &[(&str, T)],
    expected: &'static str,
) -> Result<T, AddressError> {
    let found = all.iter().find(|(known, _)| *known == value);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| AddressError::Value {
            name,
            value: value.to_owned(),
            expected,
        })
}

/// Whether this is plain HTTP to another machine.
fn is_plain_http_elsewhere(endpoint: &str) -> bool {
    let Ok(url) = Url::parse(endpoint) else {
        return false;
    };
    url.scheme() == "http" && !is_here(&url)
}

/// Whether a URL leads to this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What opens a service, by the names of its options.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials(pub(crate) BTreeMap<String, String>);

impl Credentials {
    /// The variables that may have credentials, of all services.
    pub fn variables() -> impl Iterator<Item = String> {
        let kinds = ServiceKind::all_schemes().filter_map(ServiceKind::of_scheme);
        kinds.flat_map(|kind| {
            kind.credentials()
                .iter()
                .map(move |name| kind.variable(name))
        })
    }

    /// The credentials for an address, from variables such as CACHEWARDEN_S3_SECRET_ACCESS_KEY.
    /// Where there are none, the service looks where its own tools do. A variable that is empty
    /// counts as not set: CI services set those of untrusted jobs to nothing.
    pub fn of(address: &Address, variable: impl Fn(&str) -> Option<String>) -> Self {
        let kind = address.kind;
        let found = kind.credentials().iter().filter_map(|name| {
            let value = variable(&kind.variable(name)).filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), value))
        });
        Self(found.collect())
    }
}

/// Says only which there are.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
