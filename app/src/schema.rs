//! JSON Schema as far as a form can follow it: which fields, and what was filled into them.
//!
//! What has no field of its own is filled in as JSON.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// A field for one value of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SchemaField {
    /// The path of the value, joined by dots.
    pub(crate) path: String,
    /// The last part of the path.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// What is filled in before anybody does: the default, or the constant.
    pub(crate) preset: Option<Value>,
    /// What holds when it is left out, as it may be.
    default: Option<Value>,
}

/// What a value can be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A text, with its least and greatest length.
    Text {
        long: bool,
        lengths: (Option<u64>, Option<u64>),
        format: String,
    },
    /// A number between two others.
    Number {
        whole: bool,
        range: (Option<f64>, Option<f64>),
    },
    Flag,
    /// One of a few values, as JSON.
    Choice(Vec<Value>),
    /// Simple values, one per line.
    Lines(Box<Shape>),
    /// An object with fields of its own.
    Group(Vec<SchemaField>),
    /// Anything, as JSON.
    Json,
}

/// Objects within objects that still get fields.
const DEEPEST: usize = 4;

/// The fields of an object's schema.
pub(crate) fn fields(schema: &Value) -> Vec<SchemaField> {
    fields_at(schema, schema, "", 0)
}

fn fields_at(root: &Value, schema: &Value, above: &str, depth: usize) -> Vec<SchemaField> {
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let properties = schema["properties"].as_object().into_iter().flatten();
    let field = |(name, schema): (&String, &Value)| {
        let (schema, nullable) = resolved(root, schema);
        let path = match above {
            "" => name.clone(),
            above => format!("{above}.{name}"),
        };
        let may_be_left_out = !required.iter().any(|one| one == name);
        let default = &schema["default"];
        SchemaField {
            shape: shape(root, schema, &path, depth),
            path,
            name: name.clone(),
            description: schema["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            required: !may_be_left_out && !nullable,
            default: (may_be_left_out && !default.is_null()).then(|| default.clone()),
            preset: [&schema["const"], default]
                .into_iter()
                .find(|value| !value.is_null())
                .cloned(),
        }
    };
    properties.map(field).collect()
}

/// The schema behind a reference or behind "this or nothing", and whether nothing is allowed.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> (&'a Value, bool) {
    let mut schema = schema;
    let mut nullable = false;
    // References to references end, because a schema is not followed for ever.
    for _ in 0..8 {
        if let Some(pointer) = schema["$ref"]
            .as_str()
            .and_then(|found| found.strip_prefix('#'))
        {
            schema = root.pointer(pointer).unwrap_or(&Value::Null);
            continue;
        }
        let choices = ["anyOf", "oneOf"];
        let choices = choices.iter().find_map(|key| schema[*key].as_array());
        let Some(choices) = choices else {
            break;
        };
        let real: Vec<_> = choices.iter().filter(|one| one["type"] != "null").collect();
        match real.as_slice() {
            [only] if choices.len() == 2 => {
                nullable = true;
                schema = only;
            }
            _ => break,
        }
    }
    (schema, nullable)
}

fn shape(root: &Value, schema: &Value, path: &str, depth: usize) -> Shape {
    if let Some(values) = schema["enum"].as_array() {
        return Shape::Choice(values.clone());
    }
    if !schema["const"].is_null() {
        return Shape::Choice(vec![schema["const"].clone()]);
    }
    let number = |key: &str| schema[key].as_f64();
    let range = (
        number("minimum").or_else(|| number("exclusiveMinimum")),
        number("maximum").or_else(|| number("exclusiveMaximum")),
    );
    match kind(schema) {
        "string" => Shape::Text {
            long: schema["maxLength"]
                .as_u64()
                .is_some_and(|longest| longest > 120),
            lengths: (schema["minLength"].as_u64(), schema["maxLength"].as_u64()),
            format: schema["format"].as_str().unwrap_or_default().to_owned(),
        },
        "integer" => Shape::Number { whole: true, range },
        "number" => Shape::Number {
            whole: false,
            range,
        },
        "boolean" => Shape::Flag,
        "array" => {
            let (items, _) = resolved(root, &schema["items"]);
            let shape = shape(root, items, path, depth + 1);
            match shape {
                Shape::Text { .. } | Shape::Number { .. } | Shape::Choice(_) => {
                    Shape::Lines(Box::new(shape))
                }
                _ => Shape::Json,
            }
        }
        "object" if depth < DEEPEST && schema["properties"].is_object() => {
            Shape::Group(fields_at(root, schema, path, depth + 1))
        }
        _ => Shape::Json,
    }
}

