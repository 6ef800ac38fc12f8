//! Label and field selectors: which objects of a kind a client means.

use serde_json::{Map, Value};

use crate::object;

/// A selector that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// Not the grammar of label selectors.
    #[error("unable to parse requirement \"{0}\" of the label selector")]
    Label(String),
    /// Not the grammar of field selectors.
    #[error("unable to parse requirement \"{0}\" of the field selector")]
    Field(String),
    /// A field that cannot be selected by.
    #[error("field label not supported: {0}")]
    UnsupportedField(String),
}

/// Requirements that an object must all meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<LabelRequirement>,
    fields: Vec<FieldRequirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum LabelRequirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    pointer: String,
    value: String,
    equal: bool,
}

/// Fields that every kind, or one of the built-in ones, can be selected by.
const SELECTABLE: [&str; 13] = [
    "metadata.name",
    "metadata.namespace",
    "status.phase",
    "type",
    "reason",
    "source",
    "reportingComponent",
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
];

impl Selector {
    /// Reads both selectors of a request; empty ones select everything.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, ParseError> {
        Ok(Self {
            labels: requirements(labels)
                .map(LabelRequirement::parse)
                .collect::<Result<_, _>>()?,
            fields: requirements(fields)
                .map(FieldRequirement::parse)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether everything is selected.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether the object is selected.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.matches_with(object::labels(object), object)
    }

    /// Whether the object was selected when it had these labels. Selectable fields do not change.
    pub(crate) fn matches_with(&self, labels: Option<&Map<String, Value>>, object: &Value) -> bool {
        self.labels.iter().all(|wanted| wanted.is_met_by(labels))
            && self.fields.iter().all(|wanted| wanted.is_met_by(object))
    }
}

impl LabelRequirement {
    fn parse(text: &str) -> Result<Self, ParseError> {
        let fail = || ParseError::Label(text.to_owned());
        let requirement = if let Some((key, values)) = split_set(text, " notin ") {
            Self::NotIn(key, values.ok_or_else(fail)?)
        } else if let Some((key, values)) = split_set(text, " in ") {
            Self::In(key, values.ok_or_else(fail)?)
        } else if let Some((key, value)) = text.split_once("!=") {
            Self::NotIn(key.trim().to_owned(), vec![value.trim().to_owned()])
        } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            Self::In(key.trim().to_owned(), vec![value.trim().to_owned()])
        } else if let Some(key) = text.strip_prefix('!') {
            Self::Absent(key.trim().to_owned())
        } else {
            Self::Exists(text.to_owned())
        };
        let (Self::In(key, _) | Self::NotIn(key, _) | Self::Exists(key) | Self::Absent(key)) =
            &requirement;
        let valid = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if key.is_empty() || !key.chars().all(valid) {
            return Err(fail());
        }
        Ok(requirement)
    }

    fn is_met_by(&self, labels: Option<&Map<String, Value>>) -> bool {
        let label = |key: &String| labels.and_then(|labels| labels.get(key)?.as_str());
        match self {
            Self::In(key, values) => label(key).is_some_and(|it| values.iter().any(|v| v == it)),
            Self::NotIn(key, values) => label(key).is_none_or(|it| values.iter().all(|v| v != it)),
            Self::Exists(key) => label(key).is_some(),
            Self::Absent(key) => label(key).is_none(),
        }
    }
}

impl FieldRequirement {
    fn parse(text: &str) -> Result<Self, ParseError> {
        let (field, value, equal) = if let Some((field, value)) = text.split_once("!=") {
            (field, value, false)
        } else if let Some((field, value)) = text.split_once("==").or_else(|| text.split_once('='))
        {
            (field, value, true)
        } else {
            return Err(ParseError::Field(text.to_owned()));
        };
        let field = field.trim();
        if !SELECTABLE.contains(&field) {
            return Err(ParseError::UnsupportedField(field.to_owned()));
        }
        Ok(Self {
            pointer: format!("/{}", field.replace('.', "/")),
            value: value.trim().to_owned(),
            equal,
        })
    }

    fn is_met_by(&self, object: &Value) -> bool {
        let value = object::text(object, &self.pointer).unwrap_or_default();
        (value == self.value) == self.equal
    }
}

/// The parts between commas, where commas in parentheses do not count.
fn requirements(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

/// Splits `key in (a, b)`; no values when the parentheses are missing.
fn split_set(text: &str, operator: &str) -> Option<(String, Option<Vec<String>>)> {
    let (key, set) = text.split_once(operator)?;
    let values = set.trim().strip_prefix('(').and_then(|set| {
        let set = set.strip_suffix(')')?;
        Some(
            set.split(',')
                .map(|value| value.trim().to_owned())
                .collect(),
        )
    });
    Some((key.trim().to_owned(), values))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(labels: &str) -> bool {
        let object = json!({"metadata": {"name": "a", "labels": {"tier": "web", "team": "blue"}}});
        Selector::parse(labels, "").unwrap().matches(&object)
    }

    #[test]
    fn labels_are_selected_by_equality_set_and_existence() {
        for yes in [
            "",
            "tier=web",
            "tier == web",
            "tier!=db",
            "tier in (web, db)",
            "tier notin (db)",
            "other notin (db)",
            "tier",
            "!other",
            "tier=web,team in (red,blue),!other",
        ] {
            assert!(selects(yes), "{yes}");
        }
        for no in [
            "tier=db",
            "tier!=web",
            "tier in (db)",
            "tier notin (web,db)",
            "other",
            "!tier",
            "other=x",
            "tier=web,team=red",
        ] {
            assert!(!selects(no), "{no}");
        }
    }

    #[test]
    fn a_selector_that_cannot_be_read_is_an_error() {
        for wrong in ["tier in web", "=x", "a b"] {
            assert!(Selector::parse(wrong, "").is_err(), "{wrong}");
        }
        assert_eq!(
            Selector::parse("", "spec.model=x"),
            Err(ParseError::UnsupportedField("spec.model".to_owned()))
        );
    }

    #[test]
    fn fields_are_selected_by_equality() {
        let object = json!({"metadata": {"name": "a", "namespace": "b"}});
        let selects = |fields: &str| Selector::parse("", fields).unwrap().matches(&object);
        assert!(selects("metadata.name=a,metadata.namespace!=c"));
        assert!(!selects("metadata.name=b"));
    }
}
