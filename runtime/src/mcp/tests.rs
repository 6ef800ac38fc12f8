mod endpoint;
mod python;
mod remote;
mod servers;
mod shapes;

use std::time::Duration;

use api::{
    plan::{McpRuntime, McpServerPlan, ResourceId, Secret, TelemetryPlan},
    resources::mcp_server::McpTransport,
};
use serde_json::{Map, Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{McpError, McpServers, McpSettings, McpState, ToolOutcome, ToolRequest, Tools};
use crate::transport::tests::http_client;

const DEADLINE: Duration = Duration::from_mins(1);

const TOOLS: &str = r#"
from typing import Dict, List, Literal, Optional
import os, time

def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: the first
    """
    print("add was called")
    return a + b

def echo(text: str, mode: Literal["plain", "loud"] = "plain", tags: Optional[List[str]] = None) -> str:
    """Say it again."""
    return text.upper() if mode == "loud" else text

def divide(a: float, b: float):
    return {"quotient": a / b}

async def later(values: Dict[str, int]):
    return sorted(values)

def environment() -> dict:
    return dict(os.environ)

def wait_for(path: str) -> str:
    while not os.path.exists(path):
        time.sleep(0.01)
    return "found"

def begin_and_wait(path: str) -> str:
    try:
        open(path, "w").close()
        while True:
            time.sleep(0.01)
    finally:
        os.remove(path)

def end() -> None:
    os._exit(7)

def _hidden(): pass
"#;

/// MCP servers whose processes end with the test.
struct Fixture {
    servers: McpServers,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Fixture {
    fn new() -> Self {
        Self::with_python("python3")
    }

    fn with_python(python: &str) -> Self {
        Self::with(python, DEADLINE)
    }

    fn with(python: &str, connect_timeout: Duration) -> Self {
        let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let settings = McpSettings {
            python: python.into(),
            base_env: vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())],
            connect_timeout,
            ..McpSettings::new(http_client())
        };
        Self {
            servers: McpServers::new(settings, tracker.clone(), shutdown.clone()),
            shutdown,
            tracker,
        }
    }

    /// Applies Python code and waits until it runs.
    async fn python(&self, code: &str) -> Tools {
        self.servers
            .apply(plan(McpRuntime::PythonString(code.to_owned())));
        match self.settled().await {
            McpState::Running { tools } => tools,
            other => panic!("expected a running server, got {other:?}"),
        }
    }

    /// Applies a plan that is to fail, and says why it did.
    async fn failure(&self, runtime: McpRuntime) -> String {
        self.servers.apply(plan(runtime));
        match self.settled().await {
            McpState::Failed { message } => message,
            other => panic!("expected a failed server, got {other:?}"),
        }
    }

    async fn running(&self) -> Tools {
        match self
            .state_where(|state| matches!(state, McpState::Running { .. }))
            .await
        {
            McpState::Running { tools } => tools,
            other => unreachable!("{other:?} was not waited for"),
        }
    }

    async fn settled(&self) -> McpState {
        self.state_where(|state| *state != McpState::Starting).await
    }

    async fn state_where(&self, wanted: impl Fn(&McpState) -> bool) -> McpState {
        let mut changes = self.servers.changes();
        let waiting = async {
            loop {
                match self.servers.state(&id()) {
                    Some(state) if wanted(&state) => return state,
                    Some(_) | None => changes.recv().await.unwrap(),
                };
            }
        };
        let outcome = tokio::time::timeout(DEADLINE, waiting).await;
        outcome.unwrap_or_else(|_| panic!("it stays {:?}", self.servers.state(&id())))
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<ToolOutcome, McpError> {
        let cancel = CancellationToken::new();
        self.servers
            .call(&id(), request(tool, arguments), cancel)
            .await
    }

    async fn text(&self, tool: &str, arguments: Value) -> String {
        let outcome = self.call(tool, arguments).await.unwrap();
        assert!(!outcome.is_error(), "{}", outcome.text());
        outcome.text()
    }

    async fn error_text(&self, tool: &str, arguments: Value) -> String {
        let outcome = self.call(tool, arguments).await.unwrap();
        assert!(outcome.is_error(), "{}", outcome.text());
        outcome.text()
    }

    async fn end(self) {
        self.shutdown.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(DEADLINE, self.tracker.wait());
        ended.await.unwrap();
    }
}

fn id() -> ResourceId {
    ResourceId::new("default", "calculator")
}

fn plan(runtime: McpRuntime) -> McpServerPlan {
    McpServerPlan {
        id: id(),
        runtime,
        env: vec![("GREETING".to_owned(), Secret::new("hello"))],
        call_timeout: DEADLINE,
        memory: None,
        telemetry: TelemetryPlan::default(),
    }
}

/// A program that speaks on its standard output.
fn command(argv: &[&str]) -> McpRuntime {
    McpRuntime::Command {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        transport: McpTransport::Stdio,
    }
}

fn request(tool: &str, arguments: Value) -> ToolRequest {
    ToolRequest {
        tool: tool.to_owned(),
        arguments: object(arguments),
        ..ToolRequest::default()
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

#[tokio::test]
async fn an_unknown_tool_or_server_is_told_with_what_there_is() {
    let fixture = Fixture::new();
    let none = fixture.call("add", json!({})).await.unwrap_err();
    assert!(matches!(none, McpError::FindServer(_)));
    fixture.python("def add(a: int): return a").await;
    let error = fixture.call("subtract", json!({})).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "MCP server \"default/calculator\" has no tool \"subtract\"; it has: add"
    );
    fixture.end().await;
}

#[tokio::test]
async fn a_cancelled_call_ends_at_once_on_both_sides_and_the_server_lives_on() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("begun");
    let cancel = CancellationToken::new();
    let server = id();
    let request = request("begin_and_wait", json!({"path": path}));
    let call = fixture.servers.call(&server, request, cancel.clone());
    let give_up = async {
        while !path.exists() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let both = tokio::time::timeout(DEADLINE, async { tokio::join!(call, give_up) });
    let (result, ()) = both.await.unwrap();
    assert!(matches!(result, Err(McpError::Cancel { .. })));
    let stopped = async {
        while path.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, stopped).await.unwrap();
    assert_eq!(fixture.text("add", json!({"a": 1, "b": 1})).await, "2");
    fixture.end().await;
}

#[tokio::test]
async fn a_missing_python_says_what_to_install() {
    let fixture = Fixture::with_python("python-of-no-version");
    let message = fixture
        .failure(McpRuntime::PythonString(TOOLS.to_owned()))
        .await;
    assert_eq!(
        message,
        "python-of-no-version was not found; \
         install Python 3 and make sure that it is on the PATH"
    );
    let error = fixture.call("add", json!({})).await.unwrap_err();
    assert!(error.to_string().contains("install Python 3"));
    fixture.end().await;
}

#[tokio::test]
async fn a_command_that_ends_fails_with_its_last_words() {
    let fixture = Fixture::new();
    let argv = ["sh", "-c", "echo out of luck >&2; exit 3"];
    let message = fixture.failure(command(&argv)).await;
    assert_eq!(
        message,
        "the process ended with exit status: 3; it last said: out of luck"
    );
    fixture.end().await;
}

#[tokio::test]
async fn a_process_that_dies_is_started_again() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    let mut changes = fixture.servers.changes();
    let died = fixture.call("end", json!({})).await;
    assert!(matches!(died, Err(McpError::Call { .. })));
    assert_eq!(changes.recv().await.unwrap(), id());
    fixture
        .state_where(|state| matches!(state, McpState::Running { .. }))
        .await;
    assert_eq!(fixture.text("add", json!({"a": 1, "b": 2})).await, "3");
    fixture.end().await;
}

#[tokio::test]
async fn the_same_plan_again_changes_nothing_and_a_removed_server_is_gone() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    fixture
        .servers
        .apply(plan(McpRuntime::PythonString(TOOLS.to_owned())));
    assert!(matches!(
        fixture.servers.state(&id()),
        Some(McpState::Running { .. })
    ));
    fixture.servers.remove(&id());
    assert_eq!(fixture.servers.state(&id()), None);
    fixture.end().await;
}
