//! What is done about models that fail. Time is paused: a minute of waiting takes no time.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future,
    sync::{Arc, Mutex},
    time::Duration,
};

use api::{
    chat::{ChatRequest, Message, Role},
    clock::SystemClock,
};
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use futures::{StreamExt, stream};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{Listener, ModelError, ModelSettings, Models, Remedy, Reply, Retries, Target};
use crate::transport::{Transport, tests::http_client};

const URL: &str = "http://kaos/modelapis/default/llm";

/// What the scripted model API does with the next question.
enum Line {
    Answer(Response),
    Nothing,
}

/// A model API that follows a script, and what it was asked.
#[derive(Clone, Default)]
struct Api {
    script: Arc<Mutex<VecDeque<Line>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    fn new(script: impl IntoIterator<Item = Line>) -> Self {
        Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            asked: Arc::default(),
        }
    }

    fn models(&self) -> Models {
        let transport = Transport::new(http_client());
        let router = Router::new()
            .route("/modelapis/default/llm/v1/chat/completions", post(answer))
            .with_state(self.clone());
        transport.serve_locally("http://kaos", router).unwrap();
        Models::new(transport, Arc::new(SystemClock), ModelSettings::default())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(api): State<Api>, Json(request): Json<ChatRequest>) -> Response {
    api.asked.lock().unwrap().push(request.model.unwrap());
    let line = api.script.lock().unwrap().pop_front();
    match line.expect("the script has an answer for every question") {
        Line::Answer(response) => response,
        Line::Nothing => future::pending().await,
    }
}

fn status(status: u16) -> Line {
    Line::Answer(StatusCode::from_u16(status).unwrap().into_response())
}

fn rest(seconds: &'static str) -> Line {
    let busy = (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds)]);
    Line::Answer(busy.into_response())
}

fn whole(words: &str) -> Line {
    let message = json!({"role": "assistant", "content": words});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    let body = json!({"id": "1", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [choice]});
    Line::Answer(Json(body).into_response())
}

