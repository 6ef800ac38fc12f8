//! Styles, scripts, fonts and icons, out of the binary itself.
//!
//! Pages name each with a hash of its content, so browsers may keep it for ever.

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `cargo xtask build` leaves in `target/site`. Empty until then, for `cargo check`.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// For what pages name with a hash of its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const A_DAY: &str = "public, max-age=86400";
const ASK_AGAIN: &str = "no-cache";

/// URLs of the style sheet and the browser part, with the hashes of their content.
pub(crate) fn asset_urls() -> app::Assets {
    app::Assets {
        css: versioned("pkg/kaos.css"),
        js: versioned("pkg/kaos.js"),
        wasm: versioned("pkg/kaos_bg.wasm"),
    }
}

fn versioned(path: &str) -> String {
    match Site::get(path) {
        Some(file) => format!("/{path}?v={}", tag(&file)),
        None => format!("/{path}"),
    }
}

fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    format!(
        "{:016x}",
        hash.iter()
            .take(8)
            .fold(0_u64, |tag, byte| tag << 8 | u64::from(*byte))
    )
}

pub(super) fn router() -> Router {
    let top = |name: &'static str| {
        get(move |headers: HeaderMap| async move { serve(name, &headers, ASK_AGAIN) })
    };
    let folder = |folder: &'static str| {
        get(
            move |Path(path): Path<String>, headers: HeaderMap| async move {
                serve(&format!("{folder}/{path}"), &headers, caching(folder))
            },
        )
    };
    Router::new()
        .route("/pkg/{*path}", folder("pkg"))
        .route("/fonts/{*path}", folder("fonts"))
        .route("/icons.svg", top("icons.svg"))
        .route("/favicon.svg", top("favicon.svg"))
        .route("/favicon.ico", top("favicon.svg"))
}

fn serve(path: &str, request: &HeaderMap, caching: &'static str) -> Response {
    let Some(file) = Site::get(path) else {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    };
    let etag = format!("\"{}\"", tag(&file));
    let known = request
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value == etag.as_str());
    let headers = [
        (header::CONTENT_TYPE, content_type(path).to_owned()),
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::ETAG, etag),
    ];
    if known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, file.data).into_response()
    }
}

fn caching(folder: &str) -> &'static str {
    if folder == "pkg" { FOR_EVER } else { A_DAY }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}
