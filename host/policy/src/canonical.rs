//! Canonical JSON, for the settings of a policy: every JSON library reads it in the same way.
//!
//! There is no white space, fields are sorted by name, and only characters that JSON must escape
//! are escaped. A whole number is written in digits alone if every library reads it exactly (64
//! bits; below 2^53 if it had a fraction or an exponent), and any other number as the shortest text
//! of its double. JSON that libraries read differently is rejected: a field that occurs twice, half
//! of a surrogate pair, a number beyond a double.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

/// From this number on, a double cannot represent every whole number.
const WHOLE_BELOW: f64 = 9_007_199_254_740_992.0;

/// Why a text has no canonical form.
#[derive(Debug, Error)]
#[error("{place}")]
pub struct Refused {
    /// The field, such as `settings.trusted[1]`.
    place: String,
    source: serde_json::Error,
}

/// The canonical form of a JSON text; `name` stands for the whole text in errors.
///
/// # Errors
/// When it is not JSON, or can be read in two ways.
pub fn canonical(name: &str, json: &str) -> Result<Box<RawValue>, Refused> {
    let path = Path(RefCell::new(vec![name.to_owned()]));
    let mut deserializer = serde_json::Deserializer::from_str(json);
    // The path is that of the value at which reading failed.
    Value(&path)
        .deserialize(&mut deserializer)
        .and_then(|text| {
            deserializer.end()?;
            RawValue::from_string(text)
        })
        .map_err(|source| Refused {
            place: path.0.borrow().concat(),
            source,
        })
}

/// The path of the value that is being read.
struct Path(RefCell<Vec<String>>);

impl Path {
    /// Reads a nested value. The path stays as it is after an error.
    fn within<Found, Failure>(
        &self,
        place: String,
        read: impl FnOnce() -> Result<Found, Failure>,
    ) -> Result<Found, Failure> {
        self.0.borrow_mut().push(place);
        let found = read()?;
        self.0.borrow_mut().pop();
        Ok(found)
    }
}

/// Reads a value, and returns its canonical text.
struct Value<'path>(&'path Path);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok("null".to_owned())
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<String, E> {
        match whole(value) {
            Some(digits) => Ok(digits),
            None => spelled(value).map_err(E::custom),
        }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<String, E> {
        serde_json::to_string(value).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<String, A::Error> {
        let mut text = String::from("[");
        for position in 0.. {
            let place = format!("[{position}]");
            let Some(value) = self
                .0
                .within(place, || sequence.next_element_seed(Value(self.0)))?
            else {
                break;
            };
            if position > 0 {
                text.push(',');
            }
            text += &value;
        }
        text.push(']');
        Ok(text)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = self.0.within(format!(".{name}"), || {
                if fields.contains_key(&name) {
                    return Err(A::Error::custom("this field is there twice"));
                }
                map.next_value_seed(Value(self.0))
            })?;
            fields.insert(name, value);
        }
        let mut text = String::from("{");
        for (position, (name, value)) in fields.into_iter().enumerate() {
            let separator = if position > 0 { "," } else { "" };
            let name = serde_json::to_string(&name).map_err(A::Error::custom)?;
            write!(text, "{separator}{name}:{value}").map_err(A::Error::custom)?;
        }
        text.push('}');
        Ok(text)
    }
}

/// A whole number that a double tells from its neighbours, in digits alone.
fn whole(value: f64) -> Option<String> {
    // Adding zero takes the sign off a zero.
    (value.fract() == 0.0 && value.abs() < WHOLE_BELOW).then(|| format!("{:.0}", value + 0.0))
}

/// A number by its first 15 digits, which a double keeps for any number. serde_json reads some
/// longer numbers inexactly, so with more digits the canonical form of a canonical form could
/// differ.
fn spelled(value: f64) -> Result<String, &'static str> {
    if value != 0.0 && value.abs() < f64::MIN_POSITIVE {
        return Err("the number is too small to be kept");
    }
    let rounded = format!("{value:.14e}").parse::<f64>();
    let rounded = rounded.ok().filter(|number| number.is_finite());
    // By its first digits alone it may be whole.
    let text = rounded.and_then(|number| {
        let digits = whole(number);
        digits.or_else(|| serde_json::to_string(&number).ok())
    });
    text.ok_or("the number is out of range")
}

/// A target for a fuzzer: a canonical form is its own.
#[cfg(any(test, fuzzing))]
pub fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(form) = canonical("settings", text) {
        let again = canonical("settings", form.get()).expect("it can be read");
        assert_eq!(form.get(), again.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachewarden_types::with_causes;

    #[test]
    fn equal_settings_are_equal_bytes() {
        let form = |json| canonical("settings", json).unwrap().get().to_owned();
        assert_eq!(
            form(" { \"b\" : [ 1 , 2.50 , { } ] , \"a\" : \"\\u0041\\/\\ud83d\\ude00\" }\n"),
            "{\"a\":\"A/😀\",\"b\":[1,2.5,{}]}"
        );
        assert_eq!(form("[1e2,-0,0.0,86400.0,10e-1]"), "[100,0,0,86400,1]");
        assert_eq!(
            form("[18446744073709551615,-9223372036854775808,1e300,null,true]"),
            "[18446744073709551615,-9223372036854775808,1e+300,null,true]"
        );
        assert_eq!(form("\"\\u0000\\n\\u007f\""), "\"\\u0000\\n\u{7f}\"");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused_by_its_place() {
        for (json, words) in [
            (r#"{"a":1,"\u0061":2}"#, &["settings.a:", "twice"][..]),
            (r#"{"a":[0,{"b":1,"c":2,"b":1}]}"#, &["settings.a[1].b:"]),
            (
                r#"{"a":["ok","\ud800"]}"#,
                &["settings.a[1]:", "hex escape"],
            ),
            (r#"{"\udead":1}"#, &["settings:", "hex escape", "column"]),
            (r#"{"a":1e400}"#, &["settings.a:", "out of range"]),
            (r#"{"a":1} x"#, &["settings:", "trailing"]),
            ("{\"a\":\n{", &["settings.a:", "line 2"]),
            ("", &["settings:"]),
        ] {
            let error = with_causes(&canonical("settings", json).unwrap_err());
            for word in words {
                assert!(error.contains(word), "{json}: {error}");
            }
        }
    }

    /// Found by `cargo xtask fuzz settings`: the form was `888888831361344.0`, and the form of that
    /// another.
    #[test]
    fn a_number_that_is_whole_by_its_first_digits_is_written_as_one() {
        let form = |json: &str| canonical("settings", json).unwrap().get().to_owned();
        for (json, expected) in [
            ("888888831361343.90179048", "888888831361344"),
            ("-888888831361343.99", "-888888831361344"),
            ("123456789012345.5", "123456789012346"),
            ("12345678901234.5", "12345678901234.5"),
        ] {
            assert_eq!(form(json), expected);
            assert_eq!(form(expected), expected);
        }
    }

    #[test]
    fn a_long_number_has_one_form() {
        let form = |json: &str| canonical("settings", json).unwrap().get().to_owned();
        for digits in 1..285 {
            for leading in ["1", "9", "123456789", "18446744073709551616"] {
                let once = form(&format!("{leading}{}", "0".repeat(digits)));
                assert_eq!(form(&once), once);
                let small = form(&format!("0.{}{leading}", "0".repeat(digits)));
                assert_eq!(form(&small), small);
            }
        }
    }

    #[test]
    fn fuzz_settings() {
        cachewarden_fuzz::fuzz("settings", settings);
    }
}
