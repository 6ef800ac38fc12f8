//! What islands ask of the browser itself.

use js_sys::{Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, RequestInit, Response};

/// Sends a request.
pub(crate) async fn fetch(path: &str, init: &RequestInit) -> Result<Response, JsValue> {
    let response = window().fetch_with_str_and_init(path, init);
    JsFuture::from(response).await?.dyn_into()
}

/// The whole body of an answer.
pub(crate) async fn body(response: &Response) -> Result<String, JsValue> {
    let body = JsFuture::from(response.text()?).await?;
    Ok(body.as_string().unwrap_or_default())
}

/// Reads a body to its end, piece by piece as it comes.
pub(crate) async fn pieces(
    response: &Response,
    mut hear: impl FnMut(&[u8]),
) -> Result<(), JsValue> {
    let Some(body) = response.body() else {
        return Ok(());
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let piece = JsFuture::from(reader.read()).await?;
        let is_done = Reflect::get(&piece, &"done".into()).is_ok_and(|done| done.is_truthy());
        if is_done {
            return Ok(());
        }
        let value = Reflect::get(&piece, &"value".into())?;
        hear(&Uint8Array::new(&value).to_vec());
    }
}

/// What `path` answers; `None` unless it answers well.
pub(crate) async fn get(path: &str) -> Option<String> {
    let response = fetch(path, &RequestInit::new()).await.ok()?;
    if !response.ok() {
        return None;
    }
    body(&response).await.ok()
}

/// Why something failed, in the browser's words.
pub(crate) fn reason(error: &JsValue) -> String {
    let reason = Reflect::get(error, &"message".into()).ok();
    let reason = reason.and_then(|reason| reason.as_string());
    reason.unwrap_or_else(|| "no reason given".to_owned())
}

/// Text as it may stand in a query.
pub(crate) fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// Changes the address without loading anything.
pub(crate) fn replace_address(path: &str) {
    // A browser that refuses keeps the old address, which still works.
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(path));
    }
}

/// Opens a page in place of this one.
pub(crate) fn open(href: &str) {
    drop(window().location().set_href(href));
}
