use kube::runtime::reflector::{self, store::Writer};
use kube::runtime::watcher::Event;

use super::*;
use crate::fixtures::{
    agent, agent_with_peers, agent_with_secret, agent_with_tools, mcp_server, model_api,
    model_api_with_secret,
};

fn filled<K>(objects: Vec<K>) -> (Store<Guarded<K>>, Writer<Guarded<K>>)
where
    K: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    let (store, mut writer) = reflector::store();
    for object in objects {
        writer.apply_watcher_event(&Event::Apply(DeserializeGuard(Ok(object))));
    }
    (store, writer)
}

fn names(found: Vec<(Kind, ResourceId)>) -> Vec<String> {
    let mut names: Vec<_> = found
        .into_iter()
        .map(|(kind, id)| format!("{kind}/{}", id.name))
        .collect();
    names.sort();
    names
}

#[test]
fn a_change_reaches_those_that_refer_to_it_in_the_same_namespace() {
    let mut elsewhere = agent_with_tools("elsewhere", &["notes"]);
    elsewhere.metadata.namespace = Some("other".to_owned());
    let (agents, _agents) = filled(vec![
        agent("plain"),
        agent_with_tools("tools", &["notes"]),
        agent_with_peers("boss", &["tools"]),
        agent_with_secret("shared"),
        elsewhere,
    ]);
    let (model_apis, _model_apis) = filled(vec![
        model_api("llm", "mock"),
        model_api_with_secret("keyed"),
    ]);
    let (mcp_servers, _mcp_servers) = filled(vec![mcp_server("notes")]);
    let stores = Stores {
        agents,
        model_apis,
        mcp_servers,
    };
    let id = |name: &str| ResourceId::new("team", name);
    assert_eq!(
        names(after_agent(&stores, &id("tools"))),
        ["Agent/boss", "Agent/tools"]
    );
    assert_eq!(
        names(after_model_api(&stores, &id("llm"))),
        [
            "Agent/boss",
            "Agent/plain",
            "Agent/shared",
            "Agent/tools",
            "ModelAPI/llm"
        ]
    );
    assert_eq!(
        names(after_mcp_server(&stores, &id("notes"))),
        ["Agent/tools", "MCPServer/notes"]
    );
    assert_eq!(
        names(after_secret(&stores, &id("llm-api-key"))),
        ["ModelAPI/keyed"]
    );
    assert_eq!(names(after_secret(&stores, &id("cache"))), ["Agent/shared"]);
    assert!(after_secret(&stores, &id("another")).is_empty());
}
