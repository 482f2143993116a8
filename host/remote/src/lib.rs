//! Remote tiers: storage that several machines share, behind the store of each.
//!
//! What always holds: nothing that comes from a tier is believed for what it says of itself. An
//! item is read with bounds on every part, and the bytes of an object count only once they have
//! been hashed on this machine.

mod address;
mod breaker;
mod credentials_file;
pub mod format;
mod housekeeping;
mod index;
mod kept_breaker;
mod layout;
mod notes;
mod object;
mod other_layout;
mod outage;
mod prefetch;
mod probe;
mod runtime;
mod seen;
mod service;
mod service_kind;
mod session;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod testing;
mod tier;
mod tier_list;
mod tiers;
mod trial;
mod upload;
mod warnings;

pub use address::{Address, AddressError, Credentials, Mode};
pub use credentials_file::{CredentialsError, CredentialsFile};
pub use housekeeping::{
    Amount, GRACE, HousekeepingError, PruneRequest, Pruned, TierEvent, TierSummary, VerifiedTier,
    prune_tier, summarize_tier, verify_tier,
};
pub use layout::Layout;
pub use outage::{TierOutage, tier_outage};
pub use service::{Cause, Service, ServiceError, is_panic_an_error};
pub use tier_list::{NamedTwice, TierList};
pub use tiers::RemoteTiers;
pub use trial::{TierHealth, TierTrial, TrialError, Written, listing_permission, try_tiers};
pub use upload::{
    DEFAULT_LEVEL, TierUpload, UploadEnd, UploadError, Uploaded, Uploader, upload_to,
};
