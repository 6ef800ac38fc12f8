//! The router: which path and verb leads where.

mod objects;

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::Method;

use crate::{ApiServer, discovery, openapi, refusal::Refusal, target::Target};

/// All paths, relative to where the router is mounted.
pub(crate) fn router(server: ApiServer) -> Router {
    Router::new().fallback(serve).with_state(server)
}

/// One way in for everything: Kubernetes' paths depend on which kinds are defined, so there is
/// nothing axum could route by.
async fn serve(State(server): State<ApiServer>, request: Request) -> Response {
    match answer(server, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(server: ApiServer, request: Request) -> Result<Response, Refusal> {
    let target = Target::parse(request.uri().path()).ok_or_else(Refusal::no_such_path)?;
    let document = match target {
        Target::Objects(path) => return objects::answer(server, path, request).await,
        _ if request.method() != Method::GET => return Err(Refusal::method_not_allowed()),
        Target::Health => return Ok("ok".into_response()),
        Target::Version => discovery::version(),
        Target::CoreVersions => discovery::core_versions(),
        Target::Groups => discovery::groups(&server.kinds()),
        Target::Group(name) => discovery::group(&server.kinds(), &name)?,
        Target::Resources(api) => discovery::resources(&server.kinds(), &api)?,
        Target::OpenApiIndex => openapi::index(&server.kinds()),
        Target::OpenApi(api) => openapi::document(&server.kinds(), &api)?,
    };
    Ok(Json(document).into_response())
}
