//! A configuration of `LiteLLM`, as far as we look into it.

use api::plan::Secret;
use serde_json::Value;

/// How a configuration names a variable instead of a value.
const VARIABLE: &str = "os.environ/";
/// Members of it whose values are nobody else's business have one of these in their names.
const SECRETIVE: [&str; 5] = ["key", "token", "secret", "password", "credential"];
/// A shorter text is no secret, and hiding it would hide parts of words.
const MIN_SECRET: usize = 8;

/// A configuration that can at least be read.
pub(super) struct Config(Value);

impl Config {
    /// Reads a configuration. The message of an error repeats nothing of it.
    pub(super) fn parse(text: &Secret) -> Result<Self, String> {
        let config: Value = serde_saphyr::from_str(text.expose()).map_err(|error| {
            let place = error.location().map_or_else(String::new, |location| {
                format!(" at line {}, column {}", location.line(), location.column())
            });
            format!("spec.proxyConfig.configYaml is no YAML{place}")
        })?;
        match config.get("model_list") {
            Some(Value::Array(models)) if !models.is_empty() => Ok(Self(config)),
            _ => Err(
                "spec.proxyConfig.configYaml names no models; LiteLLM wants a list `model_list`"
                    .to_owned(),
            ),
        }
    }

    /// The key it wants to be asked with, if it says one.
    pub(super) fn master_key(&self, env: &[(String, Secret)]) -> Result<Option<Secret>, String> {
        let key = self.0.pointer("/general_settings/master_key");
        let Some(key) = key.and_then(Value::as_str) else {
            return Ok(None);
        };
        let Some(name) = key.strip_prefix(VARIABLE) else {
            return Ok(Some(Secret::new(key)));
        };
        let variable = env.iter().find(|(known, _)| known == name);
        match variable {
            Some((_, value)) => Ok(Some(value.clone())),
            // We make up one and give it to the child.
            None if name == super::child::MASTER_KEY => Ok(None),
            None => Err(format!(
                "spec.proxyConfig.configYaml takes its master_key from {name}; declare that variable \
                 in spec.container.env"
            )),
        }
    }

    /// What of it must not be repeated in logs and statuses.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }
}

fn collect(value: &Value, found: &mut Vec<Secret>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_lowercase();
                match value {
                    Value::String(text)
                        if SECRETIVE.iter().any(|word| name.contains(word))
                            && text.len() >= MIN_SECRET
                            && !text.starts_with(VARIABLE) =>
                    {
                        found.push(Secret::new(text));
                    }
                    other => collect(other, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODELS: &str =
        "model_list: [{model_name: a, litellm_params: {model: b, api_key: sk-12345678}}]\n";

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(&Secret::new(text))
    }

    #[test]
    fn what_is_no_configuration_says_where_without_repeating_it() {
        let error = parse("model_list:\n  - api_key: 'sk-12345678\n")
            .err()
            .unwrap();
        assert!(error.contains("is no YAML at line"), "{error}");
        assert!(!error.contains("sk-"), "{error}");
        for wrong in ["", "model_list: []", "router_settings: {}", "just words"] {
            let error = parse(wrong).err().unwrap();
            assert!(error.contains("model_list"), "{error}");
        }
    }

    #[test]
    fn the_key_it_wants_is_found() {
        let key = |settings: &str, env: &[(String, Secret)]| {
            let config = parse(&format!("{MODELS}general_settings: {settings}")).unwrap();
            let key = config.master_key(env);
            key.map(|key| key.map(|key| key.expose().to_owned()))
        };
        let env = [("MINE".to_owned(), Secret::new("sk-mine"))];
        assert_eq!(key("{}", &env), Ok(None));
        assert_eq!(
            key("{master_key: sk-own}", &env),
            Ok(Some("sk-own".to_owned()))
        );
        let named = key("{master_key: os.environ/MINE}", &env);
        assert_eq!(named, Ok(Some("sk-mine".to_owned())));
        assert_eq!(
            key("{master_key: os.environ/LITELLM_MASTER_KEY}", &env),
            Ok(None)
        );
        let missing = key("{master_key: os.environ/OTHER}", &env).unwrap_err();
        assert!(missing.contains("OTHER"), "{missing}");
    }

    #[test]
    fn keys_in_it_are_known_so_that_they_can_be_hidden() {
        let secrets = parse(MODELS).unwrap().secrets();
        assert_eq!(secrets, [Secret::new("sk-12345678")]);
    }
}
