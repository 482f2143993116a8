//! Whether a tier has its entries in another layout than the one that an address says.
//!
//! What always holds: this is asked by those who may take their time, a doctor and an upload. Where a
//! service does not list its keys, nothing is known.

use super::format::{ENTRIES, INDEX};
use super::layout::Layout;
use super::service::{Service, ServiceError};

/// The layout of a tier that has nothing in this one; `None` where it has something, or nothing at
/// all, or does not say.
///
/// # Errors
/// When the service fails, or does not allow it.
pub(crate) async fn other_layout(
    service: &Service,
    layout: Layout,
) -> Result<Option<Layout>, ServiceError> {
    let other = match layout {
        Layout::Packs => Layout::Single,
        Layout::Single => Layout::Packs,
    };
    let has_other = has_some(service, other).await?;
    // What was mixed before is used on as it is.
    let is_other = has_other && !has_some(service, layout).await?;
    Ok(is_other.then_some(other))
}

async fn has_some(service: &Service, layout: Layout) -> Result<bool, ServiceError> {
    let prefix = match layout {
        Layout::Packs => INDEX,
        Layout::Single => ENTRIES,
    };
    match service.has_below(prefix).await {
        Err(ServiceError::Unsupported(_)) => Ok(false),
        has_some => has_some,
    }
}
