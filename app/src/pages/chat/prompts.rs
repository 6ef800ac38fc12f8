//! What one could ask an agent for a beginning, made of what its tools say of themselves and of the
//! agents it may ask.

use leptos::prelude::*;
use serde_json::Value;

use crate::{frame::CsrfField, untrusted::visible};

/// How many are offered.
const MOST: usize = 3;
/// Letters of a tool's description that are repeated.
const LONGEST: usize = 100;

/// The prompts of an agent with this card, and with these agents to ask.
pub(super) fn prompts(card: &Value, peers: &[String]) -> Vec<String> {
    let skills = card["skills"].as_array().into_iter().flatten();
    let of_tools = skills.filter_map(|skill| {
        let name = skill["name"].as_str()?;
        let what = purpose(skill["description"].as_str().unwrap_or_default());
        Some(match what.as_str() {
            "" => format!("Show me what {name} does"),
            what => format!("Use {name}: {what}"),
        })
    });
    let of_peers = peers
        .iter()
        .map(|peer| format!("Ask {peer} what it can do"));
    let always = ["What can you do?".to_owned()];
    of_tools.chain(of_peers).chain(always).take(MOST).collect()
}

/// The first sentence of a description, without its end and with a small letter.
fn purpose(description: &str) -> String {
    let line = description.trim().lines().next().unwrap_or_default();
    let sentence = line.split(". ").next().unwrap_or_default();
    let sentence = sentence.trim_end_matches('.');
    let short: String = sentence.chars().take(LONGEST).collect();
    let mut letters = short.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A button for each, which sends it.
pub(super) fn view(prompts: &[String], action: &str) -> AnyView {
    let button = |prompt: &String| {
        let shown = visible(prompt).into_owned();
        view! {
            <li>
                <form method="post" action=action.to_owned()>
                    <CsrfField />
                    <input type="hidden" name="message" value=prompt.clone() />
                    <button class="button" type="submit">
                        {shown}
                    </button>
                </form>
            </li>
        }
    };
    let buttons = prompts.iter().map(button).collect_view();
    view! {
        <p class="chat-meta">"For a beginning"</p>
        <ul class="chat-prompts" aria-label="Prompts for a beginning">
            {buttons}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prompts_are_made_of_tools_then_of_agents() {
        let card = json!({"skills": [
            {"name": "add", "description": "Add two numbers together. Exactly.\nSlowly."},
            {"name": "wait", "description": ""},
        ]});
        let peers = ["researcher".to_owned(), "analyst".to_owned()];
        let expected = [
            "Use add: add two numbers together",
            "Show me what wait does",
            "Ask researcher what it can do",
        ];
        assert_eq!(prompts(&card, &peers), expected);
        assert_eq!(prompts(&Value::Null, &[]), ["What can you do?"]);
    }
}
