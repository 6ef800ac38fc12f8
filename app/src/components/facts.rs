//! Labels and their values.

use leptos::prelude::*;

/// A value, and whether somebody chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Written in the resource.
    Set(String),
    /// What holds because nothing is written.
    Default(String),
}

impl Fact {
    /// The value written, or what holds without it.
    pub fn of<T: ToString>(set: Option<T>, default: impl ToString) -> Self {
        match set {
            Some(value) => Self::Set(value.to_string()),
            None => Self::Default(default.to_string()),
        }
    }
}

/// A list of labels and values; defaults say that they are.
#[component]
pub fn Facts(
    /// Label and value of each line.
    facts: Vec<(&'static str, Fact)>,
) -> impl IntoView {
    let line = |(label, fact)| {
        let value = match fact {
            Fact::Set(value) => view! { <dd>{value}</dd> }.into_any(),
            Fact::Default(value) => view! {
                <dd>
                    {value} " " <span class="facts-default">"default"</span>
                </dd>
            }
            .into_any(),
        };
        view! {
            <div>
                <dt>{label}</dt>
                {value}
            </div>
        }
    };
    view! { <dl class="facts">{facts.into_iter().map(line).collect_view()}</dl> }
}
