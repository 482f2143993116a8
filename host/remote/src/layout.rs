//! How entries are laid out in a tier.

use opendal::{Error, ErrorKind};

use crate::service::is_second_of_github;
use crate::service_kind::ServiceKind;

/// How entries are laid out in a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In packs, with an index for each scope.
    Packs,
    /// Each by its key.
    Single,
}

impl Layout {
    pub(crate) const ALL: [(&str, Self); 2] = [("packs", Self::Packs), ("single", Self::Single)];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, layout)| *layout == self)
            .map_or("", |(name, _)| name)
    }

    /// The layout where an address does not say one.
    pub(crate) fn default_of(kind: ServiceKind) -> Self {
        match kind {
            ServiceKind::Memcached => Self::Single,
            // The first version of its service is only on servers of GitHub Enterprise.
            ServiceKind::Ghac if !is_second_of_github() => Self::Single,
            _ => Self::Packs,
        }
    }

    /// An error where a service of this environment cannot have it.
    pub(crate) fn check_environment(self, kind: ServiceKind) -> opendal::Result<()> {
        let needs_second = (self, kind) == (Self::Packs, ServiceKind::Ghac);
        if needs_second && !is_second_of_github() {
            let text = "the first version of GitHub's cache has no packs: use `layout=single`";
            return Err(Error::new(ErrorKind::ConfigInvalid, text));
        }
        Ok(())
    }

    /// Whether a service can have this layout. memcached takes no value with more than 1 MB, and gives
    /// none in parts.
    pub(crate) fn is_possible_on(self, kind: ServiceKind) -> bool {
        (self, kind) != (Self::Packs, ServiceKind::Memcached)
    }
}
