//! Where an agent remembers: read from its Secrets (step 1), and decided (step 2).

use api::plan::{MemoryPlace, MemoryPlan, RedisAddress, ResourceId, Secret};
use api::resources::agent::{MemoryConfig, MemoryKind};
use api::resources::{AgentSpec, KeyRef, ValueSource};
use api::validation::{is_redis_over_tls, redis_url_problem};
use kube::Client;

use crate::keys::{self, Lookup};
use crate::report::{Blocked, Cause};

/// What the Secrets of a shared memory hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) url: Lookup,
    pub(super) ca: Lookup,
}

/// Reads what `spec` refers to.
pub(super) async fn dereference(
    client: &Client,
    id: &ResourceId,
    spec: &AgentSpec,
) -> Result<Keys, keys::Error> {
    let memory = spec.memory();
    if memory.kind == MemoryKind::Local {
        return Ok(Keys::default());
    }
    let look_up = async |reference: Option<KeyRef>| match reference.map(ValueSource::secret) {
        Some(source) => keys::look_up(client, &id.namespace, &source).await,
        None => Ok(Lookup::Absent),
    };
    Ok(Keys {
        url: look_up(memory.url_secret_ref).await?,
        ca: look_up(memory.ca_secret_ref).await?,
    })
}

/// Decides where an agent remembers. Its spec is valid by itself.
pub(super) fn validate(memory: &MemoryConfig, keys: Keys) -> Result<MemoryPlan, Blocked> {
    let place = match memory.kind {
        MemoryKind::Local => MemoryPlace::Local,
        MemoryKind::Redis => MemoryPlace::Redis(address(memory, keys)?),
    };
    Ok(MemoryPlan::of(memory, place))
}

fn address(memory: &MemoryConfig, keys: Keys) -> Result<RedisAddress, Blocked> {
    let url = found(keys.url)?.or_else(|| memory.url.as_deref().map(Secret::new));
    let url = url.ok_or_else(|| refused("url", "is required when the type is redis"))?;
    if let Some(problem) = redis_url_problem(url.expose()) {
        return Err(refused("urlSecretRef", &format!("what it holds {problem}")));
    }
    let ca = found(keys.ca)?;
    if ca.is_some() && !is_redis_over_tls(url.expose()) {
        let problem = "is of no use without TLS; let the URL begin with rediss://";
        return Err(refused("caSecretRef", problem));
    }
    Ok(RedisAddress { url, ca })
}

fn found(lookup: Lookup) -> Result<Option<Secret>, Blocked> {
    match lookup {
        Lookup::Found(secret) => Ok(Some(secret)),
        Lookup::Absent => Ok(None),
        Lookup::Missing(cause) => Err(Blocked::Waiting(vec![cause])),
    }
}

fn refused(field: &str, problem: &str) -> Blocked {
    let message = format!("spec.config.memory.{field}: {problem}");
    Blocked::Refused(Cause::new("Invalid", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Lookup {
        Lookup::Found(Secret::new(text))
    }

    fn shared() -> MemoryConfig {
        MemoryConfig {
            kind: MemoryKind::Redis,
            ..MemoryConfig::default()
        }
    }

    fn refusal(keys: Keys) -> String {
        match validate(&shared(), keys) {
            Err(Blocked::Refused(cause)) => cause.message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_shared_memory_is_where_the_secret_says_and_the_plan_does_not_show_it() {
        let keys = Keys {
            url: secret("rediss://:hunter2@cache:6380"),
            ca: secret("-----BEGIN CERTIFICATE-----"),
        };
        let plan = validate(&shared(), keys).unwrap();
        let MemoryPlace::Redis(address) = &plan.place else {
            panic!("{plan:?}")
        };
        assert_eq!(address.url.expose(), "rediss://:hunter2@cache:6380");
        assert!(!format!("{plan:?}").contains("hunter2"), "{plan:?}");
    }

    #[test]
    fn what_a_secret_holds_is_refused_without_being_repeated() {
        let keys = Keys {
            url: secret("hunter2@cache"),
            ..Keys::default()
        };
        let message = refusal(keys);
        assert!(
            message.starts_with("spec.config.memory.urlSecretRef: what it holds must be redis://"),
            "{message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn an_authority_without_tls_is_refused() {
        let keys = Keys {
            url: secret("redis://cache:6379"),
            ca: secret("-----BEGIN CERTIFICATE-----"),
        };
        let message = refusal(keys);
        assert!(
            message.starts_with("spec.config.memory.caSecretRef: "),
            "{message}"
        );
    }
}
