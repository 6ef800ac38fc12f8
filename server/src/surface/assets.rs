//! Styles, scripts, fonts and icons, out of the binary itself.
//!
//! What is built has a hash of all of it in its path, so browsers may keep it for ever.

use std::hash::{DefaultHasher, Hasher};

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `cargo xtask build` leaves in `target/site`. Empty until then, for `cargo check`.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// For what has a hash of its build in its path.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const A_DAY: &str = "public, max-age=86400";
/// Icons are drawn again with what they stand for; a page that follows must not ask each time.
const AN_HOUR: &str = "public, max-age=3600";

/// URLs of the style sheet and the browser part. A hash of all of them is part of the path, so that what
/// they load by a relative name is of the same build.
pub(crate) fn asset_urls() -> app::Assets {
    let version = version();
    let url = |name: &str| format!("/pkg/{version}/{name}");
    app::Assets {
        css: url("kaos.css"),
        js: url("kaos.js"),
        wasm: url("kaos_bg.wasm"),
    }
}

/// A hash of everything in `pkg`.
fn version() -> String {
    let mut hash = DefaultHasher::new();
    for path in Site::iter().filter(|path| path.starts_with("pkg/")) {
        if let Some(file) = Site::get(&path) {
            hash.write(path.as_bytes());
            hash.write(&file.metadata.sha256_hash());
        }
    }
    format!("{:016x}", hash.finish())
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
    let current = version();
    let top = |name: &'static str| {
        get(move |headers: HeaderMap| async move { serve(name, &headers, AN_HOUR) })
    };
    let built = move |Path((version, name)): Path<(String, String)>, headers: HeaderMap| async move {
        // A page of an older build must not keep a part of this one under an address of its own.
        if version == current {
            serve(&format!("pkg/{name}"), &headers, FOR_EVER)
        } else {
            not_found()
        }
    };
    let font = |Path(name): Path<String>, headers: HeaderMap| async move {
        serve(&format!("fonts/{name}"), &headers, A_DAY)
    };
    Router::new()
        .route("/pkg/{version}/{name}", get(built))
        .route("/fonts/{name}", get(font))
        .route("/icons.svg", top("icons.svg"))
        .route("/favicon.svg", top("favicon.svg"))
        .route("/favicon.ico", top("favicon.svg"))
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

fn serve(path: &str, request: &HeaderMap, caching: &'static str) -> Response {
    let Some(file) = Site::get(path) else {
        return not_found();
    };
    let etag = format!("\"{}\"", tag(&file));
    let known = request
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value == etag.as_str());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else if let Some(compressed) = compressed(path, request) {
        ([(header::CONTENT_ENCODING, "br")], compressed.data).into_response()
    } else {
        file.data.into_response()
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(path)),
        (header::CACHE_CONTROL, caching),
        (header::VARY, "accept-encoding"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The same file as a release has it beside, for browsers that take it.
fn compressed(path: &str, request: &HeaderMap) -> Option<EmbeddedFile> {
    let accepted = request.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes_brotli = accepted
        .split(',')
        .any(|coding| coding.trim().split(';').next() == Some("br"));
    takes_brotli.then(|| Site::get(&format!("{path}.br")))?
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
