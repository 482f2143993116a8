//! Why a table of the configuration or a token is refused, in words for the person who must act.
//!
//! A text never contains the token. What it quotes of a token is cut and escaped, because a job
//! chooses it and it goes to an operator's log.

use std::time::Duration;

use humantime::format_duration;

/// The most characters that are quoted of one text in a token.
const QUOTED: usize = 100;

/// An `[[issuer]]` table that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("issuer `{issuer}`: `{field}`: {reason}")]
pub struct ConfigError {
    /// The name of the issuer.
    pub issuer: String,
    /// The field with the mistake.
    pub field: &'static str,
    /// What is wrong, and what to write.
    pub reason: String,
}

/// A token that is refused. A session with such a token is refused, too: it is never one without a
/// token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is longer than any token should be.
    #[error("the token has {length} bytes, and at most {most} are accepted")]
    TooLong {
        /// Its length.
        length: usize,
        /// The bound.
        most: usize,
    },
    /// It is not a signed JSON Web Token.
    #[error(
        "this is not a signed token (a JSON Web Token): {0}; check what `--token-file` or \
         `--token-command` gives"
    )]
    Malformed(&'static str),
    /// Its issuer is none of the configured ones.
    #[error("the token's issuer is {found}, this daemon accepts tokens of {accepted}")]
    Issuer {
        /// The issuer, quoted.
        found: String,
        /// The accepted ones, quoted.
        accepted: String,
    },
    /// It is not signed, or with another algorithm.
    #[error("the token's algorithm is {found}, of this issuer the daemon accepts {accepted}")]
    Algorithm {
        /// The algorithm, quoted.
        found: String,
        /// The pinned ones.
        accepted: String,
    },
    /// Its header has an extension that must be understood.
    #[error("the token's header has critical extensions (`crit`), and this daemon knows none")]
    Critical,
    /// It does not name the key that it is signed with.
    #[error("the token's header names no key (`kid`), so no key of the issuer can be chosen")]
    NoKeyId,
    /// The issuer's keys do not contain its key, or are not there.
    #[error("{0}")]
    Key(KeyError),
    /// Its signature is wrong.
    #[error("the token's signature does not match the issuer's key: it was changed, or forged")]
    Signature,
    /// It is for somebody else.
    #[error(
        "the token's audience is {found}, this daemon accepts {accepted}; ask the issuer for a \
         token with this audience"
    )]
    Audience {
        /// The audiences, quoted.
        found: String,
        /// The accepted ones, quoted.
        accepted: String,
    },
    /// A claim that is needed is missing.
    #[error("the token has no `{0}` claim, which this daemon needs")]
    Missing(&'static str),
    /// A claim has another type or another form than it should.
    #[error("the token's claim `{claim}` {reason}")]
    Claim {
        /// The claim, as the configuration names it.
        claim: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It has expired.
    #[error(
        "the token expired {} ago; get a new one right before the build, for instance with \
         `--token-command`",
        format_duration(*.0)
    )]
    Expired(Duration),
    /// It is not valid yet, or was issued in the future.
    #[error(
        "the token is not valid yet: its `{claim}` is {} in the future; compare the clocks of this \
         machine and of the issuer",
        format_duration(*.ahead)
    )]
    Early {
        /// The claim with the time.
        claim: &'static str,
        /// How far it is in the future.
        ahead: Duration,
    },
    /// It was issued too long ago.
    #[error(
        "the token was issued {} ago, and this daemon accepts a token for {} (`max-age`); get a new \
         one right before the build, for instance with `--token-command`",
        format_duration(*.age),
        format_duration(*.most)
    )]
    TooOld {
        /// Its age.
        age: Duration,
        /// The bound.
        most: Duration,
    },
    /// Another user has presented it before.
    #[error(
        "another user of this machine has presented this token before: a token belongs to one job; \
         if no other job should have it, it was stolen"
    )]
    OtherUser,
    /// No more tokens can be remembered.
    #[error(
        "this daemon remembers {0} tokens that are still valid, of many users, and can remember no \
         more; try again when some have expired"
    )]
    TooMany(usize),
}

/// A key that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the token's key {kid} is not among the keys of issuer `{issuer}` ({source_of_keys}): {reason}; \
     they are fetched again at the earliest in {}",
    format_duration(*.retry)
)]
pub struct KeyError {
    /// The ID of the key, quoted.
    pub kid: String,
    /// The name of the issuer.
    pub issuer: String,
    /// The file or the URL.
    pub source_of_keys: String,
    /// What is known about the keys.
    pub reason: String,
    /// When an unknown key leads to the next attempt.
    pub retry: Duration,
}

/// A text from a token, so that it can be shown: cut, escaped and quoted.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("`");
    quoted.extend(text.chars().take(QUOTED).flat_map(char::escape_debug));
    quoted.push_str(if text.chars().nth(QUOTED).is_some() {
        "...`"
    } else {
        "`"
    });
    quoted
}

/// Several texts, so that they can be shown.
pub(crate) fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<_> = texts.into_iter().map(quoted).collect();
    all.join(", ")
}
