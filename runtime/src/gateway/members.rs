//! The members of a JSON object, each as it came: what nobody changes is passed on byte for byte.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::{RawValue, to_raw_value};

/// More members than any request or answer has; a bound against garbage.
const MAX_MEMBERS: usize = 256;

/// An object, taken apart.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Members<'a> {
    /// The members of the object that `json` is.
    pub(super) fn parse(json: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// A member, if it is there and not null, and is what is wanted.
    pub(super) fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// A member's own text, if it is there and not null.
    pub(super) fn raw(&self, name: &str) -> Option<&RawValue> {
        let (_, value) = self.0.iter().find(|(found, _)| found == name)?;
        (value.get() != "null").then_some(value)
    }

    /// Adds a member, or replaces the one of that name.
    pub(super) fn set(
        &mut self,
        name: &'static str,
        value: &impl Serialize,
    ) -> serde_json::Result<()> {
        let value = Cow::Owned(to_raw_value(value)?);
        match self.0.iter_mut().find(|(found, _)| found == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((Cow::Borrowed(name), value)),
        }
        Ok(())
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(found, _)| found != name);
    }

    /// The object, put together again.
    pub(super) fn write(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object).map(Self)
    }
}

/// A name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Vec<(Cow<'de, str>, Cow<'de, RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    /// Two members of one name would mean one thing here and another elsewhere.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::with_capacity(8);
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            if members.len() == MAX_MEMBERS {
                return Err(de::Error::custom("the object has too many members"));
            }
            if members.iter().any(|(known, _)| *known == name) {
                return Err(de::Error::custom(format!("duplicate field `{name}`")));
            }
            members.push((name, Cow::Borrowed(value)));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_not_changed_stays_as_it_was() {
        let json = br#"{"model" : "a\u0062",  "temperature":0.10, "n" : [1,  2]}"#;
        let mut members = Members::parse(json).unwrap();
        assert_eq!(members.get::<String>("model").as_deref(), Some("ab"));
        members.set("model", &"c").unwrap();
        members.set("stream", &true).unwrap();
        let written = members.write().unwrap();
        let expected = br#"{"model":"c","temperature":0.10,"n":[1,  2],"stream":true}"#;
        assert_eq!(written, expected);
        members.remove("n");
        members.remove("stream");
        assert_eq!(
            members.write().unwrap(),
            br#"{"model":"c","temperature":0.10}"#
        );
    }

    #[test]
    fn what_is_no_object_or_says_one_thing_twice_is_refused() {
        for wrong in ["[1]", "{", r#"{"a": }"#, r#"{"a": 1, "\u0061": 2}"#, ""] {
            assert!(Members::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let many: Vec<_> = (0..=MAX_MEMBERS).map(|n| format!("\"{n}\": 1")).collect();
        assert!(Members::parse(format!("{{{}}}", many.join(",")).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn an_object_is_the_same_apart_and_together(
            names in prop::collection::btree_map(".{0,6}", ".{0,6}", 0..8)
        ) {
            let object = json!({"nested": names, "list": [names.len()]});
            let text = object.to_string();
            let written = Members::parse(text.as_bytes()).unwrap().write().unwrap();
            prop_assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), object);
        }
    }
}
