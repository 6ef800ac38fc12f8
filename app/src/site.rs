//! The dashboard's HTTP side: which requests it answers, and what a page is given to answer them.
//!
//! Reading is one handler: the pages' own routes live in `shell`. Writing is a handler per form.

pub(crate) mod access;
pub(crate) mod calls;
mod cookies;
mod csrf;
mod csv;
pub(crate) mod dependants;
mod failure;
mod flash;
mod forms;
pub(crate) mod kubernetes;
mod log_file;
pub(crate) mod manifest;
pub(crate) mod mcp;
mod metric_file;
pub(crate) mod model;
mod ports;
mod preferences;
pub(crate) mod prices;
mod run_file;
pub(crate) mod runs;
pub(crate) mod search;
mod span_file;
mod trace_file;
pub(crate) mod traffic;
mod visitor;

use calls::Calls;
pub(crate) use csrf::CsrfToken;
pub(crate) use failure::Failure;
pub(crate) use flash::Flash;
pub(crate) use forms::{
    Refused,
    alert::{AlertForm, MEASURES, WebhookForm},
    bulk::ids_of,
    delete::Deletion,
    import::{FILE, Imported, Taken},
    model as model_form,
    namespace::NamespaceForm,
    prices as price_form, replay as replay_form, resource as resource_forms,
    secret::SecretForm,
    tool as tool_form,
    yaml::YamlForm,
};
pub use ports::{Assets, Ports};
pub(crate) use preferences::{Navigation, Preference, Shortcuts};
pub(crate) use visitor::Visitor;

use std::time::Instant;

use any_spawner::Executor;
use api::traces::{LogQuery, TraceId};
use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderValue, Method, StatusCode, header};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;

use crate::{
    kinds::Kind,
    markdown::{LONGEST, Markdown},
    pages::traces::{known, layout},
    shell::shell,
};

