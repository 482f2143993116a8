//! What must hold for any token and any key set.

use std::time::{Duration, UNIX_EPOCH};

use jsonwebtoken::Algorithm;

use crate::claims::{Period, check_times, shown_audiences, subject};
use crate::jwks::KeySet;
use crate::labels::{LabelClaim, MAX_VALUE};
use crate::parts::Parts;

/// The claims that become labels, in the ways in which a table can name them.
const CLAIMS: [&str; 4] = ["ref", "a~/b", "/team/id", "/teams/0"];

/// The input is taken as a token whose signature is right: header and claims have a line each.
/// Whatever it has, its labels are texts that can be shown, and it ends within a day. The same
/// bytes are read as a key set.
pub fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Parts::of(&text);
    let (header, claims) = text.split_once('\n').unwrap_or(("{}", &text));
    if let Ok(parts) = Parts::of(&encoded(header, claims)) {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let hour = Duration::from_secs(3600);
        let period = Period {
            leeway: Duration::from_secs(300),
            max_age: hour * 24,
        };
        match check_times(&parts.claims, &period, now) {
            Ok(end) => {
                assert!(end.refused > now, "{claims}");
                assert!(end.expires < now + hour * 25, "{claims}");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        for claim in CLAIMS {
            let label = LabelClaim::parse("label", claim).expect("a claim");
            if let Ok(Some((_, value))) = label.read(&parts.claims) {
                check_value(&value);
            }
        }
        if let Ok(value) = subject(&parts.claims) {
            check_value(&value);
        }
        let shown = shown_audiences(&parts.claims);
        assert!(!shown.contains(char::is_control), "{shown}");
        assert!(shown.len() < 4096, "{shown}");
    }
    if let Ok(keys) = KeySet::parse(bytes, &[Algorithm::RS256, Algorithm::ES256]) {
        assert!(keys.find("", Algorithm::RS256).is_empty());
        assert!(keys.find("k", Algorithm::EdDSA).is_empty());
    }
}

fn check_value(value: &str) {
    assert!((1..=MAX_VALUE).contains(&value.len()), "{value}");
    assert!(!value.contains(char::is_control), "{value:?}");
}

/// A token with this header and these claims.
fn encoded(header: &str, claims: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.AAAA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_token() {
        cachewarden_fuzz::fuzz("token", token);
    }
}
