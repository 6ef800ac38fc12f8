use std::collections::HashMap;

use super::*;
use crate::fixtures;

fn link(name: &str, phase: Option<Phase>) -> Link {
    Link {
        name: name.to_owned(),
        state: match phase {
            Some(phase) => LinkState::Found {
                phase,
                message: Some("why".to_owned()),
            },
            None => LinkState::Missing,
        },
    }
}

fn links(model_api: Option<Phase>, mcp_servers: &[Link]) -> Links {
    Links {
        model_api: link("llm", model_api),
        provider: Some("mock".to_owned()),
        mcp_servers: mcp_servers.to_vec(),
        tools: HashMap::from([(
            "notes".to_owned(),
            vec!["add".to_owned(), "list".to_owned()],
        )]),
        peers: Vec::new(),
    }
}

fn check(
    wait: Option<bool>,
    mcp_server: Option<Phase>,
    expect: Result<(&[&str], &[&str]), &[&str]>,
) {
    let mut agent = fixtures::agent_with_tools("analyst", &["notes"]);
    agent.spec.wait_for_dependencies = wait;
    let links = links(Some(Phase::Ready), &[link("notes", mcp_server)]);
    let messages =
        |causes: Vec<Cause>| -> Vec<_> { causes.into_iter().map(|cause| cause.message).collect() };
    match (
        validate("analyst", &agent.spec, &links, Keys::default()),
        expect,
    ) {
        (Ok(valid), Ok((servers, without))) => {
            assert_eq!(valid.mcp_servers, servers);
            assert_eq!(messages(valid.without), without);
        }
        (Err(Blocked::Waiting(causes)), Err(expect)) => assert_eq!(messages(causes), expect),
        (found, expect) => panic!("{found:?} instead of {expect:?}"),
    }
}

#[test]
fn a_missing_server_is_waited_for_unless_the_agent_does_not_wait() {
    let missing = ["MCPServer notes does not exist"];
    check(None, None, Err(&missing));
    check(Some(true), None, Err(&missing));
    check(Some(false), None, Ok((&[], &missing)));
}

#[test]
fn a_server_that_starts_is_waited_for_or_used_later() {
    let unready = ["MCPServer notes is not ready yet: why"];
    check(None, Some(Phase::Pending), Err(&unready));
    check(
        Some(false),
        Some(Phase::Pending),
        Ok((&["notes"], &unready)),
    );
}

#[test]
fn a_server_that_has_failed_is_left_out_in_any_case() {
    let failed = ["without the tools of MCPServer notes, which has failed: why"];
    check(None, Some(Phase::Failed), Ok((&[], &failed)));
    check(Some(false), Some(Phase::Failed), Ok((&[], &failed)));
    check(None, Some(Phase::Ready), Ok((&["notes"], &[])));
}

#[test]
fn an_agent_waits_for_its_model_api_even_if_it_does_not_wait_for_tools() {
    let mut agent = fixtures::agent("analyst");
    agent.spec.wait_for_dependencies = Some(false);
    let reasons = |model_api| {
        let links = links(model_api, &[]);
        match validate("analyst", &agent.spec, &links, Keys::default()) {
            Err(Blocked::Waiting(causes)) => causes[0].reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reasons(None), "ModelAPINotFound");
    assert_eq!(reasons(Some(Phase::Pending)), "ModelAPINotReady");
    assert_eq!(reasons(Some(Phase::Waiting)), "ModelAPINotReady");
    assert_eq!(reasons(Some(Phase::Failed)), "ModelAPIFailed");
}

#[test]
fn peers_that_cannot_be_reached_are_named_and_do_not_block() {
    let peer = |name: &str, phase, network| PeerLink {
        link: link(name, phase),
        description: String::new(),
        network,
    };
    let mut links = links(Some(Phase::Ready), &[]);
    links.peers = vec![
        peer("failed", Some(Phase::Failed), Network::Exposed),
        peer("missing", None, Network::Exposed),
        peer("private", Some(Phase::Ready), Network::Private),
        peer("waiting", Some(Phase::Waiting), Network::Exposed),
    ];
    let spec = fixtures::agent("coordinator").spec;
    let valid = validate("coordinator", &spec, &links, Keys::default()).unwrap();
    let is_reachable = |peer: &&ValidPeer| peer.reach == Reach::Reachable;
    let reachable: Vec<_> = valid.peers.iter().filter(is_reachable).collect();
    assert_eq!(reachable.len(), 1, "{reachable:?}");
    assert_eq!(reachable[0].name, "waiting", "it answers as it did before");
    let reasons: Vec<_> = valid.without.iter().map(|cause| cause.reason).collect();
    assert_eq!(reasons, ["AgentFailed", "AgentNotFound", "AgentNotExposed"]);
}

#[test]
fn a_tool_that_an_agent_is_given_and_its_server_lacks_is_named() {
    let mut agent = fixtures::agent_with_tools("analyst", &["notes"]);
    let links = links(Some(Phase::Ready), &[link("notes", Some(Phase::Ready))]);
    let mut without = |tools: &[&str]| -> Vec<_> {
        let tools = tools.iter().map(|&tool| tool.to_owned()).collect();
        agent.spec.mcp_tools.insert("notes".to_owned(), tools);
        let valid = validate("analyst", &agent.spec, &links, Keys::default()).unwrap();
        assert_eq!(valid.mcp_servers, ["notes"]);
        valid.without.into_iter().map(|of| of.message).collect()
    };
    assert!(without(&["add"]).is_empty());
    assert_eq!(
        without(&["add", "burn"]),
        ["spec.mcpTools: MCPServer notes has no tool burn; it has: add, list"]
    );
}