fn word(text: &str) -> String {
    let choice = json!({"index": 0, "delta": {"content": text}, "finish_reason": null});
    data(&json!({"choices": [choice]}))
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// A stream of these pieces, each after so many seconds; it ends like a cut connection.
fn streamed(pieces: &[(u64, String)]) -> Line {
    let pieces = stream::iter(pieces.to_vec()).then(|(seconds, piece)| async move {
        sleep(Duration::from_secs(seconds)).await;
        Ok::<_, Infallible>(piece)
    });
    Line::Answer(Body::from_stream(pieces).into_response())
}

fn done() -> String {
    "data: [DONE]\n\n".to_owned()
}

/// Writes down what it hears.
#[derive(Default)]
struct Notes {
    words: String,
    failures: Vec<String>,
}

#[async_trait::async_trait]
impl Listener for Notes {
    async fn text(&mut self, text: &str) {
        self.words.push_str(text);
    }

    async fn failed(&mut self, error: &ModelError, remedy: Remedy<'_>) {
        let reason = error.reason();
        self.failures.push(match remedy {
            Remedy::Retry { model, attempt, .. } => format!("{reason}: {model} again, {attempt}"),
            Remedy::Fallback { from, to } => format!("{reason}: {to} instead of {from}"),
        });
    }
}

#[derive(Clone, Copy)]
enum Form {
    Whole,
    Streamed,
}

/// Asks model `a`, then `b`.
async fn ask(models: &Models, form: Form, notes: &mut Notes) -> Result<Reply, ModelError> {
    let fallbacks = ["b".to_owned()];
    let target = Target {
        base_url: URL,
        model: "a",
        fallbacks: &fallbacks,
        headers: HeaderMap::new(),
    };
    let request = ChatRequest {
        messages: vec![Message::text(Role::User, "hello")],
        stream: match form {
            Form::Whole => None,
            Form::Streamed => Some(true),
        },
        ..ChatRequest::default()
    };
    models.ask(target, request, notes).await
}

async fn ask_whole(models: &Models) -> (Result<Reply, ModelError>, Vec<String>) {
    let mut notes = Notes::default();
    let outcome = ask(models, Form::Whole, &mut notes).await;
    (outcome, notes.failures)
}

async fn ask_streamed(models: &Models) -> (Result<Reply, ModelError>, Notes) {
    let mut notes = Notes::default();
    let outcome = ask(models, Form::Streamed, &mut notes).await;
    (outcome, notes)
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_busy_is_asked_again_a_little_later() {
    let api = Api::new([status(503), status(429), whole("hi")]);
    let begun = Instant::now();
    let (reply, failures) = ask_whole(&api.models()).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.answer.content, reply.asked),
        ("hi".into(), "a".into())
    );
    assert_eq!(failures, ["503: a again, 2", "429: a again, 3"]);
    let waited = begun.elapsed();
    let (least, most) = (Duration::from_millis(600), Duration::from_millis(1_200));
    assert!(waited >= least && waited <= most, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_rest_gets_it() {
    let api = Api::new([rest("7"), whole("hi")]);
    let begun = Instant::now();
    assert!(ask_whole(&api.models()).await.0.is_ok());
    assert_eq!(begun.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_an_hour_is_left_for_the_next_model() {
    let api = Api::new([rest("3600"), whole("hi")]);
    let begun = Instant::now();
    let (reply, failures) = ask_whole(&api.models()).await;
    assert_eq!(reply.unwrap().asked, "b");
    assert_eq!(failures, ["429: b instead of a"]);
    assert_eq!(begun.elapsed().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_refused_is_asked_once() {
    let api = Api::new([status(400)]);
    let (outcome, failures) = ask_whole(&api.models()).await;
    assert_eq!(outcome.unwrap_err().status(), StatusCode::BAD_REQUEST);
    assert!(failures.is_empty());
    assert_eq!(api.asked(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_model_is_asked_when_one_keeps_failing() {
    let api = Api::new([status(500), status(502), status(503), status(404)]);
    let (outcome, failures) = ask_whole(&api.models()).await;
    assert!(matches!(outcome, Err(ModelError::Refuse { status, .. }) if status == 404));
    assert_eq!(api.asked(), ["a", "a", "a", "b"]);
    let last = failures.last().map(String::as_str);
    assert_eq!(last, Some("503: b instead of a"));
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_is_never_asked_again() {
    let api = Api::new([streamed(&[(0, word("The ")), (1, word("answer "))])]);
    let (outcome, notes) = ask_streamed(&api.models()).await;
    assert!(matches!(outcome, Err(ModelError::BreakOff(_))));
    assert_eq!(notes.words, "The answer ");
    assert!(notes.failures.is_empty());
    assert_eq!(api.asked(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_before_its_first_word_is_asked_for_again() {
    let empty = streamed(&[(0, word(""))]);
    let error = streamed(&[(0, data(&json!({"error": {"message": "overloaded"}})))]);
    let api = Api::new([empty, error, streamed(&[(0, word("hi")), (0, done())])]);
    let (reply, notes) = ask_streamed(&api.models()).await;
    assert_eq!(reply.unwrap().answer.content, "hi");
    let failures = ["ModelAnswerIncomplete: a again, 2", "502: a again, 3"];
    assert_eq!(
        (notes.words.as_str(), &*notes.failures),
        ("hi", &failures.map(String::from)[..])
    );
}

#[tokio::test(start_paused = true)]
async fn garbage_is_not_asked_for_twice_but_of_the_next_model() {
    let api = Api::new([
        streamed(&[(0, "data: <html>\n\n".into())]),
        streamed(&[(0, done())]),
    ]);
    let (reply, notes) = ask_streamed(&api.models()).await;
    assert_eq!(reply.unwrap().asked, "b");
    assert_eq!(notes.failures, ["ModelAnswerInvalid: b instead of a"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_end_is_given_up_before_it_fills_the_memory() {
    let megabyte = || "x".repeat(1024 * 1024);
    let line = vec![(0, megabyte()); 20];
    let arguments = json!([{"index": 0, "function": {"arguments": megabyte()}}]);
    let choice = json!({"index": 0, "delta": {"tool_calls": arguments}});
    let calls = vec![(0, data(&json!({"choices": [choice]}))); 20];
    for endless in [line, calls] {
        let api = Api::new([streamed(&endless), streamed(&[(0, done())])]);
        let (reply, notes) = ask_streamed(&api.models()).await;
        assert_eq!(reply.unwrap().asked, "b");
        assert_eq!(notes.failures, ["ModelAnswerInvalid: b instead of a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_begin_is_given_up() {
    let silent = streamed(&[(61, word("late"))]);
    let api = Api::new([
        Line::Nothing,
        silent,
        streamed(&[(59, word("hi")), (59, done())]),
    ]);
    let begun = Instant::now();
    let (reply, notes) = ask_streamed(&api.models()).await;
    assert_eq!(reply.unwrap().answer.content, "hi");
    assert_eq!(
        notes.failures,
        ["ModelTimeout: a again, 2", "ModelTimeout: a again, 3"]
    );
    assert_eq!(begun.elapsed().as_secs(), 2 * 60 + 2 * 59);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stops_is_given_up_unless_it_says_that_it_lives() {
    let api = Api::new([streamed(&[(0, word("The ")), (61, word("answer"))])]);
    let error = ask_streamed(&api.models()).await.0.unwrap_err();
    assert_eq!(error.status(), StatusCode::GATEWAY_TIMEOUT);
    let message = format!("the model API at {URL} stopped in the middle of its answer for 60 s");
    assert_eq!(error.to_string(), message);

    let ping = || (50, ": ping\n\n".to_owned());
    let pinging = [ping(), ping(), ping(), (50, word("hi")), (0, done())];
    let api = Api::new([streamed(&pinging)]);
    assert!(ask_streamed(&api.models()).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn all_attempts_together_have_one_deadline() {
    let api = Api::new([Line::Nothing]);
    let begun = Instant::now();
    let (outcome, failures) = ask_whole(&api.models()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), "model_timeout");
    assert!(
        error
            .to_string()
            .ends_with("did not finish its answer within 300 s")
    );
    assert_eq!((begun.elapsed().as_secs(), failures.len()), (300, 0));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_keeps_failing_is_left_alone_for_a_while() {
    // Three attempts, then two more: five failures in a row of each model.
    let api = Api::new((0..10).map(|_| status(500)));
    let models = api.models();
    for _ in 0..2 {
        ask_whole(&models).await.0.unwrap_err();
    }
    assert_eq!(api.asked().len(), 10);
    let begun = Instant::now();
    let error = ask_whole(&models).await.0.unwrap_err();
    assert_eq!(
        (error.status(), error.code()),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "model_circuit_open".to_owned()
        )
    );
    assert!(
        error
            .to_string()
            .contains("is not asked now; try again in "),
        "{error}"
    );
    assert_eq!((begun.elapsed(), api.asked().len()), (Duration::ZERO, 10));

    sleep(Duration::from_secs(30)).await;
    api.script.lock().unwrap().push_back(whole("recovered"));
    assert_eq!(
        ask_whole(&models).await.0.unwrap().answer.content,
        "recovered"
    );
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let settings = ModelSettings {
        retries: Retries {
            min_wait: Duration::from_millis(1),
            ..Retries::default()
        },
        ..ModelSettings::default()
    };
    let models = Models::new(
        Transport::new(http_client()),
        Arc::new(SystemClock),
        settings,
    );
    let target = Target {
        base_url: "http://127.0.0.1:1",
        model: "a",
        fallbacks: &[],
        headers: HeaderMap::new(),
    };
    let mut notes = Notes::default();
    let outcome = models.ask(target, ChatRequest::default(), &mut notes).await;
    let error = outcome.unwrap_err().to_string();
    let expected = "the model API at http://127.0.0.1:1 cannot be reached";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(notes.failures.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_cancelled_decides_nothing() {
    let api = Api::new((0..9).map(|_| Line::Nothing).chain([whole("hi")]));
    let models = api.models();
    for _ in 0..9 {
        let asking = ask_whole(&models);
        assert!(timeout(Duration::from_secs(1), asking).await.is_err());
    }
    assert!(ask_whole(&models).await.0.is_ok());
}
