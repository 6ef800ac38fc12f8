//! Tools of every kind, called through the whole program.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kaos::{Kaos, command};

/// Calls tools of one MCP server as any client of MCP does.
struct Tools<'a> {
    kaos: &'a Kaos,
    url: String,
    session: String,
}

impl<'a> Tools<'a> {
    async fn of(kaos: &'a Kaos, server: &str) -> Self {
        let url = format!("{}/mcpservers/kaos-hierarchy/{server}/mcp", kaos.url);
        let mut tools = Self {
            kaos,
            url,
            session: String::new(),
        };
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}});
        let request = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let begun = tools.post(&request).await;
        tools.session = begun.headers()["mcp-session-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert!(tools.post(&initialized).await.status().is_success());
        tools
    }

    async fn post(&self, message: &Value) -> reqwest::Response {
        let mut request = self
            .kaos
            .http
            .post(&self.url)
            .header("accept", "application/json, text/event-stream")
            .json(message);
        if !self.session.is_empty() {
            request = request.header("mcp-session-id", &self.session);
        }
        request.send().await.unwrap()
    }

    /// The whole answer to a call.
    async fn call(&self, tool: &str, arguments: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}});
        let text = self.post(&message).await.text().await.unwrap();
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
        lines
            .find_map(|line| serde_json::from_str(line).ok())
            .unwrap_or_else(|| panic!("no answer: {text}"))
    }

    async fn text(&self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments).await;
        let text = answer["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    }
}

fn mcp_server(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "MCPServer", "metadata": {"name": name},
        "spec": spec})
}

async fn python(kaos: &Kaos, name: &str, code: &str) {
    let spec = json!({"runtime": "python-string", "params": code,
        "gatewayRoute": {"timeout": "5s"}});
    assert_eq!(
        kaos.create("mcpservers", &mcp_server(name, &spec)).await.0,
        201
    );
    kaos.until_ready("mcpservers", name).await;
}

/// A program without the team, for the sake of time.
async fn empty_house(data: &tempfile::TempDir) -> Kaos {
    let yaml = data.path().join("namespace.yaml");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kaos-hierarchy\n";
    std::fs::write(&yaml, namespace).unwrap();
    let mut command = command(data.path());
    command.arg("--apply").arg(yaml);
    Kaos::start(command).await
}

const WILD: &str = r#"
import os, time

def loop() -> str:
    while True: pass

def fork() -> str:
    while True:
        if os.fork() == 0:
            time.sleep(600)

def fill() -> str:
    return str(len(bytearray(20 << 30)))

def shout() -> str:
    for _ in range(1000):
        print("x" * 100_000)
    return "done"

def process() -> int:
    return os.getpid()

def read(path: str) -> str:
    return open(path).read()

def folder() -> list:
    return [os.getcwd(), sorted(os.listdir(".")), sorted(os.environ)]
"#;

#[tokio::test]
async fn whatever_a_tool_does_ends_as_an_error_in_time_and_harms_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    let kaos = empty_house(&data).await;
    python(&kaos, "wild", WILD).await;
    python(
        &kaos,
        "calm",
        "def add(a: int, b: int) -> int: return a + b",
    )
    .await;
    let (wild, calm) = (
        Tools::of(&kaos, "wild").await,
        Tools::of(&kaos, "calm").await,
    );
    let ready = async || kaos.until_ready("mcpservers", "wild").await;

    assert_eq!(wild.text("shout", json!({})).await, "done");
    let filled = wild.call("fill", json!({})).await;
    assert!(filled.to_string().contains("MemoryError"), "{filled:#}");
    let before = wild.text("process", json!({})).await;
    let looped = wild.call("loop", json!({})).await;
    assert!(
        looped.to_string().contains("did not answer within 5 s"),
        "{looped:#}"
    );
    kaos.until_phase("mcpservers", "wild", "Failed").await;
    ready().await;
    assert_ne!(wild.text("process", json!({})).await, before);
    let forked = wild.call("fork", json!({})).await;
    assert!(
        forked.to_string().contains("more than 64 processes"),
        "{forked:#}"
    );
    ready().await;
    assert_eq!(calm.text("add", json!({"a": 2, "b": 2})).await, "4");
}

#[tokio::test]
async fn a_tool_sees_its_own_folder_and_environment_and_no_data_of_ours() {
    let data = tempfile::tempdir().unwrap();
    let kaos = empty_house(&data).await;
    python(&kaos, "wild", WILD).await;
    let wild = Tools::of(&kaos, "wild").await;
    let seen = wild.text("folder", json!({})).await;
    let seen: Value = serde_json::from_str(&seen).unwrap();
    let folder = data.path().canonicalize().unwrap();
    let own = folder.join("processes/kaos-hierarchy/wild/work");
    assert_eq!((&seen[0], &seen[1]), (&json!(own), &json!([])));
    // Some ways to start Python, and Python itself, add variables of their own.
    let added = |name: &str| {
        let known = ["PYENV", "_PYENV", "LC_", "PWD", "SHLVL"];
        known.iter().any(|known| name.starts_with(known))
    };
    let names = seen[2].as_array().unwrap().iter();
    let mut names = names.filter_map(Value::as_str).filter(|name| !added(name));
    assert!(
        names.all(|name| ["HOME", "PATH", "TMPDIR"].contains(&name)),
        "{seen}"
    );
    for path in [folder.join("resources.db"), folder.join("lock")] {
        let read = wild.call("read", json!({"path": path})).await;
        assert!(read.to_string().contains("PermissionError"), "{read:#}");
    }
}

