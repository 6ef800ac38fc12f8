//! Values that a resource takes from a Secret or a `ConfigMap`, read when needed and never kept.

use std::fmt;

use api::plan::{ResourceId, Secret};
use api::resources::{EnvVar, KeyRef, ValueSource};
use k8s_openapi::api::core::v1;
use kube::{Api, Client};

use crate::report::Cause;

/// A value that was asked for by name and key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It exists.
    Found(Secret),
    /// It does not exist, and need not.
    #[default]
    Absent,
    /// It does not exist, and must.
    Missing(Cause),
}

impl Lookup {
    /// The value, if it is there.
    pub(crate) fn found(self) -> Option<Secret> {
        match self {
            Self::Found(value) => Some(value),
            Self::Absent | Self::Missing(_) => None,
        }
    }

    /// Why it is missing, if it must not be.
    pub(crate) fn missing(&self) -> Option<Cause> {
        match self {
            Self::Missing(cause) => Some(cause.clone()),
            Self::Found(_) | Self::Absent => None,
        }
    }
}

/// Why a value could not be looked up this time.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {place} {id}")]
pub(crate) struct Error {
    place: Place,
    id: ResourceId,
    source: Box<kube::Error>,
}

/// What holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Secret,
    ConfigMap,
}

impl Place {
    /// Whether `source` takes its value from the object `name` of this kind.
    pub(crate) fn is_read_by(self, source: &ValueSource, name: &str) -> bool {
        let reference = match self {
            Self::Secret => &source.secret_key_ref,
            Self::ConfigMap => &source.config_map_key_ref,
        };
        reference
            .as_ref()
            .is_some_and(|reference| reference.name == name)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        })
    }
}

/// Looks up each variable, in their order.
pub(crate) async fn environment(
    client: &Client,
    namespace: &str,
    variables: &[EnvVar],
) -> Result<Vec<(String, Lookup)>, Error> {
    let mut found = Vec::with_capacity(variables.len());
    for EnvVar {
        name,
        value,
        value_from,
    } in variables
    {
        let lookup = match (value, value_from) {
            (Some(value), _) => Lookup::Found(Secret::new(value)),
            (None, Some(source)) => look_up(client, namespace, source).await?,
            (None, None) => Lookup::Found(Secret::new("")),
        };
        found.push((name.clone(), lookup));
    }
    Ok(found)
}

/// Looks up whichever of the two a source names; the Secret first.
pub(crate) async fn look_up(
    client: &Client,
    namespace: &str,
    source: &ValueSource,
) -> Result<Lookup, Error> {
    match (&source.secret_key_ref, &source.config_map_key_ref) {
        (Some(reference), _) => in_secret(client, namespace, reference).await,
        (None, Some(reference)) => in_config_map(client, namespace, reference).await,
        (None, None) => Ok(Lookup::Absent),
    }
}

pub(crate) async fn in_secret(
    client: &Client,
    namespace: &str,
    reference: &KeyRef,
) -> Result<Lookup, Error> {
    let secrets: Api<v1::Secret> = Api::namespaced(client.clone(), namespace);
    let secret = secrets
        .get_opt(&reference.name)
        .await
        .map_err(|source| failed(Place::Secret, namespace, reference, source))?;
    let text = secret
        .and_then(|secret| secret.data?.remove(&reference.key))
        .and_then(|bytes| String::from_utf8(bytes.0).ok());
    Ok(found(Place::Secret, namespace, reference, text))
}

async fn in_config_map(
    client: &Client,
    namespace: &str,
    reference: &KeyRef,
) -> Result<Lookup, Error> {
    let config_maps: Api<v1::ConfigMap> = Api::namespaced(client.clone(), namespace);
    let config_map = config_maps
        .get_opt(&reference.name)
        .await
        .map_err(|source| failed(Place::ConfigMap, namespace, reference, source))?;
    let text = config_map.and_then(|config_map| config_map.data?.remove(&reference.key));
    Ok(found(Place::ConfigMap, namespace, reference, text))
}

fn failed(place: Place, namespace: &str, reference: &KeyRef, source: kube::Error) -> Error {
    Error {
        place,
        id: ResourceId::new(namespace, &reference.name),
        source: Box::new(source),
    }
}

/// A key made from a file ends in a line break that no provider accepts, so the edges are trimmed.
fn found(place: Place, namespace: &str, reference: &KeyRef, text: Option<String>) -> Lookup {
    let text = text.unwrap_or_default();
    let text = text.trim();
    if !text.is_empty() {
        Lookup::Found(Secret::new(text))
    } else if reference.optional == Some(true) {
        Lookup::Absent
    } else {
        Lookup::Missing(missing(place, namespace, reference))
    }
}

fn missing(place: Place, namespace: &str, KeyRef { name, key, .. }: &KeyRef) -> Cause {
    let (reason, create) = match place {
        Place::Secret => ("SecretNotFound", "secret generic"),
        Place::ConfigMap => ("ConfigMapNotFound", "configmap"),
    };
    Cause::new(
        reason,
        format!(
            "{place} {namespace}/{name} with the key {key} does not exist or is empty; create it \
             with: kubectl create {create} {name} -n {namespace} --from-literal={key}=…"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(optional: Option<bool>) -> KeyRef {
        KeyRef {
            name: "llm-api-key".to_owned(),
            key: "api-key".to_owned(),
            optional,
        }
    }

    #[test]
    fn a_missing_secret_is_named_with_its_namespace_and_key() {
        let lookup = found(Place::Secret, "kaos-hierarchy", &reference(None), None);
        let Lookup::Missing(cause) = lookup else {
            panic!("{lookup:?}")
        };
        assert_eq!(cause.reason, "SecretNotFound");
        assert!(
            cause
                .message
                .starts_with("Secret kaos-hierarchy/llm-api-key with the key api-key"),
            "{}",
            cause.message
        );
    }

    #[test]
    fn an_optional_key_may_be_missing() {
        let lookup = found(Place::ConfigMap, "team", &reference(Some(true)), None);
        assert_eq!(lookup, Lookup::Absent);
    }

    #[test]
    fn the_line_break_of_a_key_from_a_file_is_no_part_of_it() {
        let text = Some("sk-1234\n".to_owned());
        let lookup = found(Place::Secret, "team", &reference(None), text);
        assert_eq!(lookup, Lookup::Found(Secret::new("sk-1234")));
    }
}
