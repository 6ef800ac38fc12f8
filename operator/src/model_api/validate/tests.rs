use api::resources::model_api::{ConfigYaml, HostedConfig};

use super::*;
use crate::fixtures;

const KNOWN: [&str; 2] = ["openai", "mock"];

fn decide(change: impl FnOnce(&mut ModelApiSpec)) -> Result<ValidModelApi, Blocked> {
    let mut spec = fixtures::model_api("llm", "openai").spec;
    change(&mut spec);
    validate("llm", &spec, Lookup::Absent, &KNOWN)
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
fn a_missing_key_is_waited_for() {
    let spec = fixtures::model_api_with_secret("llm").spec;
    let cause = Cause::new("SecretNotFound", "Secret team/llm-api-key does not exist");
    let blocked = validate("llm", &spec, Lookup::Missing(cause.clone()), &KNOWN);
    assert_eq!(blocked, Err(Blocked::Waiting(vec![cause])));
}

#[test]
fn what_is_not_there_yet_is_said_plainly() {
    let hosted = refusal(|spec| {
        spec.mode = Mode::Hosted;
        spec.hosted_config = Some(HostedConfig {
            model: "llama3".to_owned(),
        });
    });
    assert!(
        hosted.message.contains("not supported yet"),
        "{}",
        hosted.message
    );
    let yaml = refusal(|spec| {
        proxy(spec).config_yaml = Some(ConfigYaml::default());
    });
    assert!(yaml.message.contains("configYaml"), "{}", yaml.message);
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
}
