//! Models that Ollama serves. Ollama itself is a stand-in here, with as much of its API as is used.

use std::sync::{Arc, Mutex};

use api::plan::{ModelApiPlan, ModelBackend};
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

use super::support::{House, local, plan, serve, text};
use crate::gateway::ModelApiState;

/// As much of Ollama as the gateway uses: it has models, and fetches others as a test tells it.
#[derive(Clone, Default)]
struct OllamaStandIn {
    models: Arc<Mutex<Vec<&'static str>>>,
    pulling: Arc<Mutex<Option<mpsc::Receiver<Value>>>>,
    asked: Arc<Mutex<Option<Value>>>,
}

impl OllamaStandIn {
    fn with(models: &[&'static str]) -> Self {
        let ollama = Self::default();
        *ollama.models.lock().unwrap() = models.to_vec();
        ollama
    }

    /// What is sent here is said about the next model that is fetched.
    fn pulls(&self) -> mpsc::Sender<Value> {
        let (say, said) = mpsc::channel(8);
        *self.pulling.lock().unwrap() = Some(said);
        say
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/api/tags", get(tags))
            .route("/api/pull", post(pull))
            .route("/v1/chat/completions", post(chat))
            .with_state(self.clone())
    }
}

async fn tags(State(ollama): State<OllamaStandIn>) -> Json<Value> {
    let models = ollama.models.lock().unwrap();
    let models: Vec<_> = models.iter().map(|name| json!({"name": name})).collect();
    Json(json!({"models": models}))
}

async fn pull(State(ollama): State<OllamaStandIn>, Json(asked): Json<Value>) -> Response {
    *ollama.asked.lock().unwrap() = Some(asked);
    let said = ollama.pulling.lock().unwrap().take().unwrap();
    let lines = ReceiverStream::new(said)
        .map(|line| Ok::<_, std::io::Error>(Bytes::from(format!("{line}\n"))));
    Body::from_stream(lines).into_response()
}

async fn chat(State(ollama): State<OllamaStandIn>, Json(asked): Json<Value>) -> Json<Value> {
    *ollama.asked.lock().unwrap() = Some(asked);
    Json(json!({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}))
}

fn hosted(model: &str) -> ModelApiPlan {
    ModelApiPlan {
        backend: ModelBackend::Ollama(model.to_owned()),
        ..plan("ollama", None, &[model])
    }
}

#[tokio::test]
async fn a_model_that_is_there_is_served_by_its_name() {
    let ollama = OllamaStandIn::with(&["smollm2:latest"]);
    let mut settings = local();
    settings.ollama = serve(ollama.router()).await;
    let house = House::with(hosted("smollm2"), settings);
    house.until(|state| *state == ModelApiState::Ready).await;
    for name in ["smollm2", "ollama/smollm2"] {
        let response = house.ask(json!({"model": name})).await;
        assert_eq!(response.status(), StatusCode::OK);
        let asked = ollama.asked.lock().unwrap().take().unwrap();
        assert_eq!(asked["model"], "smollm2");
    }
    let other = house.ask(json!({"model": "llama3"})).await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_model_that_is_missing_is_fetched_and_the_state_says_how_far_it_is() {
    let ollama = OllamaStandIn::default();
    let say = ollama.pulls();
    let mut settings = local();
    settings.ollama = serve(ollama.router()).await;
    let house = House::with(hosted("smollm2:135m"), settings);
    say.send(
        json!({"status": "pulling layer", "digest": "sha256:1", "total": 270_000_000,
        "completed": 113_400_000}),
    )
    .await
    .unwrap();
    let progress = "Ollama fetches smollm2:135m: 42 % of 270 MB";
    let at = |state: &ModelApiState| matches!(state, ModelApiState::Starting(Some(told)) if told == progress);
    house.until(at).await;
    let early = house.ask(json!({"model": "smollm2:135m"})).await;
    assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
    let early = text(early).await;
    assert!(early.contains("42 %"), "{early}");

    ollama.models.lock().unwrap().push("smollm2:135m");
    say.send(json!({"status": "success"})).await.unwrap();
    drop(say);
    house.until(|state| *state == ModelApiState::Ready).await;
    let asked = ollama.asked.lock().unwrap().take().unwrap();
    assert_eq!(asked, json!({"model": "smollm2:135m", "stream": true}));
}

#[tokio::test]
async fn a_model_that_does_not_exist_is_said_so() {
    let ollama = OllamaStandIn::default();
    let say = ollama.pulls();
    let mut settings = local();
    settings.ollama = serve(ollama.router()).await;
    let house = House::with(hosted("nothing"), settings);
    let error = "pull model manifest: file does not exist";
    say.send(json!({"error": error})).await.unwrap();
    let why = house.until_failed().await;
    assert!(why.contains("\"nothing\"") && why.contains(error), "{why}");
}

#[tokio::test]
async fn without_ollama_it_says_what_to_do_and_goes_on_when_ollama_comes() {
    let mut settings = local();
    // A port that was free a moment ago: nobody answers there, yet.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    settings.ollama = format!("http://{addr}").parse().unwrap();
    let house = House::with(hosted("smollm2"), settings);
    let why = house.until_failed().await;
    for part in [&addr.to_string(), "ollama serve", "OLLAMA_HOST"] {
        assert!(why.contains(part), "{why}");
    }
    let listener = tokio::net::TcpListener::bind(addr).await.unwrap();
    let ollama = OllamaStandIn::with(&["smollm2:latest"]).router();
    tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, ollama).await });
    house.until(|state| *state == ModelApiState::Ready).await;
}
