//! The first question to a tier: which format it has.

use super::format::{FORMAT, FORMAT_KEY, read_format_marker};
use super::service::{Service, ServiceError};

/// The most bytes of a marker.
const MAX_MARKER: u64 = 64;

/// What a tier's marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// There is none: nothing was sent to it yet, or the marker has expired.
    None,
    /// The format that this version reads.
    Current,
    /// Another format.
    Other(u32),
    /// It is no marker.
    Foreign,
}

/// Reads the marker of a tier.
///
/// # Errors
/// When the service fails or does not allow it.
pub(crate) async fn probe(service: Service) -> Result<Marker, ServiceError> {
    let value = match service.read(FORMAT_KEY, MAX_MARKER).await {
        Ok(None) => return Ok(Marker::None),
        Ok(Some(value)) => value,
        Err(error) if error.is_of_value() => return Ok(Marker::Foreign),
        Err(error) => return Err(error),
    };
    Ok(match read_format_marker(&value) {
        Some(FORMAT) => Marker::Current,
        Some(other) => Marker::Other(other),
        None => Marker::Foreign,
    })
}
