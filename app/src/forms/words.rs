//! How a value of an object is written in a field, and read from it.

use api::validation::FieldError;
use serde_json::{Map, Value, json};

use super::{FieldSpec, Holds};

/// What stands in place of a value that is not shown.
pub(crate) const HIDDEN: &str = "••••";

/// What a field shows of a value. A field of several values has one line for each.
pub(super) fn shown(holds: Holds, value: Option<&Value>) -> String {
    let text = || value.and_then(Value::as_str).unwrap_or_default().to_owned();
    match holds {
        Holds::Line | Holds::Text | Holds::Code | Holds::Choice(_) | Holds::Pick(_) => text(),
        Holds::Hidden => value.map_or_else(String::new, |_| HIDDEN.to_owned()),
        Holds::Number(..) | Holds::Dollars => value
            .filter(|value| !value.is_null())
            .map_or_else(String::new, Value::to_string),
        Holds::Switch(default) => {
            let is_on = value.and_then(Value::as_bool).unwrap_or(default);
            is_on.to_string()
        }
        Holds::Inherited => value
            .and_then(Value::as_bool)
            .map_or_else(String::new, |is_on| is_on.to_string()),
        Holds::PickMany(_) | Holds::Lines => {
            let items = value.and_then(Value::as_array).into_iter().flatten();
            join(items.filter_map(Value::as_str).map(str::to_owned))
        }
        Holds::Pairs => {
            let pairs = value.and_then(Value::as_object).into_iter().flatten();
            join(pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())))
        }
        Holds::Variables => {
            let variables = value.and_then(Value::as_array).into_iter().flatten();
            join(variables.map(variable))
        }
        Holds::SecretKey => match value {
            Some(value) => {
                let part = |part| value.get(part).and_then(Value::as_str).unwrap_or_default();
                format!("{}/{}", part("name"), part("key"))
            }
            None => String::new(),
        },
        Holds::Yaml | Holds::Rest => yaml(value),
    }
}

#[cfg(feature = "ssr")]
fn yaml(value: Option<&Value>) -> String {
    value.map(super::yaml::written).unwrap_or_default()
}

/// YAML is read and written on the server only.
#[cfg(not(feature = "ssr"))]
fn yaml(_: Option<&Value>) -> String {
    String::new()
}

fn join(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// `NAME=value`, `NAME=secret:name/key`; a value whose name says that it is secret is hidden.
fn variable(variable: &Value) -> String {
    let text = |pointer: &str| variable.pointer(pointer).and_then(Value::as_str);
    let name = variable["name"].as_str().unwrap_or_default();
    let of = |kind: &str, from: &str| {
        let part = |part: &str| text(&format!("/valueFrom/{from}/{part}"));
        Some(format!("{kind}:{}/{}", part("name")?, part("key")?))
    };
    let value = of("secret", "secretKeyRef")
        .or_else(|| of("configmap", "configMapKeyRef"))
        .unwrap_or_else(|| {
            let value = text("/value").unwrap_or_default();
            let hides = is_secret_name(name) && !value.is_empty();
            if hides { HIDDEN } else { value }.to_owned()
        });
    format!("{name}={value}")
}

/// Whether a name says that its value is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 7] = [
        "key",
        "token",
        "secret",
        "passw",
        "credential",
        "authorization",
        "cookie",
    ];
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// What a field means for the object: a value, or none. `live` is what the object has there now, for
/// what the field does not show of it.
pub(super) fn read(
    field: &FieldSpec,
    text: &str,
    live: Option<&Value>,
) -> Result<Option<Value>, FieldError> {
    let error = |message: String| FieldError {
        field: field.path.trim_start_matches('/').replace('/', "."),
        message,
    };
    let is_empty = text.trim().is_empty();
    Ok(match field.holds {
        _ if is_empty => None,
        Holds::Hidden if text == HIDDEN => live.cloned(),
        Holds::Line | Holds::Hidden | Holds::Choice(_) | Holds::Pick(_) => Some(text.trim().into()),
        Holds::Text | Holds::Code => Some(with_newlines(text).into()),
        Holds::Number(..) => {
            let number: u32 = text
                .trim()
                .parse()
                .map_err(|_| error("must be a whole number".to_owned()))?;
            Some(number.into())
        }
        Holds::Dollars => {
            let amount = text.trim().trim_start_matches('$').parse::<f64>().ok();
            let amount = amount.filter(|amount| amount.is_finite() && *amount > 0.0);
            let amount =
                amount.ok_or_else(|| error("must be an amount such as 0.25".to_owned()))?;
            Some(amount.into())
        }
        Holds::Switch(_) | Holds::Inherited => Some((text.trim() == "true").into()),
        Holds::PickMany(_) | Holds::Lines => Some(lines(text).collect::<Vec<_>>().into()),
        Holds::Pairs => Some(pairs(text).map_err(error)?),
        Holds::Variables => Some(variables(text, live).map_err(error)?),
        Holds::SecretKey => Some(secret_key(text.trim(), live).map_err(error)?),
        Holds::Yaml | Holds::Rest => parsed(text).map_err(error)?,
    })
}

#[cfg(feature = "ssr")]
fn parsed(text: &str) -> Result<Option<Value>, String> {
    super::yaml::read(text).map(Some)
}

/// The server says what is wrong with YAML.
#[cfg(not(feature = "ssr"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands in for one that can fail"
)]
fn parsed(_: &str) -> Result<Option<Value>, String> {
    Ok(None)
}

/// Forms are posted with the line ends of a telegram.
pub(super) fn with_newlines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned)
}

fn pairs(text: &str) -> Result<Value, String> {
    let mut map = Map::new();
    for line in lines(text) {
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| format!("\"{line}\" must be key=value"))?;
        map.insert(key.trim().to_owned(), value.trim().into());
    }
    Ok(map.into())
}

fn variables(text: &str, live: Option<&Value>) -> Result<Value, String> {
    let live = live
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let read = |line: String| {
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| format!("\"{line}\" must be NAME=value"))?;
        let name = name.trim();
        let known = live.iter().find(|one| one["name"] == name);
        // What the line does not show of the variable stays as it is.
        if let Some(known) = known
            && variable(known) == format!("{name}={value}")
        {
            return Ok(known.clone());
        }
        let from = |field: &str, place: &str| {
            let (object, key) = place
                .split_once('/')
                .ok_or_else(|| format!("\"{place}\" must be name/key"))?;
            Ok(json!({"name": name, "valueFrom": {field: {"name": object, "key": key}}}))
        };
        match (
            value.strip_prefix("secret:"),
            value.strip_prefix("configmap:"),
        ) {
            (Some(place), _) => from("secretKeyRef", place),
            (None, Some(place)) => from("configMapKeyRef", place),
            (None, None) => Ok(json!({"name": name, "value": value})),
        }
    };
    let variables: Result<Vec<Value>, String> = lines(text).map(read).collect();
    variables.map(Value::from)
}

fn secret_key(text: &str, live: Option<&Value>) -> Result<Value, String> {
    let (name, key) = text
        .split_once('/')
        .filter(|(name, key)| !name.is_empty() && !key.is_empty())
        .ok_or_else(|| "must be the name of a secret and of its key, as name/key".to_owned())?;
    let mut reference = live.cloned().unwrap_or_else(|| json!({}));
    reference["name"] = name.into();
    reference["key"] = key.into();
    Ok(reference)
}
