//! The object behind an agent, as YAML.

use http::StatusCode;
use leptos::prelude::*;
use serde_json::Value;

use super::{
    agent::AgentHead,
    params::{namespace, path_param, ports, set_status},
};
use crate::{
    components::{agent_tabs::AgentTab, error_panel::ErrorPanel},
    frame::{Crumb, Frame, Section, loaded},
    rows::State,
    site::kubernetes,
};

/// `/ns/{ns}/agents/{name}/yaml`.
#[component]
pub(crate) fn AgentYamlPage() -> impl IntoView {
    let (client, namespace, name) = (ports().kube, namespace(), path_param("name"));
    let crumbs = vec![
        Crumb::link("agents", Section::Agents.href(&namespace)),
        Crumb::link(&name, AgentTab::Overview.href(&namespace, &name)),
        Crumb::here("YAML"),
    ];
    let title = name.clone();
    let agent = {
        let (namespace, name) = (namespace.clone(), name.clone());
        async move { kubernetes::agent(&client, &namespace, &name).await }
    };
    view! {
        <Frame section=Section::Agents title crumbs>
            {loaded("The agent", agent, move |agent| {
                if let Some(agent) = agent {
                    let object = kubernetes::json(&agent);
                    let state = State::of(&object);
                    let yaml = yaml(object);
                    let command = format!("kubectl get agent {name} -n {namespace} -o yaml");
                    view! {
                        <AgentHead namespace name state tab=AgentTab::Yaml />
                        <p class="yaml-note">
                            "Managed fields and secret values are hidden. The whole from a terminal: " <code>{command}</code>
                        </p>
                        <Yaml yaml />
                    }
                        .into_any()
                }
                else {
                    set_status(StatusCode::NOT_FOUND);
                    super::agent::missing(&namespace, &name).into_any()
                }
            })}
        </Frame>
    }
}

#[component]
fn Yaml(yaml: Result<String, serde_saphyr::ser::Error>) -> impl IntoView {
    match yaml {
        Ok(yaml) => view! {
            <pre class="yaml" tabindex="0" role="region" aria-label="YAML">
                <code>{yaml}</code>
            </pre>
        }
        .into_any(),
        Err(error) => view! { <ErrorPanel what="The YAML" message=error.to_string() /> }.into_any(),
    }
}

/// The object without what only the API server needs, and without secrets.
fn yaml(mut object: Value) -> Result<String, serde_saphyr::ser::Error> {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    // A copy of the whole object, secrets included.
    if let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    if let Some(Value::Array(variables)) = object.pointer_mut("/spec/container/env") {
        variables.iter_mut().for_each(mask);
    }
    serde_saphyr::to_string(&object)
}

/// Hides the value of a variable whose name says that it is secret.
fn mask(variable: &mut Value) {
    const SECRET: [&str; 5] = ["key", "token", "secret", "passw", "credential"];
    let name = variable["name"].as_str().unwrap_or_default().to_lowercase();
    if let Some(value) = variable.get_mut("value")
        && SECRET.iter().any(|word| name.contains(word))
    {
        *value = Value::from("••••");
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
        let text = yaml(object.clone()).unwrap();
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
            "spec": {"container": {"env": env}}
        });
        let text = yaml(object).unwrap();
        assert!(!text.contains("sk-secret"), "{text}");
        assert!(text.contains("debug"));
    }
}
