//! The client against a server that does as the protocol says.

use axum::{
    Json,
    http::HeaderValue,
    response::{IntoResponse, Response},
    routing::post,
};

use super::*;

/// Answers as a server with sessions, and its lists as streams of events.
async fn serve(headers: HeaderMap, Json(message): Json<Value>) -> Response {
    let id = message["id"].clone();
    let answer = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
    if message["method"] == "initialize" {
        let session = [("mcp-session-id", HeaderValue::from_static("s-1"))];
        return (
            session,
            Json(answer(json!({"protocolVersion": "2025-03-26"}))),
        )
            .into_response();
    }
    let is_known = headers.get(SESSION).is_some_and(|id| id == "s-1")
        && headers
            .get("mcp-protocol-version")
            .is_some_and(|version| version == "2025-03-26");
    if !is_known {
        return (StatusCode::BAD_REQUEST, "no session").into_response();
    }
    let event = |message: &Value| {
        let kind = [(header::CONTENT_TYPE, "text/event-stream")];
        let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress"});
        (kind, format!("data: {progress}\n\ndata: {message}\n\n")).into_response()
    };
    match message["method"].as_str() {
        Some("tools/list") if message["params"]["cursor"].is_null() => {
            let add = json!({"name": "add", "inputSchema": {"type": "object"}});
            event(&answer(json!({"tools": [add], "nextCursor": "2"})))
        }
        Some("tools/list") => event(&answer(json!({"tools": [{"name": "sub"}]}))),
        Some("tools/call") if message["params"]["name"] == "add" => {
            let content = json!([{"type": "text", "text": "4"}]);
            event(&answer(json!({"content": content, "isError": false})))
        }
        Some("tools/call") => {
            let error = json!({"code": -32602, "message": "unknown tool"});
            event(&json!({"jsonrpc": "2.0", "id": id, "error": error}))
        }
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

fn router() -> Router {
    let path = "/mcpservers/team/calculator/mcp";
    Router::new().route(path, post(serve).delete(async || StatusCode::NO_CONTENT))
}

fn id() -> Id {
    Id {
        namespace: "team".to_owned(),
        name: "calculator".to_owned(),
    }
}

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn all_pages_of_the_list_are_read_within_one_session() {
    let (router, id) = (router(), id());
    let server = McpServer {
        router: &router,
        id: &id,
    };
    let tools = server.tools(SOON).await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["add", "sub"]);
}

#[tokio::test]
async fn a_result_is_told_apart_from_an_error_of_the_protocol() {
    let (router, id) = (router(), id());
    let server = McpServer {
        router: &router,
        id: &id,
    };
    let call = server.call("add", &json!({"a": 2}), SOON).await;
    assert_eq!(call.result.unwrap()["content"][0]["text"], "4");
    let call = server.call("nothing", &json!({}), SOON).await;
    let message = "the server answered with error -32602: unknown tool";
    assert_eq!(call.result.unwrap_err(), message);
}

#[tokio::test]
async fn a_server_that_is_not_there_says_so_with_its_status() {
    let (router, id) = (Router::new(), id());
    let server = McpServer {
        router: &router,
        id: &id,
    };
    let error = server.tools(SOON).await.unwrap_err();
    assert!(matches!(
        error,
        Error::Answer {
            status: StatusCode::NOT_FOUND,
            ..
        }
    ));
}

#[tokio::test]
async fn a_server_that_never_answers_ends_the_call_in_time() {
    let path = "/mcpservers/team/calculator/mcp";
    let silent = Router::new().route(path, post(async || std::future::pending::<()>().await));
    let id = id();
    let server = McpServer {
        router: &silent,
        id: &id,
    };
    let call = server
        .call("add", &json!({}), Duration::from_millis(20))
        .await;
    assert!(call.is_timeout);
}
