//! Both readers are held to one contract; then what only the one over HTTP can get wrong.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::traces::{ReadError, TraceQuery, TraceReader};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use servers::{Jaeger, Storage};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use traces::{JaegerClient, JaegerSettings, jaeger, otlp_grpc};

use crate::contract::{Kinds, trace_reader_contract};
use crate::support::{NOW_NS, Running, TestClock, folder, span, trace_id, write};

/// Serves routers until it is dropped.
#[derive(Default)]
struct Served(JoinSet<()>);

impl Served {
    async fn serve(&mut self, router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr: SocketAddr = listener.local_addr().unwrap();
        self.0
            .spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{addr}")
    }
}

fn http() -> reqwest::Client {
    // Tests talk plain HTTP; reqwest still wants to know how it would encrypt.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::new()
}

fn settings(url: &str) -> JaegerSettings {
    JaegerSettings {
        url: url.to_owned(),
        headers: HeaderMap::new(),
        timeout: Duration::from_mins(1),
    }
}

fn client(url: &str) -> JaegerClient {
    JaegerClient::new(http(), settings(url), Arc::new(TestClock::at(NOW_NS)))
}

#[tokio::test]
async fn the_built_in_store_keeps_the_contract() {
    let folder = folder();
    let running = Running::open(&folder);
    let mut served = Served::default();
    let grpc = otlp_grpc(running.store.clone()).into_axum_router();
    let otlp = served.serve(grpc).await;
    trace_reader_contract(&running.store, &otlp, Kinds::Kept).await;
    running.shut_down().await;
}

#[tokio::test]
async fn the_built_in_store_keeps_the_contract_over_jaegers_api() {
    let folder = folder();
    let running = Running::open(&folder);
    let mut served = Served::default();
    let grpc = otlp_grpc(running.store.clone()).into_axum_router();
    let otlp = served.serve(grpc).await;
    let api = Router::new().nest("/jaeger", jaeger(running.store.clone()));
    let url = served.serve(api).await;
    trace_reader_contract(&client(&format!("{url}/jaeger/")), &otlp, Kinds::Kept).await;
    running.shut_down().await;
}

#[tokio::test]
async fn the_built_in_store_keeps_the_contract_over_jaegers_older_api() {
    let folder = folder();
    let running = Running::open(&folder);
    running.clock.advance(Duration::from_secs(1));
    let mut served = Served::default();
    let grpc = otlp_grpc(running.store.clone()).into_axum_router();
    let otlp = served.serve(grpc).await;
    let api = jaeger(running.store.clone()).layer(middleware::from_fn(without_v3));
    let url = served.serve(api).await;
    trace_reader_contract(&client(&url), &otlp, Kinds::Kept).await;
    running.shut_down().await;
}

/// A Jaeger from before `/api/v3`: it sends its user interface for what it does not know.
async fn without_v3(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/v3") {
        return "<!doctype html><title>Jaeger UI</title>".into_response();
    }
    next.run(request).await
}

#[tokio::test]
async fn jaeger_with_its_memory_keeps_the_contract() {
    let Some(jaeger) = Jaeger::start(Storage::Memory).await else {
        return;
    };
    trace_reader_contract(&client(&jaeger.query), &jaeger.otlp_grpc, Kinds::Kept).await;
}

#[tokio::test]
async fn jaeger_with_badger_keeps_the_contract() {
    let Some(jaeger) = Jaeger::start(Storage::Badger).await else {
        return;
    };
    trace_reader_contract(&client(&jaeger.query), &jaeger.otlp_grpc, Kinds::Lost).await;
}

#[tokio::test]
async fn jaegers_older_api_keeps_the_contract() {
    let Some(jaeger) = Jaeger::start(Storage::Memory).await else {
        return;
    };
    let mut served = Served::default();
    let older = Router::new()
        .fallback(pass_on)
        .layer(middleware::from_fn(without_v3))
        .with_state(jaeger.query.clone());
    let url = served.serve(older).await;
    trace_reader_contract(&client(&url), &jaeger.otlp_grpc, Kinds::Kept).await;
}

async fn pass_on(State(to): State<String>, request: Request) -> Response {
    let asked = request.uri().path_and_query().unwrap();
    let answer = http().get(format!("{to}{asked}")).send().await.unwrap();
    let status = answer.status();
    (status, answer.bytes().await.unwrap()).into_response()
}

/// The reason why a reader at `url` cannot list services.
async fn failure(settings: JaegerSettings) -> String {
    let client = JaegerClient::new(http(), settings, Arc::new(TestClock::at(NOW_NS)));
    client.services().await.unwrap_err().to_string()
}

