//! The fields of a line, each with its JSON text as it was written: settings go to a policy in
//! their own spelling.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// The fields in their order.
pub(super) struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Takes a field out and reads it; `None` where it is not there.
    pub(super) fn take<Value: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> serde_json::Result<Option<Value>> {
        let place = self.0.iter().position(|(field, _)| field == name);
        let found = place.map(|place| self.0.remove(place).1);
        found
            .map(|json| serde_json::from_str(json.get()))
            .transpose()
            .map_err(|error| serde_json::Error::custom(format!("`{name}`: {error}")))
    }

    /// The same for a field that must be there.
    pub(super) fn need<Value: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> serde_json::Result<Value> {
        self.take(name)?
            .ok_or_else(|| serde_json::Error::custom(format!("missing field `{name}`")))
    }

    /// Reads what is left, all of it: a field that the form does not have is an error.
    pub(super) fn read<Form: DeserializeOwned>(&self) -> serde_json::Result<Form> {
        serde_json::from_str(&serde_json::to_string(self)?)
    }

    /// Sees that nothing is left.
    pub(super) fn end(&self) -> serde_json::Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(serde_json::Error::custom(format!("unknown field `{name}`"))),
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, json)| (name, json)))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((name, json)) = map.next_entry::<String, _>()? {
                    if fields.iter().any(|(earlier, _)| *earlier == name) {
                        return Err(A::Error::custom(format!("duplicate field `{name}`")));
                    }
                    fields.push((name, json));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