/// The type; of several, the one that is not null.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or_default(),
        _ => "",
    }
}

/// What is wrong with a field.
pub(crate) type Problem = (String, String);

/// The object that the texts of the fields come to. What nobody filled in is left out.
pub(crate) fn read(
    fields: &[SchemaField],
    text: &impl Fn(&str) -> Option<String>,
) -> Result<Value, Vec<Problem>> {
    let mut object = Map::new();
    let mut problems = Vec::new();
    for field in fields {
        let value = match &field.shape {
            Shape::Group(inner) => match read(inner, text) {
                Ok(Value::Object(inner)) if inner.is_empty() && !field.required => Ok(None),
                Ok(inner) => Ok(Some(inner)),
                // Of an object that nobody began, nothing is missing.
                Err(_) if !field.required && !is_begun(inner, text) => Ok(None),
                Err(inner) => {
                    problems.extend(inner);
                    continue;
                }
            },
            shape => one(shape, text(&field.path).as_deref().unwrap_or_default()),
        };
        match value {
            // What the tool takes without being told is not told: nobody touched the field.
            Ok(Some(value)) if field.default.as_ref() == Some(&value) => {}
            Ok(Some(value)) => {
                object.insert(field.name.clone(), value);
            }
            Ok(None) if field.required => {
                problems.push((field.path.clone(), "is required".to_owned()));
            }
            Ok(None) => {}
            Err(message) => problems.push((field.path.clone(), message)),
        }
    }
    if problems.is_empty() {
        Ok(Value::Object(object))
    } else {
        Err(problems)
    }
}

fn is_begun(fields: &[SchemaField], text: &impl Fn(&str) -> Option<String>) -> bool {
    fields.iter().any(|field| match &field.shape {
        Shape::Group(inner) => is_begun(inner, text),
        _ => text(&field.path).is_some_and(|text| !text.is_empty()),
    })
}

/// The value of one text; none when it is empty.
fn one(shape: &Shape, text: &str) -> Result<Option<Value>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(match shape {
        Shape::Text { lengths, .. } => {
            check_length(text, *lengths)?;
            text.into()
        }
        Shape::Number { whole, range } => number(text.trim(), *whole, *range)?,
        Shape::Flag => (text == "true").into(),
        Shape::Choice(values) => {
            let chosen = values.iter().find(|value| shown(value) == text);
            chosen.cloned().ok_or("is none of the choices")?
        }
        Shape::Lines(items) => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let items: Result<Vec<_>, _> = lines.map(|line| one(items, line)).collect();
            Value::Array(items?.into_iter().flatten().collect())
        }
        Shape::Group(_) | Shape::Json => {
            serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?
        }
    }))
}

fn check_length(text: &str, (least, most): (Option<u64>, Option<u64>)) -> Result<(), String> {
    let length = text.chars().count() as u64;
    match (least, most) {
        (Some(least), _) if length < least => Err(format!("needs at least {least} characters")),
        (_, Some(most)) if length > most => Err(format!("has more than {most} characters")),
        _ => Ok(()),
    }
}

fn number(text: &str, whole: bool, range: (Option<f64>, Option<f64>)) -> Result<Value, String> {
    // Written without a point, it stays without one.
    let value: Value = if let Ok(number) = text.parse::<i64>() {
        number.into()
    } else if whole {
        return Err("must be a whole number".to_owned());
    } else {
        let number: f64 = text.parse().map_err(|_| "must be a number")?;
        serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or("must be a number")?
    };
    let size = value.as_f64().unwrap_or_default();
    match range {
        (Some(least), _) if size < least => Err(format!("must be at least {least}")),
        (_, Some(most)) if size > most => Err(format!("must be at most {most}")),
        _ => Ok(value),
    }
}

/// A value as a field shows it: texts without quotes, all else as JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The texts that fill the fields in with an object.
pub(crate) fn texts(fields: &[SchemaField], object: &Value) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for field in fields {
        let value = &object[field.name.as_str()];
        match &field.shape {
            Shape::Group(inner) => texts.extend(self::texts(inner, value)),
            Shape::Lines(_) => {
                let lines = value.as_array().into_iter().flatten().map(shown);
                let lines: Vec<_> = lines.collect();
                texts.push((field.path.clone(), lines.join("\n")));
            }
            _ => texts.push((field.path.clone(), shown(value))),
        }
    }
    texts
}