/// All pages and forms of the dashboard. Static files are not among them.
///
/// Whatever no route takes becomes a page that says so, with status 404.
pub fn router(ports: Ports) -> Router {
    // Leptos runs what it spawns on the caller's runtime. It is told once per process, and a second
    // time does no harm.
    drop(Executor::init_tokio());
    Router::new()
        .route("/", get(home))
        .route("/preferences", post(forms::preferences::post))
        .route("/settings/prices", post(forms::prices::post))
        .route("/api/search", get(search::get))
        .route("/api/traffic", get(traffic::get))
        .route(
            "/api/markdown",
            post(markdown).layer(DefaultBodyLimit::max(LONGEST)),
        )
        .route("/traces/{id}/skeleton", get(skeleton))
        .route("/traces/{id}/spans.csv", get(span_file::get))
        .route("/traces/{id}/trace.html", get(run_file::get))
        .route("/ns/{ns}/traces.jsonl", get(trace_file::get))
        .route(
            "/ns/{ns}/traces/import",
            // It counts by itself, and says what is too much.
            post(forms::import::post).layer(DefaultBodyLimit::disable()),
        )
        .route("/ns/{ns}/logs.ndjson", get(log_file::get))
        .route("/ns/{ns}/metrics.csv", get(metric_file::get))
        .route("/traces/{id}/replay", post(forms::replay::post))
        .route("/ns/{ns}/traces/searches", post(forms::search::save))
        .route(
            "/ns/{ns}/traces/searches/delete",
            post(forms::search::delete),
        )
        .route("/exceptions/decide", post(forms::exception::decide))
        .route("/namespaces/open", get(open_namespace))
        .route("/namespaces", post(forms::namespace::create))
        .route("/namespaces/{name}/delete", post(forms::namespace::delete))
        .route("/ns/{ns}/alerts", post(forms::alert::webhooks))
        .route("/alerts/new", post(forms::alert::create))
        .route("/alerts/{name}", post(forms::alert::change))
        .route("/alerts/{name}/delete", post(forms::alert::delete))
        .route("/alerts/{name}/silence", post(forms::alert::silence))
        .route("/ns/{ns}/secrets/new", post(forms::secret::create))
        .route("/ns/{ns}/secrets/{name}/edit", post(forms::secret::change))
        .route(
            "/ns/{ns}/mcpservers/{name}/tools/{tool}",
            post(forms::tool::post),
        )
        .route("/ns/{ns}/modelapis/{name}/debug", post(forms::model::post))
        .route("/ns/{ns}/agents/{name}/chat", post(forms::chat::begin))
        .route(
            "/ns/{ns}/agents/{name}/chat/{session}",
            post(forms::chat::go_on),
        )
        .route(
            "/ns/{ns}/agents/{name}/memory/{session}/delete",
            post(forms::memory::post),
        )
        .route("/ns/{ns}/{plural}/{name}/yaml", post(forms::yaml::post))
        .route("/ns/{ns}/{plural}/{name}/yaml/download", get(download))
        .route("/ns/{ns}/{plural}/new", post(forms::resource::create))
        .route("/ns/{ns}/{plural}/_check", post(forms::resource::check))
        .route(
            "/ns/{ns}/{plural}/{name}/edit",
            post(forms::resource::change),
        )
        .route("/ns/{ns}/{plural}/_bulk", post(forms::bulk::post))
        .route("/ns/{ns}/{plural}/_delete", post(forms::bulk::delete))
        .route("/ns/{ns}/{plural}/{name}/delete", post(forms::delete::post))
        .fallback(page)
        .method_not_allowed_fallback(page)
        .layer(Extension(Calls::default()))
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

/// Leads to a namespace whose name somebody typed.
async fn open_namespace(Query(fields): Query<Vec<(String, String)>>) -> Redirect {
    let name = fields.into_iter().find(|(field, _)| field == "name");
    let name = name.map(|(_, name)| name.trim().to_owned());
    let is_name = |name: &String| api::validation::name_problem(name, 63).is_none();
    let name = name.filter(is_name).unwrap_or_else(|| "default".to_owned());
    Redirect::to(&format!("/ns/{name}"))
}

/// The YAML of one object, as a file.
async fn download(
    State(ports): State<Ports>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let Some(kind) = Kind::of_plural(&plural) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let object = kubernetes::get(&ports.kube, kind, &namespace, &name).await?;
    let yaml = manifest::exported(object).unwrap_or_else(|error| format!("# {error}\n"));
    Ok((manifest::headers(&name), yaml).into_response())
}

/// The tree of a text, for a browser that watched it grow.
async fn markdown(text: String) -> Json<Markdown> {
    Json(Markdown::of(&text))
}

/// All spans of a trace, without their details.
async fn skeleton(State(ports): State<Ports>, Path(id): Path<String>) -> Result<Response, Failure> {
    let known = match TraceId::parse(&id) {
        Some(id) => known(&ports, id).await?,
        None => None,
    };
    let Some(known) = known else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let query = LogQuery {
        trace_id: Some(known.trace.id),
        ..LogQuery::default()
    };
    // Without its logs a trace is still worth drawing.
    let logs = ports.logs.logs(&query).await.unwrap_or_default();
    let bytes = layout::skeleton(&known.trace, known.is_running, &logs).encode();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
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
    let flash = Flash::of(request.headers());
    let calls = request.extensions().get::<Calls>().cloned();
    let set_cookies = [
        csrf.set_cookie(),
        visitor.remember_namespace(request.uri().path()),
        flash.as_ref().and_then(|_| Flash::forget()),
    ];
    let assets = ports.assets.clone();
    let begun = Instant::now();
    let draw = leptos_axum::render_app_async_with_context(
        move || {
            provide_page_context(&ports, &visitor, &csrf);
            if let Some(flash) = flash.clone() {
                provide_context(flash);
            }
            provide_context(calls.clone().unwrap_or_default());
            provide();
        },
        move || shell(&assets),
    );
    let mut response = draw(request).await;
    let headers = response.headers_mut();
    for cookie in set_cookies.into_iter().flatten() {
        headers.append(header::SET_COOKIE, cookie);
    }
    let timing = format!("render;dur={:.1}", begun.elapsed().as_secs_f64() * 1e3);
    if let Ok(timing) = HeaderValue::from_str(&timing) {
        headers.insert("server-timing", timing);
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

#[cfg(test)]
mod tests;
