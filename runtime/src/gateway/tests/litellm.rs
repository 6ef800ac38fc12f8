//! `LiteLLM` as a child process. A few lines of Python stand in for it here; the real one answers in
//! the tests of the whole program.

use std::{os::unix::fs::PermissionsExt, path::Path};

use api::plan::{LiteLlmPlan, ModelApiPlan, ModelBackend, ResourceId, Secret};
use http::StatusCode;
use serde_json::{Value, json};

use super::support::{House, local, plan, read};
use crate::gateway::{LocalSettings, ModelApiState};

/// Answers like `LiteLLM`, with what it was started with. It ends when it is asked for `die`.
const STAND_IN: &str = r#"#!/usr/bin/env python3
import http.server, json, os, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
config = open(sys.argv[sys.argv.index("--config") + 1]).read()
if "refuse" in config:
    sys.exit("the configuration names " + os.environ["PROXY_API_KEY"])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200, {"alive": True})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked["model"] == "die":
            os._exit(7)
        if self.headers["authorization"] != "Bearer " + os.environ["LITELLM_MASTER_KEY"]:
            return self.say(401, {"error": {"message": "wrong key"}})
        self.say(200, {"env": sorted(os.environ), "asked": asked, "cwd": os.getcwd(),
            "mode": oct(os.stat(sys.argv[2]).st_mode), "pid": os.getpid()})
    def say(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"#;

const CONFIG: &str = "model_list: [{model_name: '*', litellm_params: {model: 'openai/*'}}]";

fn configured(config: &str) -> ModelApiPlan {
    ModelApiPlan {
        backend: ModelBackend::LiteLlm(LiteLlmPlan {
            config: Secret::new(config),
            env: vec![("PROXY_API_KEY".to_owned(), Secret::new("sk-provider"))],
        }),
        ..plan("litellm", None, &["*"])
    }
}

fn with_stand_in(folder: &Path) -> LocalSettings {
    let program = folder.join("litellm");
    std::fs::write(&program, STAND_IN).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    LocalSettings {
        litellm: program,
        base_env: vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())],
        ..local()
    }
}

#[tokio::test]
async fn it_answers_with_its_own_key_and_nothing_of_our_environment() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::with(configured(CONFIG), with_stand_in(folder.path()));
    house.until(|state| *state == ModelApiState::Ready).await;
    let response = house.ask(json!({"model": "litellm/big", "seed": 7})).await;
    assert_eq!(response.status(), StatusCode::OK);
    let told: Value = read(response).await;
    assert_eq!(told["asked"], json!({"model": "big", "seed": 7}));
    let env: Vec<String> = serde_json::from_value(told["env"].clone()).unwrap();
    for name in ["PROXY_API_KEY", "LITELLM_MASTER_KEY"] {
        assert!(env.iter().any(|found| found == name), "{env:?}");
    }
    assert!(!env.iter().any(|name| name.starts_with("CARGO")), "{env:?}");
    let cwd = told["cwd"].as_str().unwrap();
    assert!(cwd.ends_with("default.llm"), "{cwd}");

    house.gateway.remove(&ResourceId::new("default", "llm"));
    let process = format!("/proc/{}/environ", told["pid"]);
    let gone = async {
        // What has ended may not have been waited for yet, but it has no environment any more.
        while std::fs::read(&process).is_ok_and(|environ| !environ.is_empty()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(super::support::DEADLINE, gone)
        .await
        .unwrap();
    assert!(!Path::new(cwd).exists(), "its configuration is removed");
}

#[tokio::test]
async fn one_that_ends_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::with(configured(CONFIG), with_stand_in(folder.path()));
    house.until(|state| *state == ModelApiState::Ready).await;
    let response = house.ask(json!({"model": "die"})).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let why = house.until_failed().await;
    assert!(why.contains("exit status: 7"), "{why}");
    house.until(|state| *state == ModelApiState::Ready).await;
}

#[tokio::test]
async fn how_it_ended_is_told_without_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let refused = format!("{CONFIG}\nrefuse: true");
    let house = House::with(configured(&refused), with_stand_in(folder.path()));
    let why = house.until_failed().await;
    assert!(why.contains("the configuration names ••••"), "{why}");
}

#[tokio::test]
async fn where_it_is_not_installed_the_state_says_how_to() {
    let mut settings = local();
    settings.litellm = "/nowhere/litellm".into();
    let house = House::with(configured(CONFIG), settings);
    let why = house.until_failed().await;
    assert!(why.contains("pip install 'litellm[proxy]'"), "{why}");
}

#[tokio::test]
async fn a_configuration_that_makes_no_sense_is_told_at_once() {
    let house = House::with(configured("model_list: ["), local());
    let why = house.until_failed().await;
    assert!(why.contains("configYaml is no YAML"), "{why}");
}
