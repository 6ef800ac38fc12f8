//! A KAOS of its own for one measurement: with an empty data directory, and agents that ask the
//! scripted model.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    http::{Connection, request},
    program::{self, Program},
};

const NAMESPACE: &str = "bench";
const READY_WITHIN: Duration = Duration::from_mins(2);
/// A tool that does nothing worth measuring.
const ECHO: &str =
    "def echo(message: str) -> str:\n    \"\"\"Repeats the message.\"\"\"\n    return message\n";

/// A KAOS that runs.
pub(crate) struct House {
    pub(crate) kaos: Program,
    connection: Connection,
    /// Lives as long as the program that writes into it.
    _data: TempDir,
}

/// What an agent is made of, as far as measurements differ in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AgentSpec<'a> {
    pub(crate) name: &'a str,
    /// The script of its model.
    pub(crate) script: &'a str,
    /// The agents it may ask.
    pub(crate) peers: &'a [&'a str],
    /// Its tool servers.
    pub(crate) tools: &'a [&'a str],
}

/// Starts KAOS with a model API that leads to `model`.
pub(crate) async fn build(kaos: &Path, model: SocketAddr) -> anyhow::Result<House> {
    build_with(kaos, model, &[]).await
}

/// The same with variables of the environment.
pub(crate) async fn build_with(
    kaos: &Path,
    model: SocketAddr,
    variables: &[(&str, &str)],
) -> anyhow::Result<House> {
    let data = tempfile::tempdir().context("failed to make a data directory")?;
    let folder = data.path().to_string_lossy().into_owned();
    let arguments = ["serve", "--addr", "127.0.0.1:0", "--data-dir", &folder];
    let kaos = program::start_with(kaos, &arguments, variables).await?;
    let connection = Connection::open(kaos.addr).await?;
    let mut house = House {
        kaos,
        connection,
        _data: data,
    };
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    house.create("/kube/api/v1/namespaces", &namespace).await?;
    let proxy =
        json!({"models": ["*"], "provider": "openai", "apiBase": format!("http://{model}/v1")});
    let spec = json!({"mode": "Proxy", "proxyConfig": proxy});
    house.add("modelapis", "ModelAPI", "model", &spec).await?;
    house.until_ready("modelapis", "model").await?;
    Ok(house)
}

impl House {
    /// Creates an agent, without waiting for it.
    pub(crate) async fn add_agent(&mut self, agent: AgentSpec<'_>) -> anyhow::Result<()> {
        let AgentSpec {
            name,
            script,
            peers,
            tools,
        } = agent;
        let config = json!({"instructions": "You help.", "description": name});
        let network = json!({"expose": true, "access": peers});
        let spec = json!({"modelAPI": "model", "model": script, "mcpServers": tools,
            "config": config, "agentNetwork": network});
        self.add("agents", "Agent", name, &spec).await
    }

    /// Creates the tool server `echo` and waits until it runs.
    pub(crate) async fn add_tool(&mut self) -> anyhow::Result<()> {
        let spec = json!({"runtime": "python-string", "params": ECHO});
        self.add("mcpservers", "MCPServer", "echo", &spec).await?;
        self.until_ready("mcpservers", "echo").await
    }

    /// Waits until an agent answers.
    pub(crate) async fn until_agent(&mut self, name: &str) -> anyhow::Result<()> {
        self.until_ready("agents", name).await
    }

    /// A question to an agent.
    pub(crate) fn question(agent: &str, body: &Value) -> Vec<u8> {
        let path = format!("/agents/{NAMESPACE}/{agent}/v1/chat/completions");
        request("POST", &path, &body.to_string())
    }

    /// A question to the model API, past all agents.
    pub(crate) fn model_question(body: &str) -> Vec<u8> {
        let path = format!("/modelapis/{NAMESPACE}/model/v1/chat/completions");
        request("POST", &path, body)
    }

    /// How many spans of a trace are stored.
    pub(crate) async fn stored_spans(&mut self, trace: &str) -> anyhow::Result<usize> {
        let path = format!("/jaeger/api/traces/{trace}");
        let (_, found) = self.connection.json("GET", &path, None).await?;
        Ok(found["data"][0]["spans"].as_array().map_or(0, Vec::len))
    }

    /// How it goes with telemetry.
    pub(crate) async fn telemetry(&mut self) -> anyhow::Result<Value> {
        let (_, mut status) = self.connection.json("GET", "/api/status", None).await?;
        Ok(status["telemetry"].take())
    }

    async fn add(
        &mut self,
        plural: &str,
        kind: &str,
        name: &str,
        spec: &Value,
    ) -> anyhow::Result<()> {
        let object = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": kind,
            "metadata": {"name": name}, "spec": spec});
        self.create(&path(plural), &object).await
    }

    async fn create(&mut self, path: &str, object: &Value) -> anyhow::Result<()> {
        let (status, answer) = self.connection.json("POST", path, Some(object)).await?;
        ensure!(
            status == 201,
            "POST {path} is answered with HTTP {status}: {answer}"
        );
        Ok(())
    }

    async fn until_ready(&mut self, plural: &str, name: &str) -> anyhow::Result<()> {
        let path = format!("{}/{name}", path(plural));
        let started = Instant::now();
        loop {
            let (_, object) = self.connection.json("GET", &path, None).await?;
            if object["status"]["phase"] == "Ready" {
                return Ok(());
            }
            if started.elapsed() > READY_WITHIN {
                bail!(
                    "{name} is not Ready within {READY_WITHIN:?}: {}",
                    object["status"]
                );
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn path(plural: &str) -> String {
    format!("/kube/apis/kaos.tools/v1alpha1/namespaces/{NAMESPACE}/{plural}")
}
