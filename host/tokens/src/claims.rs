//! The claims of a token: what they must be at a given time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_types::since_1970;

use serde_json::Value;

use crate::error::{TokenError, quoted, quoted_list};
use crate::labels::check_value;

/// How old a token may be, and how far clocks may differ.
#[derive(Debug)]
pub(crate) struct Period {
    pub(crate) leeway: Duration,
    pub(crate) max_age: Duration,
}

/// When a token ends.
#[derive(Debug, PartialEq)]
pub(crate) struct End {
    /// The end that is shown and that a session may keep to.
    pub(crate) expires: SystemTime,
    /// From then on it is refused: the skew of clocks is added.
    pub(crate) refused: SystemTime,
}

/// Checks `exp`, `iat` and `nbf`.
pub(crate) fn check_times(
    claims: &Value,
    period: &Period,
    now: SystemTime,
) -> Result<End, TokenError> {
    let now = since_1970(now);
    let leeway = period.leeway;
    let expires = seconds(claims, "exp")?.ok_or(TokenError::Missing("exp"))?;
    let issued = seconds(claims, "iat")?.ok_or(TokenError::Missing("iat"))?;
    let not_before = seconds(claims, "nbf")?;
    if now >= expires.saturating_add(leeway) {
        return Err(TokenError::Expired(whole(now - expires)));
    }
    for (claim, time) in [("iat", Some(issued)), ("nbf", not_before)] {
        match time {
            Some(time) if time > now.saturating_add(leeway) => {
                let ahead = whole(time - now);
                return Err(TokenError::Early { claim, ahead });
            }
            _ => {}
        }
    }
    let oldest = issued.saturating_add(period.max_age);
    if now >= oldest.saturating_add(leeway) {
        return Err(TokenError::TooOld {
            age: whole(now - issued),
            most: period.max_age,
        });
    }
    // Not later than `now` and both bounds of the configuration, so the sums exist.
    let expires = expires.min(oldest);
    Ok(End {
        expires: UNIX_EPOCH + expires,
        refused: UNIX_EPOCH + expires + leeway,
    })
}

/// The claim `sub`.
pub(crate) fn subject(claims: &Value) -> Result<String, TokenError> {
    let invalid = |reason| TokenError::Claim {
        claim: "sub".into(),
        reason,
    };
    match &claims["sub"] {
        Value::Null => Err(TokenError::Missing("sub")),
        Value::String(text) if text.is_empty() => Err(invalid("is empty")),
        Value::String(text) => check_value(text).map_err(invalid).map(|()| text.clone()),
        _ => Err(invalid("is not a text")),
    }
}

/// The audiences, so that they can be shown.
pub(crate) fn shown_audiences(claims: &Value) -> String {
    match &claims["aud"] {
        Value::String(audience) => quoted(audience),
        Value::Array(all) if !all.is_empty() => {
            quoted_list(all.iter().map(|one| one.as_str().unwrap_or("?")).take(3))
        }
        _ => "missing".into(),
    }
}

/// A claim with a time: seconds since 1970, perhaps with a fraction.
fn seconds(claims: &Value, claim: &'static str) -> Result<Option<Duration>, TokenError> {
    let value = match &claims[claim] {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_u64().map(Duration::from_secs).or_else(|| {
            let seconds = number.as_f64()?;
            Duration::try_from_secs_f64(seconds).ok()
        }),
        _ => None,
    };
    let invalid = || TokenError::Claim {
        claim: claim.into(),
        reason: "is not a time: a number of seconds since 1970",
    };
    value.map(Some).ok_or_else(invalid)
}

