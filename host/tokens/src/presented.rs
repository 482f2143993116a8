//! Which user presented a token first. A token is a bearer's: whoever reads it can use it. So one
//! that another user of the machine has presented is refused until it expires.
//!
//! A token is known by the SHA-256 of what the issuer has signed. The signature does not count: an
//! ECDSA signature can be changed into another valid one without the key.
//!
//! Memory is bounded, and no user can spend that of the others: a user with too many tokens loses
//! the oldest of its own. Then another user could present that token, but only a user who has it
//! already; and nobody but the same user can bring this about. If many users have presented so many
//! tokens that none can be remembered, further ones are refused.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use cachewarden_types::Digest;

use crate::error::TokenError;

/// How many tokens are remembered: about 10 MB.
const MOST: usize = 65_536;

/// How many of one user. A user of many jobs, each with a token for an hour, presents one a second.
const MOST_OF_A_USER: usize = 4_096;

/// The tokens that have not expired.
#[derive(Debug, Default)]
pub(crate) struct Presented {
    first: HashMap<Digest, u32>,
    by_user: HashMap<u32, BTreeSet<(SystemTime, Digest)>>,
}

impl Presented {
    /// Notes that `uid` presents a token, which is refused from `until` on.
    pub(crate) fn note(
        &mut self,
        token: Digest,
        uid: u32,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<(), TokenError> {
        match self.first.get(&token) {
            Some(first) if *first == uid => return Ok(()),
            Some(_) => return Err(TokenError::OtherUser),
            None => {}
        }
        if self.first.len() >= MOST {
            self.forget_expired(now);
        }
        let of_user = self.by_user.entry(uid).or_default();
        if of_user.len() >= MOST_OF_A_USER
            && let Some((_, oldest)) = of_user.pop_first()
        {
            self.first.remove(&oldest);
        }
        if self.first.len() >= MOST {
            return Err(TokenError::TooMany(MOST));
        }
        of_user.insert((until, token));
        self.first.insert(token, uid);
        Ok(())
    }

    fn forget_expired(&mut self, now: SystemTime) {
        for of_user in self.by_user.values_mut() {
            while let Some((until, token)) = of_user.first().copied() {
                if until > now {
                    break;
                }
                of_user.pop_first();
                self.first.remove(&token);
            }
        }
        self.by_user.retain(|_, of_user| !of_user.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn token(number: usize) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[test]
    fn a_token_belongs_to_the_user_who_presented_it_first() {
        let mut presented = Presented::default();
        let mut note = |number, uid| presented.note(token(number), uid, at(100), at(0));
        assert_eq!(note(1, 1000), Ok(()));
        assert_eq!(note(1, 1000), Ok(()));
        assert_eq!(note(1, 1001), Err(TokenError::OtherUser));
        assert_eq!(note(1, 0), Err(TokenError::OtherUser));
        assert_eq!(note(2, 1001), Ok(()));
    }

    #[test]
    fn a_user_with_many_tokens_costs_the_others_nothing() {
        let mut presented = Presented::default();
        presented.note(token(0), 1000, at(1), at(0)).unwrap();
        for number in 1..MOST {
            let until = at(10 + number as u64);
            presented.note(token(number), 1001, until, at(0)).unwrap();
        }
        assert_eq!(presented.first.len(), MOST_OF_A_USER + 1);
        let mut note = |number| presented.note(token(number), 1002, at(100), at(0));
        assert_eq!(note(0), Err(TokenError::OtherUser));
        assert_eq!(note(MOST - 1), Err(TokenError::OtherUser));
        assert_eq!(note(1), Ok(()), "the user's own oldest is forgotten");
    }

    #[test]
    fn many_users_with_many_tokens_are_refused_until_some_expire() {
        let mut presented = Presented::default();
        for number in 0..MOST {
            let uid = (number / MOST_OF_A_USER) as u32;
            let until = at(100 + u64::from(uid));
            presented.note(token(number), uid, until, at(0)).unwrap();
        }
        let mut note = |uid, now| presented.note(token(MOST), uid, at(1_000), at(now));
        assert_eq!(note(5_000, 99), Err(TokenError::TooMany(MOST)));
        assert_eq!(note(5_000, 100), Ok(()));
        assert_eq!(note(5_001, 100), Err(TokenError::OtherUser));
        assert_eq!(presented.first.len(), MOST - MOST_OF_A_USER + 1);
    }
}
