//! Programs of others, well and badly behaved.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Fixture, command, plan};
use crate::mcp::{McpError, McpState};

/// A server of the first version of the protocol, whose tools do what servers should not.
const SERVER: &str = r#"
import json, os, sys, time

tools = ["huge", "grow", "shrink", "hang", "fall_silent", "process", "add"]

def send(message):
    print(json.dumps(dict({"jsonrpc": "2.0"}, **message)), flush=True)

def call(request_id, name, arguments):
    if name == "hang":
        return
    if name == "fall_silent":
        os.close(1)
        return time.sleep(600)
    text = {"huge": "x" * 50_000_000, "process": str(os.getpid())}.get(name, "done")
    if name == "add":
        text = str(arguments["a"] + arguments["b"])
    if name in ("grow", "shrink"):
        tools.append("new") if name == "grow" else tools.remove("add")
        send({"method": "notifications/tools/list_changed"})
    send({"id": request_id, "result": {"content": [{"type": "text", "text": text}]}})

print("Welcome to the server of the house!", flush=True)
for line in sys.stdin:
    message = json.loads(line)
    method, params = message.get("method"), message.get("params") or {}
    if method == "initialize":
        result = {"protocolVersion": "2024-11-05", "capabilities": {"tools": {"listChanged": True}},
                  "serverInfo": {"name": "house", "version": "1"}}
        send({"id": message["id"], "result": result})
    elif method == "tools/list":
        listed = [{"name": name, "inputSchema": {"type": "object"}} for name in tools]
        send({"id": message["id"], "result": {"tools": listed}})
    elif method == "tools/call":
        call(message["id"], params["name"], params.get("arguments") or {})
"#;

async fn house() -> Fixture {
    let fixture = Fixture::new();
    fixture
        .servers
        .apply(plan(command(&["python3", "-c", SERVER])));
    fixture.running().await;
    fixture
}

#[tokio::test]
async fn a_server_of_the_first_version_that_greets_on_its_output_works() {
    let fixture = house().await;
    assert_eq!(fixture.text("add", json!({"a": 2, "b": 2})).await, "4");
    fixture.end().await;
}

#[tokio::test]
async fn a_result_that_is_too_large_is_an_error_of_its_call_alone() {
    let fixture = house().await;
    let process = fixture.text("process", json!({})).await;
    let huge = fixture.call("huge", json!({})).await.unwrap_err();
    assert!(huge.to_string().contains("larger than 8 MiB"), "{huge}");
    assert_eq!(fixture.text("process", json!({})).await, process);
    fixture.end().await;
}

#[tokio::test]
async fn tools_that_come_and_go_while_they_are_called_are_noticed() {
    let fixture = house().await;
    assert_eq!(fixture.text("grow", json!({})).await, "done");
    let has = |name: &'static str| move |state: &McpState| matches!(state, McpState::Running { tools } if tools.iter().any(|tool| tool.name == name));
    fixture.state_where(has("new")).await;
    assert_eq!(fixture.text("shrink", json!({})).await, "done");
    fixture.state_where(|state| !has("add")(state)).await;
    let gone = fixture.call("add", json!({})).await.unwrap_err();
    assert!(matches!(gone, McpError::FindTool { .. }), "{gone}");
    fixture.end().await;
}

#[tokio::test]
async fn a_server_that_closes_its_output_while_it_lives_is_started_again() {
    let fixture = house().await;
    let before = fixture.text("process", json!({})).await;
    let broken = fixture.call("fall_silent", json!({})).await.unwrap_err();
    assert!(
        broken.to_string().contains("it closed the connection"),
        "{broken}"
    );
    fixture.running().await;
    assert_ne!(fixture.text("process", json!({})).await, before);
    fixture.end().await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_with_its_process_which_is_started_again() {
    let fixture = Fixture::new();
    let mut plan = plan(command(&["python3", "-c", SERVER]));
    plan.call_timeout = Duration::from_secs(1);
    fixture.servers.apply(plan);
    fixture.running().await;
    let before = fixture.text("process", json!({})).await;
    let mut changes = fixture.servers.changes();
    let late = fixture.call("hang", json!({})).await.unwrap_err();
    assert_eq!(
        late.to_string(),
        "\"hang\" of MCP server \"default/calculator\" did not answer within 1 s"
    );
    changes.recv().await.unwrap();
    fixture.running().await;
    assert_ne!(fixture.text("process", json!({})).await, before);
    fixture.end().await;
}

#[tokio::test]
async fn a_server_that_answers_nonsense_or_nothing_fails_in_time_with_what_it_said() {
    let fixture = Fixture::with("python3", Duration::from_secs(2));
    let started = Instant::now();
    let nonsense = "while true; do echo this is no MCP; sleep 0.1; done";
    let message = fixture.failure(command(&["sh", "-c", nonsense])).await;
    assert_eq!(
        message,
        "it did not answer within 2 s; it last said: this is no MCP"
    );
    fixture.servers.remove(&super::id());
    let message = fixture.failure(command(&["sleep", "600"])).await;
    assert_eq!(message, "it did not answer within 2 s");
    fixture.servers.remove(&super::id());
    let wrong =
        r#"read line; echo '{"jsonrpc": "2.0", "id": 0, "result": {"hello": 1}}'; sleep 600"#;
    let message = fixture.failure(command(&["sh", "-c", wrong])).await;
    assert!(message.contains("expect initialized result"), "{message}");
    assert!(started.elapsed() < super::DEADLINE);
    fixture.end().await;
}
