//! What the page of a secret shows: names, never values.

use leptos::prelude::*;
use serde_json::Value;

use crate::{
    components::{facts::Fact, page_head::Panel},
    format,
    rows::text,
};

/// The names of its keys, with the size of what is behind each.
pub(super) fn keys(secret: &Value) -> AnyView {
    let data = secret["data"].as_object();
    let key = |(key, value): (&String, &Value)| {
        let size = format::bytes(decoded_size(value.as_str().unwrap_or_default()));
        view! {
            <li>
                <code>{key.clone()}</code>
                {format!(" {size}")}
            </li>
        }
    };
    let keys = data.into_iter().flatten().map(key).collect_view();
    view! {
        <Panel title="Keys">
            <ul class="name-list">{keys}</ul>
            <p class="panel-note">"Values are written here and never shown again."</p>
        </Panel>
    }
    .into_any()
}

/// Bytes behind a text in base64.
fn decoded_size(base64: &str) -> u64 {
    let digits = base64.trim_end_matches('=').len();
    (digits * 3 / 4) as u64
}

pub(super) fn facts(secret: &Value) -> Vec<(&'static str, Fact)> {
    let created = text(secret, "/metadata/creationTimestamp");
    vec![
        ("Type", Fact::Set(text(secret, "/type"))),
        ("Created (UTC)", Fact::Set(format::minute(&created))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_that_of_the_value_not_of_its_base64() {
        for (base64, bytes) in [("", 0), ("YQ==", 1), ("YWI=", 2), ("YWJj", 3)] {
            assert_eq!(decoded_size(base64), bytes, "{base64}");
        }
    }
}
