//! Durations in configuration files, as an operator writes them: `10s`, `5days`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// Reads a duration that may be zero.
///
/// # Errors
/// When the text is none.
pub fn or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|_| de::Error::custom(format!("`{text}` is no duration such as 10s or 5days")))
}

/// Reads a duration that is not zero: as a limit or an interval, zero would let nothing happen, or
/// happen all the time.
///
/// # Errors
/// When the text is none.
pub fn longer_than_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match or_zero(deserializer)? {
        Duration::ZERO => Err(de::Error::custom("a duration of zero is not possible here")),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    #[test]
    fn one_reader_takes_zero_and_the_other_does_not() {
        let text =
            |text| -> StrDeserializer<'_, Error> { IntoDeserializer::into_deserializer(text) };
        let second = Duration::from_secs(1);
        assert_eq!(or_zero(text("1s")), Ok(second));
        assert_eq!(or_zero(text("0s")), Ok(Duration::ZERO));
        assert_eq!(longer_than_zero(text("1s")), Ok(second));
        let error = longer_than_zero(text("0s")).unwrap_err().to_string();
        assert!(error.contains("zero"), "{error}");
        for wrong in ["", "soon", "10", "-1s"] {
            let error = longer_than_zero(text(wrong)).unwrap_err().to_string();
            assert!(
                error.contains("no duration such as 10s"),
                "{wrong}: {error}"
            );
        }
    }
}
