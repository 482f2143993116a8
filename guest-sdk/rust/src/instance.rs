//! Runs a policy in tests, as the host does.

use crate::settings;
use crate::{Candidate, Grant, Lookup, Offer, Policy, Reach, Refusal, Session, Totals};

/// A policy as the host runs it: opened with a session and its settings' text, then asked.
///
/// [`export!`](crate::export) keeps one for the host. A test makes its own, and with it tries the settings as well:
///
/// ```
/// use cachewarden_policy::prelude::*;
///
/// #[derive(Default)]
/// struct Plain;
///
/// impl Policy for Plain {
///     type Settings = NoSettings;
/// }
///
/// let mut plain = Instance::<Plain>::new();
/// plain.open(&Session::new()).unwrap();
/// assert_eq!(plain.get(&Candidate::of(Kind::PACKAGE_ARCHIVE)), Lookup::Hit);
/// ```
#[derive(Debug, Default)]
pub struct Instance<Chosen: Policy> {
    policy: Option<Chosen>,
}

impl<Chosen: Policy> Instance<Chosen> {
    /// A policy that is not opened yet.
    ///
    /// ```
    /// # use cachewarden_policy::{Instance, NoSettings, Policy};
    /// # #[derive(Default)]
    /// # struct Plain;
    /// # impl Policy for Plain { type Settings = NoSettings; }
    /// let plain = Instance::<Plain>::new();
    /// ```
    pub const fn new() -> Self {
        Self { policy: None }
    }

    /// Makes a new policy, reads the session's settings and opens it.
    ///
    /// ```
    /// # use cachewarden_policy::{Grant, Instance, NoSettings, Policy, Session};
    /// # #[derive(Default)]
    /// # struct Plain;
    /// # impl Policy for Plain { type Settings = NoSettings; }
    /// let session = Session::new();
    /// let grant = Instance::<Plain>::new().open(&session).unwrap();
    /// assert_eq!(grant, Grant::default_for(&session));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refusal::Settings`] where the settings cannot be read, else what [`Policy::open`] refuses.
    pub fn open(&mut self, session: &Session) -> Result<Grant, Refusal> {
        self.policy = None;
        let settings = settings::parse(&session.settings)?;
        let mut policy = Chosen::default();
        let grant = policy.open(session, settings)?;
        self.policy = Some(policy);
        Ok(grant)
    }

    /// Asks what becomes of a candidate.
    ///
    /// ```
    /// # use cachewarden_policy::{Candidate, Instance, Lookup, NoSettings, Policy, Session};
    /// # #[derive(Default)]
    /// # struct Plain;
    /// # impl Policy for Plain { type Settings = NoSettings; }
    /// # let mut plain = Instance::<Plain>::new();
    /// plain.open(&Session::new()).unwrap();
    /// assert_eq!(plain.get(&Candidate::default()), Lookup::Hit);
    /// ```
    ///
    /// # Panics
    ///
    /// Where no [`open`](Self::open) gave a grant.
    pub fn get(&mut self, candidate: &Candidate) -> Lookup {
        self.opened("get").get(candidate)
    }

    /// Asks how far an object may travel.
    ///
    /// ```
    /// # use cachewarden_policy::{Instance, NoSettings, Offer, Policy, Reach, Session};
    /// # #[derive(Default)]
    /// # struct Plain;
    /// # impl Policy for Plain { type Settings = NoSettings; }
    /// # let mut plain = Instance::<Plain>::new();
    /// plain.open(&Session::new()).unwrap();
    /// assert_eq!(plain.put(&Offer::default()), Reach::Shared);
    /// ```
    ///
    /// # Panics
    ///
    /// Where no [`open`](Self::open) gave a grant.
    pub fn put(&mut self, offer: &Offer) -> Reach {
        self.opened("put").put(offer)
    }

    /// Passes the totals of the session.
    ///
    /// ```
    /// # use cachewarden_policy::{Instance, NoSettings, Policy, Session, Totals};
    /// # #[derive(Default)]
    /// # struct Plain;
    /// # impl Policy for Plain { type Settings = NoSettings; }
    /// # let mut plain = Instance::<Plain>::new();
    /// plain.open(&Session::new()).unwrap();
    /// plain.close(&Totals::default());
    /// ```
    ///
    /// # Panics
    ///
    /// Where no [`open`](Self::open) gave a grant.
    pub fn close(&mut self, totals: &Totals) {
        self.opened("close").close(totals);
    }

    fn opened(&mut self, question: &str) -> &mut Chosen {
        match &mut self.policy {
            Some(policy) => policy,
            None => panic!("`{question}` was called, but no `open` before it gave a grant"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, NoSettings};

    /// Refuses forks; counts what it was offered.
    #[derive(Default)]
    struct Counting {
        offers: usize,
    }

    impl Policy for Counting {
        type Settings = NoSettings;

        fn open(&mut self, session: &Session, _: NoSettings) -> Result<Grant, Refusal> {
            match session.label("fork") {
                Some(_) => Err(Refusal::session("forks use no cache")),
                None => Ok(Grant::default_for(session)),
            }
        }

        fn put(&mut self, _: &Offer) -> Reach {
            self.offers += 1;
            if self.offers > 1 {
                Reach::Local
            } else {
                Reach::Shared
            }
        }
    }

    #[test]
    fn a_second_open_begins_again() {
        let mut instance = Instance::<Counting>::new();
        let offer = Offer::of(Kind::OTHER);
        for _ in 0..2 {
            instance.open(&Session::new()).unwrap();
            assert_eq!(instance.put(&offer), Reach::Shared);
            assert_eq!(instance.put(&offer), Reach::Local);
        }
    }

    #[test]
    #[should_panic(expected = "`get` was called, but no `open` before it gave a grant")]
    fn a_question_before_open_panics() {
        Instance::<Counting>::new().get(&Candidate::default());
    }

    #[test]
    #[should_panic(expected = "`put` was called, but no `open` before it gave a grant")]
    fn a_question_after_a_refusal_panics() {
        let mut instance = Instance::<Counting>::new();
        instance.open(&Session::new()).unwrap();
        assert!(
            instance
                .open(&Session::new().with_label("fork", "yes"))
                .is_err()
        );
        instance.put(&Offer::default());
    }
}
