#![doc = include_str!("../README.md")]
#![no_std]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
extern crate std;

mod digest;
mod export;
mod grant;
mod instance;
mod lookup;
mod patterns;
mod policy;
mod reach;
mod refusal;
mod sample;
#[cfg(not(target_arch = "wasm32"))]
mod scope_part;
mod session;
mod settings;
mod totals;
mod words;

pub mod prelude;

#[doc(hidden)]
pub mod log;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
#[cfg(target_arch = "wasm32")]
mod runtime;

pub use digest::Digest;
pub use grant::Grant;
pub use instance::Instance;
pub use lookup::{Candidate, Lookup};
pub use patterns::Patterns;
pub use policy::Policy;
pub use reach::{Offer, Reach};
pub use refusal::Refusal;
pub use sample::Sample;
pub use session::{Label, Session};
pub use settings::NoSettings;
pub use totals::Totals;
pub use words::{Facts, Kind, Role, UnknownWord};