/// Without the fraction, to be shown.
fn whole(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn check(claims: Value) -> Result<End, TokenError> {
        let period = Period {
            leeway: Duration::from_secs(30),
            max_age: Duration::from_secs(3600),
        };
        check_times(&claims, &period, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn end(expires: u64) -> Result<End, TokenError> {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        Ok(End {
            expires: at(expires),
            refused: at(expires + 30),
        })
    }

    #[test]
    fn times_count_within_the_skew_of_clocks() {
        let seconds = Duration::from_secs;
        let early = |claim, ahead| {
            Err(TokenError::Early {
                claim,
                ahead: seconds(ahead),
            })
        };
        let too_old = |age| {
            Err(TokenError::TooOld {
                age: seconds(age),
                most: seconds(3600),
            })
        };
        for (claims, expected) in [
            (json!({"iat": NOW, "exp": NOW + 300}), end(NOW + 300)),
            (json!({"iat": NOW - 300, "exp": NOW - 29}), end(NOW - 29)),
            (
                json!({"iat": NOW - 300, "exp": NOW - 30}),
                Err(TokenError::Expired(seconds(30))),
            ),
            (json!({"iat": NOW + 30, "exp": NOW + 300}), end(NOW + 300)),
            (json!({"iat": NOW + 31, "exp": NOW + 300}), early("iat", 31)),
            (
                json!({"iat": NOW, "nbf": NOW + 30, "exp": NOW + 300}),
                end(NOW + 300),
            ),
            (
                json!({"iat": NOW, "nbf": NOW + 31, "exp": NOW + 300}),
                early("nbf", 31),
            ),
            // An end in a thousand years does not make a token valid for longer than `max-age`.
            (json!({"iat": NOW, "exp": u64::MAX}), end(NOW + 3600)),
            (json!({"iat": NOW - 3629, "exp": u64::MAX}), end(NOW - 29)),
            (json!({"iat": NOW - 3630, "exp": u64::MAX}), too_old(3630)),
            (json!({"iat": 0, "exp": u64::MAX}), too_old(NOW)),
            (
                json!({"iat": u64::MAX, "exp": u64::MAX}),
                early("iat", u64::MAX - NOW),
            ),
        ] {
            assert_eq!(check(claims.clone()), expected, "{claims}");
        }
    }

    #[test]
    fn a_time_that_is_missing_or_no_number_is_an_error() {
        for (claims, expected) in [
            (json!({"iat": NOW}), "no `exp`"),
            (json!({"iat": NOW, "exp": null}), "no `exp`"),
            (json!({"exp": NOW + 1}), "no `iat`"),
            (
                json!({"iat": NOW, "exp": "1900000000"}),
                "`exp` is not a time",
            ),
            (json!({"iat": NOW, "exp": [NOW + 1]}), "`exp` is not a time"),
            (json!({"iat": -5, "exp": NOW + 1}), "`iat` is not a time"),
            (json!({"iat": NOW, "exp": 1e300}), "`exp` is not a time"),
            (
                json!({"iat": NOW, "exp": NOW + 1, "nbf": true}),
                "`nbf` is not a time",
            ),
        ] {
            let error = check(claims.clone()).unwrap_err().to_string();
            assert!(error.contains(expected), "{claims}: {error}");
        }
        let fraction = json!({"iat": NOW as f64 + 0.5, "exp": NOW as f64 + 10.5});
        assert!(check(fraction).is_ok());
    }

    #[test]
    fn texts_say_how_long_ago_and_what_to_do() {
        let text = |claims| check(claims).unwrap_err().to_string();
        let expired = text(json!({"iat": NOW - 4000, "exp": NOW - 3723}));
        assert!(expired.contains("expired 1h 2m 3s ago"), "{expired}");
        assert!(expired.contains("--token-command"), "{expired}");
        // Any number that a token may hold can be shown.
        let early = text(json!({"iat": u64::MAX, "exp": u64::MAX}));
        assert!(early.contains("compare the clocks"), "{early}");
    }

    #[test]
    fn a_subject_is_needed() {
        assert_eq!(subject(&json!({"sub": "repo:a"})), Ok("repo:a".into()));
        assert_eq!(subject(&json!({})), Err(TokenError::Missing("sub")));
        for value in [json!(""), json!(5), json!("a\nb"), json!("x".repeat(2000))] {
            assert!(subject(&json!({"sub": value})).is_err());
        }
    }
}
