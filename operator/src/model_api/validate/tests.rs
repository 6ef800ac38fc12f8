use api::resources::model_api::{ConfigYaml, HostedConfig};

use super::*;
use crate::fixtures;

const KNOWN: [&str; 2] = ["openai", "mock"];

const NOTHING: Found = Found {
    key: Lookup::Absent,
    config: Lookup::Absent,
    env: Vec::new(),
};

fn decide(change: impl FnOnce(&mut ModelApiSpec)) -> Result<ValidModelApi, Blocked> {
    decide_with(NOTHING, change)
}

fn decide_with(
    found: Found,
    change: impl FnOnce(&mut ModelApiSpec),
) -> Result<ValidModelApi, Blocked> {
    let mut spec = fixtures::model_api("llm", "openai").spec;
    change(&mut spec);
    validate("llm", &spec, found, &KNOWN)
}

fn proxy(spec: &mut ModelApiSpec) -> &mut ProxyConfig {
    spec.proxy_config.as_mut().unwrap()
}

fn refusal(change: impl FnOnce(&mut ModelApiSpec)) -> Cause {
    match decide(change) {
        Err(Blocked::Refused(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_provider_is_refused_with_the_known_ones() {
    let cause = refusal(|spec| proxy(spec).provider = Some("openia".to_owned()));
    assert_eq!(cause.reason, "UnknownProvider");
    assert!(cause.message.contains("openai, mock"), "{}", cause.message);
}

#[test]
fn any_provider_is_accepted_that_says_where_it_answers() {
    let valid = decide(|spec| {
        proxy(spec).provider = Some("house".to_owned());
        proxy(spec).api_base = Some("http://models.example/v1".to_owned());
    });
    assert_eq!(valid.unwrap().backend.provider(), "house");
}

#[test]
fn all_that_is_missing_is_waited_for() {
    let missing =
        |what: &str| Cause::new("SecretNotFound", format!("Secret team/{what} is not there"));
    let found = Found {
        key: Lookup::Missing(missing("llm-api-key")),
        config: Lookup::Missing(missing("litellm")),
        env: Vec::new(),
    };
    let blocked = decide_with(found.clone(), |_| {});
    assert_eq!(blocked, Err(Blocked::Waiting(vec![missing("llm-api-key")])));
    let blocked = decide_with(found, |spec| {
        proxy(spec).config_yaml = Some(ConfigYaml {
            from_string: Some("model_list: []".to_owned()),
            from_secret_key_ref: None,
        });
    });
    let all = vec![missing("llm-api-key"), missing("litellm")];
    assert_eq!(blocked, Err(Blocked::Waiting(all)));
}

#[test]
fn a_hosted_model_is_ollamas_and_the_only_one() {
    let valid = decide(|spec| {
        spec.mode = Mode::Hosted;
        spec.hosted_config = Some(HostedConfig {
            model: "smollm2:135m".to_owned(),
        });
    });
    let valid = valid.unwrap();
    assert_eq!(
        valid.backend,
        ModelBackend::Ollama("smollm2:135m".to_owned())
    );
    assert_eq!(valid.models, ["smollm2:135m"]);
}

#[test]
fn a_configuration_of_litellm_is_run_with_its_key_and_variables() {
    let found = Found {
        key: Lookup::Found(Secret::new("sk-1234")),
        config: Lookup::Found(Secret::new("model_list: []")),
        env: vec![
            ("REGION".to_owned(), Lookup::Found(Secret::new("eu"))),
            ("EXTRA".to_owned(), Lookup::Absent),
        ],
    };
    let valid = decide_with(found, |spec| {
        proxy(spec).api_base = Some("http://models/v1".to_owned());
        proxy(spec).config_yaml = Some(ConfigYaml {
            from_string: Some("model_list: []".to_owned()),
            from_secret_key_ref: None,
        });
    });
    let ModelBackend::LiteLlm(plan) = valid.unwrap().backend else {
        panic!("it is LiteLLM's")
    };
    let variables = [
        ("PROXY_API_KEY", "sk-1234"),
        ("PROXY_API_BASE", "http://models/v1"),
        ("REGION", "eu"),
    ];
    let expected = variables.map(|(name, value)| (name.to_owned(), Secret::new(value)));
    assert_eq!(plan.env, expected);
}

#[test]
fn an_invalid_spec_is_refused_by_its_fields() {
    let cause = refusal(|spec| spec.proxy_config = None);
    assert_eq!(cause.reason, "Invalid");
    assert!(
        cause.message.starts_with("spec.proxyConfig: "),
        "{}",
        cause.message
    );
    let cause = refusal(|spec| proxy(spec).config_yaml = Some(ConfigYaml::default()));
    assert!(cause.message.contains("fromString"), "{}", cause.message);
}
