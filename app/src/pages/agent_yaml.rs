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
                            "Managed fields are hidden. The same from a terminal: " <code>{command}</code>
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

/// The object without what only the API server needs.
fn yaml(mut object: Value) -> Result<String, serde_saphyr::ser::Error> {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    serde_saphyr::to_string(&object)
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
}
