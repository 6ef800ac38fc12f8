//! MCP over HTTP, both ends.

use std::collections::HashMap;

use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{DEADLINE, Fixture, TOOLS, command, id, plan, request};
use crate::{
    mcp::{
        McpError, ToolRequest,
        client::{Connection, Remote},
    },
    transport::tests::http_client,
};

/// The endpoint of the fixture's server, over a real socket.
async fn serve(fixture: &Fixture) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/default/calculator/mcp",
        listener.local_addr().unwrap()
    );
    let router = fixture.servers.router();
    let shutdown = fixture.shutdown.clone().cancelled_owned();
    let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown);
    fixture.tracker.spawn(async move { serving.await.unwrap() });
    url
}

async fn connect(url: &str) -> Result<Connection, McpError> {
    let remote = Remote {
        server: url,
        http: &http_client(),
        url,
        headers: &HeaderMap::new(),
    };
    Connection::to_url(&remote).await
}

#[tokio::test]
async fn the_http_endpoint_offers_the_same_tools() {
    let fixture = Fixture::new();
    let tools = fixture.python(TOOLS).await;
    let url = serve(&fixture).await;
    let connection = connect(&url).await.unwrap();
    let client = &connection.client;
    assert_eq!(client.tools().await.unwrap(), tools);
    let call = async |tool: &str, arguments: Value| {
        let cancel = CancellationToken::new();
        client
            .call(request(tool, arguments), &cancel, DEADLINE)
            .await
    };
    let sum = call("add", json!({"a": 2, "b": 2})).await.unwrap();
    assert_eq!(sum.text(), "4");
    assert!(
        call("divide", json!({"a": 1, "b": 0}))
            .await
            .unwrap()
            .is_error()
    );
    let unknown = call("subtract", json!({})).await.unwrap_err();
    assert!(unknown.to_string().contains("it has: add"), "{unknown}");
    fixture.end().await;
}

/// A server that answers every call with the `_meta` it was called with.
const META: &str = r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "meta", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "meta", "inputSchema": {"type": "object"}}]}
    else:
        text = json.dumps((message.get("params") or {}).get("_meta"))
        result = {"content": [{"type": "text", "text": text}]}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

#[tokio::test]
async fn the_trace_context_reaches_the_process_directly_and_over_http() {
    let fixture = Fixture::new();
    fixture
        .servers
        .apply(plan(command(&["python3", "-c", META])));
    fixture.settled().await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = ToolRequest {
        trace_context: HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]),
        ..request("meta", json!({}))
    };
    let token = CancellationToken::new;
    let direct = fixture.servers.call(&id(), request.clone(), token()).await;
    let url = serve(&fixture).await;
    let connection = connect(&url).await.unwrap();
    let client = &connection.client;
    let over_http = client.call(request, &token(), DEADLINE).await;
    for outcome in [direct, over_http] {
        let meta: Value = serde_json::from_str(&outcome.unwrap().text()).unwrap();
        assert_eq!(meta["traceparent"], traceparent);
    }
    fixture.end().await;
}

#[tokio::test]
async fn an_address_where_nobody_is_cannot_be_connected_to() {
    let error = connect("http://127.0.0.1:1/mcp").await;
    let Err(error) = error else {
        panic!("nobody is there");
    };
    assert!(matches!(error, McpError::Connect { .. }), "{error}");
}

#[tokio::test]
async fn a_client_can_end_its_session() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    let url = serve(&fixture).await;
    let http = http_client();
    let initialize = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    });
    let begun = http
        .post(&url)
        .header("accept", "application/json, text/event-stream")
        .json(&initialize)
        .send()
        .await
        .unwrap();
    let session = begun.headers()["mcp-session-id"].clone();
    let ended = http.delete(&url).header("mcp-session-id", session).send();
    assert_eq!(ended.await.unwrap().status(), 204);
    let elsewhere = url.replace("calculator", "nothing");
    assert_eq!(http.post(elsewhere).send().await.unwrap().status(), 404);
    fixture.end().await;
}
