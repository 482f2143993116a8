//! JSON objects in which no name occurs twice, at any depth. Parsers differ in which of two values
//! they take, so that a token with a claim twice could mean one thing to its issuer and another one
//! here.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value in which no name occurs twice.
pub(crate) struct Unique(pub(crate) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(Unique(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
        let mut values = Map::new();
        while let Some((name, Unique(value))) = access.next_entry::<String, Unique>()? {
            if values.insert(name, value).is_some() {
                return Err(de::Error::custom("a name occurs twice"));
            }
        }
        Ok(Unique(values.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_occurs_twice_is_refused_at_any_depth() {
        for (text, expected) in [
            (r#"{"a":1,"b":[{"a":null}],"c":{"a":-1,"b":"x"}}"#, true),
            (r#"{"a":1,"a":1}"#, false),
            // The same name, written in another way.
            (r#"{"a":1,"\u0061":1}"#, false),
            (r#"{"b":[{"c":{"a":1,"a":2}}]}"#, false),
        ] {
            let parsed = serde_json::from_str::<Unique>(text);
            assert_eq!(parsed.is_ok(), expected, "{text}");
            if let Ok(Unique(value)) = parsed {
                assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(10_000);
        assert!(serde_json::from_str::<Unique>(&text).is_err());
    }
}
