//! Messages of the service: protocol buffers, or the same as JSON.

use serde_json::{Map, Value};

use super::exchange::{Answer, Request};

/// How a message is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Protobuf,
}

impl Kind {
    /// That of a request, in which it is answered.
    pub(super) fn of(request: &Request) -> Self {
        match request.header("content-type") {
            Some(text) if text.starts_with("application/json") => Self::Json,
            _ => Self::Protobuf,
        }
    }
}

/// Fields, by their names in JSON or by their numbers.
pub(super) struct Message {
    kind: Kind,
    json: Map<String, Value>,
    fields: Vec<(u64, Field)>,
}

enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Message {
    pub(super) fn empty(kind: Kind) -> Self {
        Self {
            kind,
            json: Map::new(),
            fields: Vec::new(),
        }
    }

    /// An answer that says it is done.
    pub(super) fn done(kind: Kind) -> Self {
        let mut message = Self::empty(kind);
        message.json.insert("ok".into(), true.into());
        message.fields.push((1, Field::Number(1)));
        message
    }

    pub(super) fn read(kind: Kind, bytes: &[u8]) -> Self {
        let mut message = Self::empty(kind);
        match kind {
            Kind::Json => message.json = serde_json::from_slice(bytes).unwrap_or_default(),
            Kind::Protobuf => message.fields = read_fields(bytes).unwrap_or_default(),
        }
        message
    }

    pub(super) fn text(&self, name: &str, number: u64) -> String {
        let in_json = self.json.get(name).and_then(Value::as_str);
        let in_json = in_json.map(str::to_owned);
        in_json
            .or_else(|| self.texts(name, number).into_iter().next())
            .unwrap_or_default()
    }

    /// The texts of a field that may be there several times.
    pub(super) fn texts(&self, name: &str, number: u64) -> Vec<String> {
        let in_json = self.json.get(name).and_then(Value::as_array);
        let in_json = in_json.into_iter().flatten().filter_map(Value::as_str);
        let fields = self.fields.iter().filter(|(known, _)| *known == number);
        let in_fields = fields.filter_map(|(_, field)| match field {
            Field::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Field::Number(_) => None,
        });
        in_json.chain(in_fields).map(str::to_owned).collect()
    }

    pub(super) fn number(&self, name: &str, number: u64) -> u64 {
        // In JSON a large number is a string.
        let in_json = self.json.get(name).and_then(Value::as_str);
        match self.field(number) {
            Some(Field::Number(number)) => *number,
            _ => in_json.and_then(|text| text.parse().ok()).unwrap_or(0),
        }
    }

    fn field(&self, number: u64) -> Option<&Field> {
        let found = self.fields.iter().find(|(known, _)| *known == number);
        found.map(|(_, field)| field)
    }

    pub(super) fn set(&mut self, name: &str, number: u64, text: &str) {
        self.json.insert(name.into(), text.into());
        self.fields.push((number, Field::Bytes(text.into())));
    }

    pub(super) fn set_number(&mut self, name: &str, number: u64, value: u64) {
        self.json.insert(name.into(), value.to_string().into());
        self.fields.push((number, Field::Number(value)));
    }

    pub(super) fn answer(self) -> Answer {
        let mut bytes = Vec::new();
        if self.kind == Kind::Json {
            bytes = Value::Object(self.json).to_string().into_bytes();
            return Answer::new(200, bytes).with("Content-Type", "application/json");
        }
        for (number, field) in self.fields {
            match field {
                Field::Number(value) => {
                    write_number(&mut bytes, number << 3);
                    write_number(&mut bytes, value);
                }
                Field::Bytes(value) => {
                    write_number(&mut bytes, number << 3 | 2);
                    write_number(&mut bytes, value.len() as u64);
                    bytes.extend(value);
                }
            }
        }
        Answer::new(200, bytes).with("Content-Type", "application/protobuf")
    }
}

/// The fields of a message; `None` where it is none.
fn read_fields(mut bytes: &[u8]) -> Option<Vec<(u64, Field)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = read_number(&mut bytes)?;
        let value = read_number(&mut bytes)?;
        let field = match tag & 7 {
            0 => Field::Number(value),
            2 => {
                let (field, rest) = bytes.split_at_checked(usize::try_from(value).ok()?)?;
                bytes = rest;
                Field::Bytes(field.to_vec())
            }
            _ => return None,
        };
        fields.push((tag >> 3, field));
    }
    Some(fields)
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
