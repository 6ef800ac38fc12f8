use std::sync::Arc;

use axum::{Router, body::Body, extract::Request, routing::get};
use futures::StreamExt;
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::{Transport, TransportError};

/// The client that the program uses, for the tests of this crate.
pub(crate) fn http_client() -> reqwest::Client {
    // Another test may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    super::client().unwrap()
}

fn request(uri: &str) -> http::Request<Body> {
    http::Request::get(uri).body(Body::empty()).unwrap()
}

async fn text(response: http::Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_to_our_own_base_url_goes_through_the_router_without_a_socket() {
    let router =
        Router::new().route(
            "/who",
            get(|request: Request| async move {
                request.headers()["host"].to_str().unwrap().to_owned()
            }),
        );
    let transport = Transport::new(http_client());
    // Nothing listens on port 1.
    transport
        .serve_locally("http://127.0.0.1:1/", router)
        .unwrap();
    let response = transport.send(request("http://127.0.0.1:1/who")).await;
    assert_eq!(text(response.unwrap()).await, "127.0.0.1:1");
}

#[tokio::test]
async fn a_request_to_another_host_goes_over_the_network() {
    let tracker = TaskTracker::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let elsewhere = Router::new().route("/who", get(async || "elsewhere"));
    tracker.spawn(async move { axum::serve(listener, elsewhere).await });

    let transport = Transport::new(http_client());
    let here = Router::new().route("/who", get(async || "here"));
    transport.serve_locally("http://127.0.0.1:1", here).unwrap();
    let response = transport.send(request(&format!("{base}/who"))).await;
    assert_eq!(text(response.unwrap()).await, "elsewhere");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_named() {
    let transport = Transport::new(http_client());
    let error = transport.send(request("http://127.0.0.1:1/who")).await;
    let error = error.unwrap_err();
    assert!(matches!(error, TransportError::Connect { .. }));
    assert!(
        error
            .to_string()
            .starts_with("127.0.0.1:1 cannot be reached")
    );
}

#[tokio::test]
async fn dropping_the_body_of_a_local_response_drops_the_work_behind_it() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let router = Router::new().route(
        "/endless",
        get(move || async move {
            let endless = futures::stream::unfold(held, |held| async move {
                Some((Ok::<_, std::convert::Infallible>("tick "), held))
            });
            Body::from_stream(endless)
        }),
    );
    let transport = Transport::new(http_client());
    transport.serve_locally("http://kaos", router).unwrap();
    let response = transport.send(request("http://kaos/endless")).await;
    let mut body = response.unwrap().into_body().into_data_stream();
    assert_eq!(body.next().await.unwrap().unwrap(), "tick ");
    let while_read = Arc::strong_count(&alive);
    drop(body);
    assert!(Arc::strong_count(&alive) < while_read);
}

#[tokio::test]
async fn the_router_is_set_once_and_needs_a_base_url() {
    let transport = Transport::new(http_client());
    let wrong = transport.serve_locally("/agents", Router::new());
    assert!(matches!(wrong, Err(TransportError::ParseBaseUrl { .. })));
    transport
        .serve_locally("http://kaos", Router::new())
        .unwrap();
    let again = transport.serve_locally("http://kaos", Router::new());
    assert!(matches!(again, Err(TransportError::AlreadyLocal)));
}
