//! Objects as YAML, without what nobody wrote and without secrets.

use http::{HeaderName, header};
use serde_json::Value;

use crate::forms::{HIDDEN, is_secret_name};

/// An object could not be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the object as YAML: {0}")]
pub(crate) struct Error(#[from] serde_saphyr::ser::Error);

/// The object as a page shows it.
pub(crate) fn shown(mut object: Value) -> Result<String, Error> {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    hide_secrets(&mut object);
    Ok(serde_saphyr::to_string(&object)?)
}

/// The object as somebody would apply it elsewhere: what they wrote, without secrets.
pub(crate) fn exported(mut object: Value) -> Result<String, Error> {
    const KEPT: [&str; 4] = ["name", "namespace", "labels", "annotations"];
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.retain(|field, _| KEPT.contains(&field.as_str()));
    }
    hide_secrets(&mut object);
    Ok(serde_saphyr::to_string(&object)?)
}

/// The headers of a file with objects.
pub(crate) fn headers(name: &str) -> [(HeaderName, String); 2] {
    // Names of objects have nothing in them that would break out of the quotes.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = name.chars().filter(|c| is_plain(*c)).collect();
    [
        (header::CONTENT_TYPE, "application/yaml".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.yaml\""),
        ),
    ]
}

/// Replaces every secret in the object.
pub(crate) fn hide_secrets(object: &mut Value) {
    // A copy of the whole object, secrets included.
    if let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    let data = ["/data", "/stringData"];
    if object["kind"] == "Secret" {
        for values in data {
            if let Some(Value::Object(values)) = object.pointer_mut(values) {
                values.values_mut().for_each(|value| *value = HIDDEN.into());
            }
        }
    }
    if let Some(key) = object.pointer_mut("/spec/proxyConfig/apiKey/value") {
        *key = HIDDEN.into();
    }
    for place in ["/spec/container/env", "/spec/headers"] {
        if let Some(Value::Array(variables)) = object.pointer_mut(place) {
            variables.iter_mut().for_each(hide_variable);
        }
    }
}

/// Hides the value of a variable whose name says that it is secret.
fn hide_variable(variable: &mut Value) {
    let is_secret = variable["name"].as_str().is_some_and(is_secret_name);
    if let Some(value) = variable.get_mut("value")
        && is_secret
    {
        *value = HIDDEN.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn managed_fields_are_hidden_and_long_texts_survive() {
        let instructions = "Answer:\n- \"yes\"\n- no # really\n";
        let object = json!({
            "metadata": {"name": "a", "managedFields": [{"manager": "kubectl"}]},
            "spec": {"config": {"instructions": instructions, "version": "1.0", "on": true}}
        });
        let text = shown(object.clone()).unwrap();
        assert!(!text.contains("manager"));
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read["spec"], object["spec"]);
    }

    #[test]
    fn secrets_are_hidden_wherever_the_object_repeats_them() {
        let applied = json!({"kubectl.kubernetes.io/last-applied-configuration": "sk-secret"});
        let env = [
            json!({"name": "API_KEY", "value": "sk-secret"}),
            json!({"name": "LEVEL", "value": "debug"}),
        ];
        let object = json!({
            "metadata": {"name": "a", "annotations": applied},
            "spec": {"container": {"env": env}, "proxyConfig": {"apiKey": {"value": "sk-secret"}}}
        });
        let text = shown(object).unwrap();
        assert!(!text.contains("sk-secret"), "{text}");
        assert!(text.contains("debug"));
        let secret = json!({"kind": "Secret", "data": {"k": "c2stc2VjcmV0"}});
        assert!(!shown(secret).unwrap().contains("c2stc2VjcmV0"));
    }
}
