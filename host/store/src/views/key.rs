//! What a view is for, and the name of its folder.
//!
//! A name has 128 bits of a hash of a secret and the key, so nobody can guess it, and the daemon
//! keeps no list of views. The secret is in a file that only the daemon reads, with the boot on
//! which it was drawn. A tenant's folder begins with a mark of its secret, by which a sweep knows
//! the views of an earlier boot.

use std::fs::File;
use std::io::{self, Read, Write};

use cachewarden_types::{Digest, ScopeName};

use super::root::Root;
use crate::boot::BootId;
use crate::files;

/// The file with the secret, in the folder of the store's views.
const SECRET: &str = ".secret";

/// The version of the file, which is the first word in it.
const VERSION: &str = "v2";

/// The most bytes that are read of the file: a version, a boot and a digest.
const MAX_SECRET: u64 = 256;

/// Hex digits of the mark of a secret.
const MARK: usize = 8;

/// Hex digits of a name after the mark: 128 bits, so that no number of guesses helps.
const UNGUESSABLE: usize = 32;

/// What a view is for. Sessions with the same key share a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewKey {
    tenant: Digest,
    digest: Digest,
    group: u32,
}

impl ViewKey {
    /// The key of a tenant's sessions under this user and group, which write and read these scopes.
    pub fn new<'scopes>(
        tenant: &str,
        user: u32,
        group: u32,
        scopes: impl IntoIterator<Item = &'scopes ScopeName>,
    ) -> Self {
        // The length before the tenant's name: no scope's name has a line break.
        let mut text = format!("{}:{tenant}\n{user}\n{group}\n", tenant.len());
        for scope in scopes {
            text.push_str(scope.as_str());
            text.push('\n');
        }
        Self {
            tenant: Digest::of(tenant.as_bytes()),
            digest: Digest::of(text.as_bytes()),
            group,
        }
    }

    /// The group that may pass the view's folders.
    pub(super) fn group(&self) -> u32 {
        self.group
    }
}

/// The name of the folder of a tenant's views.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TenantName(String);

impl TenantName {
    /// The name as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The tenant whose folder has this name; `None` where it is none's.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(name.to_owned()))
    }
}

/// The path of a view's folder, from the folder of all views.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ViewName {
    tenant: TenantName,
    path: String,
}

impl ViewName {
    fn new(tenant: TenantName, name: &str) -> Self {
        let path = format!("{}/{name}", tenant.0);
        Self { tenant, path }
    }

    /// The path as text.
    pub(super) fn as_str(&self) -> &str {
        &self.path
    }

    /// The folder that it is in.
    pub(super) fn tenant(&self) -> &TenantName {
        &self.tenant
    }

    /// The view of a tenant whose folder has this name; `None` where it is no view's.
    pub(super) fn of_folder(tenant: &TenantName, name: &str) -> Option<Self> {
        is_name(name).then(|| Self::new(tenant.clone(), name))
    }
}

fn is_name(name: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.len() == MARK + UNGUESSABLE && name.bytes().all(is_digit)
}

/// What the names of views are derived from.
pub(super) struct Secret(Digest);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}

impl Secret {
    /// The secret of a folder of views, which is drawn where there is none of this boot.
    pub(super) fn of(root: &Root, boot: BootId) -> io::Result<Self> {
        let path = root.folder().join(SECRET);
        match files::open_regular(&path, false) {
            Ok((file, _)) => {
                if let Some(secret) = read(&file, boot) {
                    return Ok(secret);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut drawn = [0; cachewarden_types::LENGTH];
        getrandom::fill(&mut drawn).map_err(io::Error::other)?;
        let drawn = Digest::from_bytes(drawn);
        // A name that is lost in a power failure is one of an earlier boot, so nothing is synced.
        let mut file = files::new_in(root.folder(), 0o600)?;
        file.write_all(format!("{VERSION} {boot} {drawn}\n").as_bytes())?;
        file.persist(&path)?;
        Ok(Self(drawn))
    }

    /// The name of the view of a key.
    pub(super) fn name(&self, key: &ViewKey) -> ViewName {
        let tenant = TenantName(self.folder("tenant", &key.tenant));
        ViewName::new(tenant, &self.folder("view", &key.digest))
    }

    /// The name of a tenant's folder.
    pub(super) fn tenant(&self, tenant: &str) -> TenantName {
        TenantName(self.folder("tenant", &Digest::of(tenant.as_bytes())))
    }

    fn folder(&self, what: &str, of: &Digest) -> String {
        let name = self.derive(&format!("{what} {of}"));
        self.mark() + &name[..UNGUESSABLE]
    }

    /// Whether a name was derived from this secret, and not from that of an earlier boot.
    pub(super) fn has_named(&self, tenant: &TenantName) -> bool {
        tenant.0.starts_with(&self.mark())
    }

    fn mark(&self) -> String {
        let mut mark = self.derive("mark");
        mark.truncate(MARK);
        mark
    }

    fn derive(&self, text: &str) -> String {
        Digest::of(format!("{} {text}", self.0).as_bytes()).to_hex()
    }
}

/// The secret in a file; `None` where it is of another boot or damaged.
fn read(file: &File, boot: BootId) -> Option<Secret> {
    let mut text = String::new();
    file.take(MAX_SECRET).read_to_string(&mut text).ok()?;
    let mut words = text.strip_suffix('\n')?.split(' ');
    if words.next()? != VERSION || !words.next()?.parse::<BootId>().ok()?.matches(boot) {
        return None;
    }
    Digest::from_hex(words.next()?).map(Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_where_any_part_of_them_does() {
        let scopes: Vec<ScopeName> = ["main", "pr-1"].map(|name| name.parse().unwrap()).into();
        let key = ViewKey::new("team", 1000, 100, &scopes);
        assert_eq!(key, ViewKey::new("team", 1000, 100, &scopes));
        let others = [
            ViewKey::new("team2", 1000, 100, &scopes),
            ViewKey::new("team", 1001, 100, &scopes),
            ViewKey::new("team", 1000, 101, &scopes),
            ViewKey::new("team", 1000, 100, &scopes[..1]),
            ViewKey::new("team", 1000, 100, scopes.iter().rev()),
            ViewKey::new("team\n1000", 100, 100, &scopes),
        ];
        let secret = Secret(Digest::of(b"secret"));
        for other in others {
            assert_ne!(other, key);
            assert_ne!(secret.name(&other), secret.name(&key));
        }
        let name = secret.name(&key);
        let (tenant, view) = name.as_str().split_once('/').unwrap();
        assert_eq!(name.tenant(), &secret.tenant("team"));
        assert_eq!(TenantName::of_folder(tenant).as_ref(), Some(name.tenant()));
        assert_eq!(ViewName::of_folder(name.tenant(), view), Some(name.clone()));
        let another = Secret(Digest::of(b"another"));
        assert_ne!(another.name(&key), name);
        assert!(secret.has_named(name.tenant()) && !another.has_named(name.tenant()));
        for other in ["", ".secret", "..", &view.to_uppercase()] {
            assert_eq!(TenantName::of_folder(other), None, "{other}");
            assert_eq!(ViewName::of_folder(name.tenant(), other), None, "{other}");
        }
    }
}
