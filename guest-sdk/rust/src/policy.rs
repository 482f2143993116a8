//! The trait that a policy implements.

use serde::de::DeserializeOwned;

use crate::{Candidate, Grant, Lookup, Offer, Reach, Refusal, Session, Totals};

/// A policy: what a session may do, and what becomes of each of its gets and puts.
///
/// Every method has the answer that a session without a policy would get, so a policy says only where it differs.
/// [`export!`](crate::export) hands it to the host.
///
/// Answers depend only on the policy's inputs: there is no clock, no randomness, no file and no network,
/// so a recorded session replays to the same verdicts. A panic is a trap: that get is a miss, that put stays with the
/// session, and a new, default policy is opened for what follows. So a field that a method changes may start again.
///
/// ```
/// use cachewarden_policy::prelude::*;
///
/// /// Nothing larger than a megabyte leaves this machine.
/// #[derive(Default)]
/// struct Frugal;
///
/// impl Policy for Frugal {
///     type Settings = NoSettings;
///
///     fn put(&mut self, offer: &Offer) -> Reach {
///         if offer.size > 1_000_000 { Reach::Local } else { Reach::Shared }
///     }
/// }
///
/// cachewarden_policy::export!(Frugal);
/// ```
pub trait Policy: Default {
    /// What the operator may set. [`NoSettings`](crate::NoSettings) where that is nothing.
    ///
    /// With `deny_unknown_fields` a misspelt field is an error that names it, not a silent default:
    ///
    /// ```
    /// use cachewarden_policy::Patterns;
    /// use serde::Deserialize;
    ///
    /// #[derive(Default, Deserialize)]
    /// #[serde(default, deny_unknown_fields)]
    /// struct Settings {
    ///     trusted: Patterns,
    /// }
    /// ```
    type Settings: DeserializeOwned;

    /// Called before the first question. The default grants what a session without a policy has.
    ///
    /// ```
    /// use cachewarden_policy::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct ByUser;
    ///
    /// impl Policy for ByUser {
    ///     type Settings = NoSettings;
    ///
    ///     fn open(&mut self, session: &Session, _: NoSettings) -> Result<Grant, Refusal> {
    ///         let user = session
    ///             .verified_label("user")
    ///             .ok_or_else(|| Refusal::session("nobody knows whose build this is"))?;
    ///         let own = format!("user-{}", user.scope);
    ///         Ok(Grant::writing(&own).reading(&own))
    ///     }
    /// }
    ///
    /// let session = Session::new().with_verified_label("user", "1000");
    /// let grant = ByUser.open(&session, NoSettings {}).unwrap();
    /// assert_eq!(grant, Grant::writing("user-1000").reading("user-1000"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refusal::Settings`] stops the build; [`Refusal::Session`] lets it go on without a cache.
    /// Settings that cannot be read are refused before this is called.
    fn open(&mut self, session: &Session, settings: Self::Settings) -> Result<Grant, Refusal> {
        let _ = settings;
        Ok(Grant::default_for(session))
    }

    /// Called for each entry that a get finds in the granted scopes, in order. The default is a hit.
    ///
    /// ```
    /// use cachewarden_policy::prelude::*;
    /// use std::time::Duration;
    ///
    /// #[derive(Default)]
    /// struct Fresh;
    ///
    /// impl Policy for Fresh {
    ///     type Settings = NoSettings;
    ///
    ///     fn get(&mut self, candidate: &Candidate) -> Lookup {
    ///         if candidate.age > Duration::from_secs(86_400) { Lookup::Skip } else { Lookup::Hit }
    ///     }
    /// }
    ///
    /// let old = Candidate { age: Duration::from_secs(90_000), ..Candidate::default() };
    /// assert_eq!(Fresh.get(&old), Lookup::Skip);
    /// ```
    fn get(&mut self, candidate: &Candidate) -> Lookup {
        let _ = candidate;
        Lookup::Hit
    }

    /// Called for each object that the build puts. The default is [`Kind::default_reach`](crate::Kind::default_reach).
    ///
    /// ```
    /// use cachewarden_policy::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct NoTests;
    ///
    /// impl Policy for NoTests {
    ///     type Settings = NoSettings;
    ///
    ///     fn put(&mut self, offer: &Offer) -> Reach {
    ///         match offer.kind {
    ///             Kind::TEST_RECORD => Reach::Ephemeral,
    ///             kind => kind.default_reach(),
    ///         }
    ///     }
    /// }
    ///
    /// assert_eq!(NoTests.put(&Offer::of(Kind::TEST_RECORD)), Reach::Ephemeral);
    /// ```
    fn put(&mut self, offer: &Offer) -> Reach {
        offer.kind.default_reach()
    }

    /// Called after the last answer, with the totals of the session. The default does nothing.
    ///
    /// ```
    /// use cachewarden_policy::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Strict;
    ///
    /// impl Policy for Strict {
    ///     type Settings = NoSettings;
    ///
    ///     fn close(&mut self, totals: &Totals) {
    ///         if totals.diverged > 0 {
    ///             warn!("{} rebuilds came out differently", totals.diverged);
    ///         }
    ///     }
    /// }
    ///
    /// Strict.close(&Totals { diverged: 1, ..Totals::default() });
    /// ```
    fn close(&mut self, totals: &Totals) {
        let _ = totals;
    }
}
