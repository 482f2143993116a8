//! The services of opendal that this program was built with: each is a cargo feature.

use opendal::{Configurator, services};

use crate::service_kind::ServiceKind;

/// What is done with the configuration of a service.
pub(crate) trait Visitor {
    /// What comes of it.
    type Outcome;

    /// Does it.
    fn visit<Config: Configurator + Default>(self) -> Self::Outcome;
}

/// Does something with the configuration of a service; `None` where this program was built without
/// that, or it is none of opendal's.
pub(crate) fn visit<V: Visitor>(kind: ServiceKind, visitor: V) -> Option<V::Outcome> {
    Some(match kind {
        #[cfg(feature = "azblob")]
        ServiceKind::Azblob => visitor.visit::<services::AzblobConfig>(),
        #[cfg(feature = "file")]
        ServiceKind::File => visitor.visit::<services::FsConfig>(),
        #[cfg(feature = "ghac")]
        ServiceKind::Ghac => visitor.visit::<services::GhacConfig>(),
        #[cfg(feature = "gs")]
        ServiceKind::Gcs => visitor.visit::<services::GcsConfig>(),
        #[cfg(feature = "s3")]
        ServiceKind::S3 => visitor.visit::<services::S3Config>(),
        #[cfg(feature = "webdav")]
        ServiceKind::Webdav | ServiceKind::WebdavHttp => visitor.visit::<services::WebdavConfig>(),
        _ => return None,
    })
}
