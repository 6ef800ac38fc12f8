//! What may be asked of one answer besides the message: a seed, a temperature, fewer steps.

use leptos::prelude::*;
use serde_json::{Map, Value};

/// The fields as they are filled in; what is empty is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    seed: String,
    temperature: String,
    max_steps: String,
}

impl Options {
    /// The request's fields. What is no number is not sent: the browser says so at its field.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let whole = |text: &str| text.trim().parse::<u32>().ok().map(Value::from);
        let number = |text: &str| text.trim().parse::<f64>().ok().map(Value::from);
        let fields = [
            ("seed", whole(&self.seed)),
            ("temperature", number(&self.temperature)),
            ("max_steps", whole(&self.max_steps)),
        ];
        let set = fields.into_iter();
        set.filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// The fields, folded until somebody wants them.
pub(super) fn view(options: RwSignal<Options>) -> AnyView {
    let is_set = move || options.with(|options| *options != Options::default());
    let number = |name, label, (min, max, step), set: fn(&mut Options, String)| {
        view! {
            <label>
                <span>{label}</span>
                <input
                    type="number"
                    name=name
                    min=min
                    max=max
                    step=step
                    on:input=move |event| {
                        options.update(|options| set(options, event_target_value(&event)));
                    }
                />
            </label>
        }
        .into_any()
    };
    let fields = [
        number("seed", "Seed", ("0", "4294967295", "1"), |options, text| {
            options.seed = text;
        }),
        number(
            "temperature",
            "Temperature",
            ("0", "2", "any"),
            |options, text| {
                options.temperature = text;
            },
        ),
        number(
            "max_steps",
            "Most steps",
            ("1", "20", "1"),
            |options, text| {
                options.max_steps = text;
            },
        ),
    ];
    view! {
        <details class="chat-options">
            <summary>
                {move || if is_set() { "Options (set)" } else { "Options" }}
            </summary>
            <div class="chat-options-fields">{fields.into_iter().collect_view()}</div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_filled_in_is_asked() {
        assert!(Options::default().fields().is_empty());
        let options = Options {
            seed: "7".to_owned(),
            temperature: "hot".to_owned(),
            max_steps: "2".to_owned(),
        };
        let fields = Value::Object(options.fields());
        assert_eq!(fields, json!({"seed": 7, "max_steps": 2}));
    }
}
