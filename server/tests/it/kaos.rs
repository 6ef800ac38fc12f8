//! Starts the program and asks it.

use std::{
    future::pending,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::Notify,
    task::JoinSet,
};

/// How long anything may take before a test gives up on it.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// The research team, with a model that answers at once.
pub(crate) const TEAM: &str = include_str!("team.yaml");

/// The command, without anything of this machine's environment that would change what it does.
pub(crate) fn command(data_dir: &Path) -> Command {
    command_at("127.0.0.1:0", data_dir)
}

/// The command with an address of its own.
pub(crate) fn command_at(addr: &str, data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaos"));
    command
        .env_clear()
        .env("PATH", option_env!("PATH").unwrap_or_default())
        .args(["serve", "--addr", addr, "--data-dir"])
        .arg(data_dir)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A running program; stopped when dropped.
pub(crate) struct Kaos {
    child: Child,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    /// Everything it has said so far.
    said: Arc<Mutex<Vec<String>>>,
    /// Reads what it says, until it is dropped.
    _output: JoinSet<()>,
    /// From now on, nobody reads it, though somebody could.
    unread: Arc<Notify>,
}

impl Kaos {
    /// Starts it with an empty data directory and the research team.
    pub(crate) async fn with_team(data_dir: &Path) -> Self {
        let yaml = data_dir.join("team.yaml");
        std::fs::write(&yaml, TEAM).unwrap();
        let mut command = command(data_dir);
        command.arg("--apply").arg(yaml);
        let kaos = Self::start(command).await;
        for agent in ["analyst", "researcher", "coordinator"] {
            kaos.until_ready("agents", agent).await;
        }
        kaos
    }

    /// Waits for the line that says it is ready.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = Arc::<Mutex<Vec<String>>>::default();
        let url = tokio::time::timeout(DEADLINE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(url) = line.strip_prefix("KAOS is ready at ") {
                    return url.to_owned();
                }
                said.lock().unwrap().push(line);
            }
            panic!(
                "the program ended before it was ready: {}",
                said.lock().unwrap().join("\n")
            );
        })
        .await
        .expect("the program is ready in time");
        // What it says from now on must not fill the pipe.
        let mut output = JoinSet::new();
        let listening = Arc::clone(&said);
        let unread = Arc::<Notify>::default();
        let enough = Arc::clone(&unread);
        output.spawn(async move {
            loop {
                tokio::select! {
                    line = lines.next_line() => match line {
                        Ok(Some(line)) => listening.lock().unwrap().push(line),
                        Ok(None) | Err(_) => return,
                    },
                    () = enough.notified() => pending().await,
                }
            }
        });
        // Tests talk plain HTTP; reqwest still wants to know how it would encrypt.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        Self {
            child,
            url,
            http: reqwest::Client::new(),
            said,
            _output: output,
            unread,
        }
    }

    /// Stops it as a person would, and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap();
        assert!(sent.success());
        let status = tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .unwrap()
            .unwrap();
        assert!(status.success(), "it stops without an error: {status}");
    }

    /// Leaves what it says from now on in the pipe.
    pub(crate) fn stop_reading(&self) {
        self.unread.notify_one();
    }

    /// Ends it without a warning.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Everything it has said so far on its standard output.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self
            .http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let response = self.http.post(url).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// Asks an agent of the team.
    pub(crate) async fn ask(&self, agent: &str, question: &str) -> (u16, Value) {
        let body = json!({"messages": [{"role": "user", "content": question}]});
        self.post(
            &format!("/agents/kaos-hierarchy/{agent}/v1/chat/completions"),
            &body,
        )
        .await
    }

    /// Creates an object of ours in the team's namespace.
    pub(crate) async fn create(&self, plural: &str, object: &Value) -> (u16, Value) {
        let path = format!("/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/{plural}");
        self.post(&path, object).await
    }

    /// Changes an object of the team's namespace, and waits until the change is carried out.
    pub(crate) async fn patch(&self, plural: &str, name: &str, change: &Value) {
        let path =
            format!("/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/{plural}/{name}");
        let request = self.http.patch(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/merge-patch+json");
        let answer = request.body(change.to_string()).send().await.unwrap();
        let status = answer.status();
        let changed: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{changed:#}");
        self.until(&path, |object| {
            object["status"]["observedGeneration"] == changed["metadata"]["generation"]
        })
        .await;
    }

    /// Waits until an object of the team's namespace is Ready.
    pub(crate) async fn until_ready(&self, plural: &str, name: &str) -> Value {
        self.until_phase(plural, name, "Ready").await
    }

    pub(crate) async fn until_phase(&self, plural: &str, name: &str, phase: &str) -> Value {
        let path =
            format!("/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/{plural}/{name}");
        self.until(&path, |object| object["status"]["phase"] == phase)
            .await
    }

    /// Asks again and again until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until_within(DEADLINE, path, wanted).await
    }

    /// The same for what takes longer than anything else.
    pub(crate) async fn until_within(
        &self,
        deadline: Duration,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let started = std::time::Instant::now();
        loop {
            let (_, answer) = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(started.elapsed() < deadline, "{path} stays {answer:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The spans of a trace, once its root has arrived.
    pub(crate) async fn trace(&self, id: &str) -> Vec<Span> {
        let path = format!("/jaeger/api/v3/traces/{id}");
        let trace = self.until(&path, |trace| {
            spans(trace).iter().any(|s| s.parent.is_empty())
        });
        spans(&trace.await)
    }
}

/// What tests look at of a span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) status: u64,
    pub(crate) raw: Value,
}

/// The spans of a document of Jaeger's v3 API.
pub(crate) fn spans(document: &Value) -> Vec<Span> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut spans = Vec::new();
    for resource in document["result"]["resourceSpans"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let attributes = resource["resource"]["attributes"]
            .as_array()
            .into_iter()
            .flatten();
        let service = attributes
            .filter(|attribute| attribute["key"] == "service.name")
            .map(|attribute| text(&attribute["value"]["stringValue"]))
            .next()
            .unwrap_or_default();
        for scope in resource["scopeSpans"].as_array().into_iter().flatten() {
            for span in scope["spans"].as_array().into_iter().flatten() {
                spans.push(Span {
                    service: service.clone(),
                    name: text(&span["name"]),
                    id: text(&span["spanId"]),
                    parent: text(&span["parentSpanId"]),
                    status: span["status"]["code"].as_u64().unwrap_or_default(),
                    raw: span.clone(),
                });
            }
        }
    }
    spans
}

/// Runs a command that is expected to fail; what it said.
pub(crate) async fn failure_of(mut command: Command) -> String {
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = tokio::time::timeout(DEADLINE, child.wait())
        .await
        .unwrap()
        .unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .await
        .unwrap();
    assert!(!status.success(), "it fails; it said {said}");
    said
}