#[tokio::test]
async fn headers_go_with_every_question_and_are_named_when_they_are_refused() {
    let folder = folder();
    let running = Running::open(&folder);
    write(&running.store, "a", vec![span(1, 1, None)]).await;
    let mut served = Served::default();
    let api = jaeger(running.store.clone()).layer(middleware::from_fn(with_token));
    let url = served.serve(api).await;

    let refused = failure(settings(&url)).await;
    assert!(
        refused.contains("401") && refused.contains("check the token"),
        "{refused}"
    );

    let mut allowed = settings(&url);
    let mut token = HeaderValue::from_static("Bearer secret-token");
    token.set_sensitive(true);
    allowed.headers.insert("authorization", token);
    assert!(!format!("{allowed:?}").contains("secret-token"));
    let client = JaegerClient::new(http(), allowed, Arc::new(TestClock::at(NOW_NS)));
    assert_eq!(client.services().await.unwrap(), ["a"]);
    assert!(client.trace(trace_id(1)).await.unwrap().is_some());
    assert_eq!(
        client.search(&TraceQuery::default()).await.unwrap().len(),
        1
    );
    running.shut_down().await;
}

async fn with_token(request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization");
    if token.is_none_or(|token| token != "Bearer secret-token") {
        return (StatusCode::UNAUTHORIZED, "no token").into_response();
    }
    next.run(request).await
}

#[tokio::test]
async fn a_failure_says_what_to_check() {
    let mut served = Served::default();
    let silent = Router::new().fallback(std::future::pending::<StatusCode>);
    let mut hasty = settings(&served.serve(silent).await);
    hasty.timeout = Duration::from_millis(50);
    let late = failure(hasty).await;
    assert!(late.contains("did not answer within 50ms"), "{late}");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let unreachable = failure(settings(&nobody)).await;
    assert!(
        unreachable.contains(&format!("{nobody} cannot be reached")),
        "{unreachable}"
    );

    let pages = Router::new().fallback(|| async { "<html>somebody else</html>" });
    let other = failure(settings(&served.serve(pages).await)).await;
    assert!(other.contains("does not answer as Jaeger"), "{other}");

    let broken = Router::new().fallback(|| async { r#"{"services": 7}"# });
    let unread = failure(settings(&served.serve(broken).await)).await;
    assert!(unread.contains("answer cannot be read"), "{unread}");

    let ill = r#"{"error":{"httpCode":500,"message":"the disk is full"}}"#;
    let ill =
        Router::new().fallback(move || async move { (StatusCode::INTERNAL_SERVER_ERROR, ill) });
    let said = failure(settings(&served.serve(ill).await)).await;
    assert!(said.contains("the disk is full"), "{said}");
}

#[tokio::test]
async fn a_storage_that_needs_a_service_is_asked_for_each() {
    let folder = folder();
    let running = Running::open(&folder);
    for (trace, service) in [(1, "a"), (2, "b")] {
        write(&running.store, service, vec![span(trace, trace, None)]).await;
    }
    let mut served = Served::default();
    let api = jaeger(running.store.clone()).layer(middleware::from_fn(needs_service));
    let client = client(&served.serve(api).await);
    for _ in 0..2 {
        let found = client.search(&TraceQuery::default()).await.unwrap();
        let ids: Vec<_> = found.iter().map(|summary| summary.id).collect();
        assert_eq!(ids, [trace_id(2), trace_id(1)]);
    }
    running.shut_down().await;
}

/// Cassandra behind Jaeger.
async fn needs_service(request: Request<Body>, next: Next) -> Response {
    let uri = request.uri();
    let searches = uri.path() == "/api/v3/trace-summaries";
    if searches
        && !uri
            .query()
            .is_some_and(|query| query.contains("serviceName"))
    {
        let message = "this storage backend requires a service name to search";
        let error = format!(r#"{{"error":{{"httpCode":400,"message":"{message}"}}}}"#);
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    next.run(request).await
}

#[tokio::test]
async fn a_question_that_jaeger_refuses_is_told_with_its_words() {
    let refusing = Router::new().fallback(|| async {
        let error = r#"{"error":{"httpCode":400,"message":"malformed parameter query.filter"}}"#;
        (StatusCode::BAD_REQUEST, error)
    });
    let mut served = Served::default();
    let client = client(&served.serve(refusing).await);
    let query = TraceQuery {
        service: Some("a".to_owned()),
        ..TraceQuery::default()
    };
    let refused = client.search(&query).await.unwrap_err();
    assert!(matches!(refused, ReadError::Unsupported(_)), "{refused:?}");
    assert!(
        refused
            .to_string()
            .contains("malformed parameter query.filter")
    );
}