#[tokio::test]
async fn python_that_does_not_parse_says_where_and_what() {
    let data = tempfile::tempdir().unwrap();
    let kaos = empty_house(&data).await;
    let spec = json!({"runtime": "python-string", "params": "def add(a):\n    return = a\n"});
    kaos.create("mcpservers", &mcp_server("broken", &spec))
        .await;
    let server = kaos.until_phase("mcpservers", "broken", "Failed").await;
    let message = server["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("tools.py, line 2: "), "{message}");
    let spec = json!({"runtime": "python-string", "params": "def keep(a): return a\n"});
    kaos.create("mcpservers", &mcp_server("vague", &spec)).await;
    let server = kaos.until_ready("mcpservers", "vague").await;
    let message = server["status"]["message"].as_str().unwrap();
    assert!(message.contains("no type hint for a"), "{message}");
}

#[tokio::test]
async fn a_deleted_server_leaves_no_process_and_no_file() {
    let data = tempfile::tempdir().unwrap();
    let kaos = empty_house(&data).await;
    python(&kaos, "wild", WILD).await;
    let process = Tools::of(&kaos, "wild")
        .await
        .text("process", json!({}))
        .await;
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/mcpservers/wild";
    let deleted = kaos.http.delete(format!("{}{path}", kaos.url)).send().await;
    assert_eq!(deleted.unwrap().status(), 200);
    let folder = data.path().join("processes/kaos-hierarchy/wild");
    let process = std::path::Path::new("/proc").join(process);
    let started = Instant::now();
    while process.exists() || folder.exists() {
        assert!(started.elapsed() < crate::kaos::DEADLINE, "it stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server over standard input and output that has one tool, named by a variable.
const NAMED: &str = r#"
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    results = {
        "initialize": {"protocolVersion": "2025-03-26", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "named", "version": "1"}},
        "tools/list": {"tools": [{"name": os.environ["NAME"] + sys.argv[1],
                                  "inputSchema": {"type": "object"}}]},
    }
    if "id" in message:
        result = results.get(message["method"], {})
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

#[tokio::test]
async fn a_runtime_of_the_registry_follows_it_and_its_secrets() {
    let data = tempfile::tempdir().unwrap();
    let kaos = empty_house(&data).await;
    let registry = |suffix: &str| {
        let runtimes = json!({"runtimes": {"named": {"type": "python", "transport": "stdio",
            "command": ["python3", "-c", NAMED, suffix], "requiredEnv": ["NAME"]}}});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data":
            {"runtimes.yaml": runtimes.to_string()}, "metadata": {"name": "kaos-mcp-runtimes"}})
    };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "kaos-system"}});
    kaos.post("/kube/api/v1/namespaces", &namespace).await;
    let maps = "/kube/api/v1/namespaces/kaos-system/configmaps";
    let spec = json!({"runtime": "named"});
    kaos.create("mcpservers", &mcp_server("named", &spec)).await;
    let unknown = kaos.until_phase("mcpservers", "named", "Failed").await;
    let message = unknown["status"]["message"].as_str().unwrap();
    assert!(message.contains("named is not known"), "{message}");

    assert_eq!(kaos.post(maps, &registry("-1")).await.0, 201);
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/mcpservers/named";
    let ready = |server: &Value| server["status"]["conditions"][0].clone();
    let lacking = |server: &Value| ready(server)["reason"] == "RequiredEnvMissing";
    kaos.until(path, lacking).await;

    let secret = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "names"},
            "stringData": {"name": name}})
    };
    let secrets = "/kube/api/v1/namespaces/kaos-hierarchy/secrets";
    kaos.post(secrets, &secret("first")).await;
    let env = json!({"spec": {"container": {"env": [{"name": "NAME", "valueFrom":
        {"secretKeyRef": {"name": "names", "key": "name"}}}]}}});
    let merge = async |path: &str, patch: &Value| {
        let request = kaos.http.patch(format!("{}{path}", kaos.url));
        let request = request.header("content-type", "application/merge-patch+json");
        let answer = request.body(patch.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    };
    let offers = |tool: &'static str| {
        move |server: &Value| server["status"]["availableTools"] == json!([tool])
    };
    merge(path, &env).await;
    kaos.until(path, offers("first-1")).await;
    merge(&format!("{secrets}/names"), &secret("second")).await;
    kaos.until(path, offers("second-1")).await;
    merge(&format!("{maps}/kaos-mcp-runtimes"), &registry("-2")).await;
    kaos.until(path, offers("second-2")).await;
}

#[tokio::test]
async fn what_a_tool_prints_is_a_log_of_the_call_it_printed_in() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/mcpservers/calculator";
    let code = "def add(a: float, b: float) -> float:\n    print('adding with care')\n    \
                return a + b\n\ndef again() -> int: return 1\n";
    let change = kaos.http.patch(format!("{}{path}", kaos.url));
    let changed = change
        .header("content-type", "application/merge-patch+json")
        .body(json!({"spec": {"params": code}}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), 200);
    kaos.until(path, |server| {
        server["status"]["availableTools"] == json!(["add", "again"])
    })
    .await;
    kaos.until_ready("agents", "analyst").await;
    let (_, body) = kaos.ask("analyst", "add 2 and 3").await;
    let id = body["trace_id"].as_str().unwrap();
    let spans = kaos.trace(id).await;
    let add = spans.iter().find(|span| span.name == "tool.add");
    let span = &add.unwrap_or_else(|| panic!("{spans:#?}")).id;
    let page = format!("{}/traces/{id}?span={span}&side=logs", kaos.url);
    let page = kaos.http.get(page).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("adding with care"), "{page}");
}
