//! The one port: who answers which path.
//!
//! | path | who |
//! |---|---|
//! | `/` | the dashboard |
//! | `/kube` | the embedded Kubernetes API |
//! | `/agents`, `/modelapis`, `/mcpservers`, `/api/runs` | the runtime |
//! | `/v1/traces`, `/v1/metrics`, `/v1/logs`, OTLP over gRPC, `/jaeger` | the telemetry store |
//! | `/api/export`, `/api/import` | the telemetry store, as files |
//! | `/api/alerts` | what is bad, and the rules of what is |
//! | `/metrics` | what all agents measured, for Prometheus |
//! | `/api/live` | the browser's WebSocket |
//! | `/api/status` | how it goes with telemetry |

mod assets;
mod guard;
mod health;
pub(crate) mod live;
mod status;

use axum::{Router, middleware, routing::get};
use http::HeaderMap;
use runtime::telemetry::{Exposition, Pipeline};
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{NotForContentType, SizeAbove},
};

pub(crate) use assets::asset_urls;
pub(crate) use guard::Guard;
pub(crate) use health::Readiness;

/// The parts that answer.
pub(crate) struct Parts {
    /// Pages, forms and server functions.
    pub(crate) dashboard: Router,
    /// `/agents/…`, `/modelapis/…`, `/mcpservers/…` and `/api/runs/…`.
    pub(crate) runtime: Router,
    /// The Kubernetes API, with paths at its root.
    pub(crate) kube: Router,
    /// OTLP over HTTP and gRPC.
    pub(crate) telemetry: Router,
    /// Jaeger's query API, with paths at its root.
    pub(crate) jaeger: Router,
    /// The browser's WebSocket.
    pub(crate) live: Router,
    /// What agents emit, and how it goes with it.
    pub(crate) pipeline: Pipeline,
}

/// Everything on one port.
pub(crate) fn router(parts: Parts, guard: Guard, readiness: Readiness) -> Router {
    let Parts {
        dashboard,
        runtime,
        kube,
        telemetry,
        jaeger,
        live,
        pipeline,
    } = parts;
    let pages = dashboard.merge(assets::router()).layer(compression());
    let router = Router::new()
        .merge(runtime)
        .merge(telemetry)
        .nest("/kube", kube)
        .nest("/jaeger", jaeger)
        .merge(live)
        .merge(health::router(readiness))
        .merge(status::router(pipeline.clone()))
        .merge(metrics(pipeline))
        .merge(pages);
    guarded(router, guard)
}

/// `/metrics`: what all agents measured.
fn metrics(pipeline: Pipeline) -> Router {
    let read = |headers: HeaderMap| async move {
        let form = Exposition::asked(&headers);
        form.answer(pipeline.exposition(form))
    };
    Router::new().route("/metrics", get(read))
}

/// Keeps other web sites out of a router.
pub(crate) fn guarded(router: Router, guard: Guard) -> Router {
    router.layer(middleware::from_fn_with_state(guard, guard::check))
}

/// Pages and assets are compressed; streams of events must not wait for a full block.
fn compression() -> CompressionLayer<impl Predicate> {
    let predicate = SizeAbove::new(1024)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("font/"));
    CompressionLayer::new().compress_when(predicate)
}
