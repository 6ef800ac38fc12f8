//! Vectors of texts, as the mock provider makes them: texts with the same words are near each other.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{super::answer::Bill, GatewayError, reply};

/// How many numbers a vector has where nobody says.
const DIMENSIONS: usize = 64;
/// The most that are made.
const MAX_DIMENSIONS: usize = 4096;

/// `POST /v1/embeddings`.
#[derive(Deserialize)]
pub(in crate::gateway) struct EmbedRequest {
    input: Input,
    #[serde(default)]
    encoding_format: Option<String>,
    #[serde(default)]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

/// The vectors of the request's texts.
pub(in crate::gateway) fn embed(
    model: &str,
    request: &EmbedRequest,
    mut bill: Bill,
) -> Result<Response, GatewayError> {
    let texts = match &request.input {
        Input::One(text) => std::slice::from_ref(text),
        Input::Many(texts) => texts,
    };
    let dimensions = request.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        let message = format!("dimensions must be between 1 and {MAX_DIMENSIONS}");
        return Err(GatewayError::Pretend(message));
    }
    let as_bytes = request.encoding_format.as_deref() == Some("base64");
    let data: Vec<Value> = (0..)
        .zip(texts)
        .map(|(index, text): (u32, _)| {
            let vector = vector(text, dimensions);
            let embedding = if as_bytes {
                let bytes: Vec<u8> = vector.iter().flat_map(|part| part.to_le_bytes()).collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let characters = texts.iter().map(|text| text.chars().count()).sum();
    let usage = bill.tell(reply::used(characters, 0));
    bill.span.answered();
    let body = json!({"object": "list", "data": data, "model": model, "usage": usage});
    Ok(Json(body).into_response())
}

/// Each word adds to one of the numbers; all together have the length one.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    for word in text.split_whitespace() {
        let mut hasher = DefaultHasher::new();
        word.to_lowercase().hash(&mut hasher);
        let place = hasher.finish() % dimensions as u64;
        if let Some(part) = vector.get_mut(usize::try_from(place).unwrap_or_default()) {
            *part += 1.0;
        }
    }
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
    if length > 0.0 {
        for part in &mut vector {
            *part /= length;
        }
    }
    vector
}
