//! The dashboard's HTTP side: which requests it answers, and what a page is given to answer them.
//!
//! Reading is one handler: the pages' own routes live in `shell`. Writing is a handler per form.

mod cookies;
mod csrf;
mod failure;
mod forms;
pub(crate) mod kubernetes;
mod ports;
mod visitor;

pub(crate) use csrf::CsrfToken;
pub(crate) use failure::Failure;
pub(crate) use forms::{Refused, agent::AgentForm};
pub use ports::{Assets, Ports};
pub(crate) use visitor::{Theme, Visitor};

use any_spawner::Executor;
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderValue, Method, StatusCode, header};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;

use crate::shell::shell;

/// All pages and forms of the dashboard. Static files are not among them.
///
/// Whatever no route takes becomes a page that says so, with status 404.
pub fn router(ports: Ports) -> Router {
    // Leptos runs what it spawns on the caller's runtime. It is told once per process, and a second
    // time does no harm.
    drop(Executor::init_tokio());
    Router::new()
        .route("/", get(home))
        .route("/theme", post(forms::theme::post))
        .route("/ns/{ns}/agents/new", post(forms::agent::post))
        .route("/ns/{ns}/agents/{name}/delete", post(forms::delete::post))
        .fallback(page)
        .method_not_allowed_fallback(page)
        .with_state(ports)
}

/// Sends to the last namespace, else to the first that has agents, else to `default`.
async fn home(State(ports): State<Ports>, request: Request) -> Result<Redirect, Failure> {
    let visitor = Visitor::of(request.headers());
    let known = kubernetes::namespaces(&ports.kube).await?;
    let last = visitor.namespace.filter(|last| known.contains(last));
    let namespace = match last {
        Some(namespace) => namespace,
        None => kubernetes::first_namespace_with_agents(&ports.kube)
            .await?
            .unwrap_or_else(|| "default".to_owned()),
    };
    Ok(Redirect::to(&format!("/ns/{namespace}")))
}

async fn page(State(ports): State<Ports>, request: Request) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => render(ports, request, || ()).await,
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// Draws the page of the request's path. `provide` adds what this one rendering knows besides.
async fn render(
    ports: Ports,
    request: Request<Body>,
    provide: impl Fn() + Clone + Send + Sync + 'static,
) -> Response {
    let visitor = Visitor::of(request.headers());
    let csrf = CsrfToken::of(request.headers());
    let set_cookies = [
        csrf.set_cookie(),
        visitor.remember_namespace(request.uri().path()),
    ];
    let assets = ports.assets.clone();
    let draw = leptos_axum::render_app_async_with_context(
        move || {
            provide_page_context(&ports, &visitor, &csrf);
            provide();
        },
        move || shell(&assets),
    );
    let mut response = draw(request).await;
    for cookie in set_cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The one place that says what a page can ask for by `use_context`.
fn provide_page_context(ports: &Ports, visitor: &Visitor, csrf: &CsrfToken) {
    provide_context(ports.clone());
    provide_context(visitor.clone());
    provide_context(csrf.clone());
    let options = expect_context::<ResponseOptions>();
    let nonce = use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    // Styles may be written in attributes: the bars of a trace are placed by them.
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self' \
         'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            options.insert_header(name, value);
        }
    }
}

/// Draws again the page a form was posted to, with the status that says what was wrong.
async fn render_again<T: Clone + Send + Sync + 'static>(
    ports: Ports,
    head: http::request::Parts,
    status: StatusCode,
    form: T,
) -> Response {
    let request = Request::from_parts(head, Body::empty());
    render(ports, request, move || {
        provide_context(form.clone());
        expect_context::<ResponseOptions>().set_status(status);
    })
    .await
}

/// The names in the path of an agent's page.
type AgentPath = Path<(String, String)>;

#[cfg(test)]
mod tests;
