//! What can be found by name, and what can be done: for the palette and for the page of search.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Ports, kubernetes};
use crate::{
    kinds::{ALL_NAMESPACES, Kind},
    rows,
    search::Hit,
};

/// Hits of one group.
const MOST: usize = 8;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    /// The words.
    q: String,
    /// The namespace whose objects come first.
    ns: String,
}

/// Answers the palette.
pub(super) async fn get(
    State(ports): State<Ports>,
    Query(Question { q, ns }): Query<Question>,
) -> Json<Vec<Hit>> {
    Json(find(&ports, &ns, &q).await)
}

/// Everything that has the words in its name, the best of each group first.
pub(crate) async fn find(ports: &Ports, namespace: &str, words: &str) -> Vec<Hit> {
    let words = words.trim().to_lowercase();
    let mut hits = traces(&words);
    let mut commands = Vec::new();
    for kind in Kind::ALL {
        let objects = objects(ports, kind, namespace).await;
        let found: Vec<_> = objects.iter().filter_map(|one| hit(kind, one)).collect();
        if kind == Kind::Agent {
            commands.extend(objects.iter().filter_map(chat));
        }
        hits.extend(best(found, namespace, &words));
        if kind == Kind::McpServer {
            let tools = objects.iter().flat_map(tools).collect();
            hits.extend(best(tools, namespace, &words));
        }
    }
    commands.extend(standing(namespace));
    hits.extend(best(commands, namespace, &words));
    hits
}

/// Objects of all namespaces; where not all may be read, those of this one. What cannot be read at
/// all is not found.
async fn objects(ports: &Ports, kind: Kind, namespace: &str) -> Vec<Value> {
    match kubernetes::objects(&ports.kube, kind, ALL_NAMESPACES).await {
        Ok(objects) => objects,
        Err(_) => kubernetes::objects(&ports.kube, kind, namespace)
            .await
            .unwrap_or_default(),
    }
}

fn hit(kind: Kind, object: &Value) -> Option<Hit> {
    let (namespace, name) = (rows::namespace(object)?, rows::name(object)?);
    Some(Hit {
        group: kind.heading().to_owned(),
        href: kind.href(&namespace, &name),
        label: name,
        detail: namespace,
    })
}

fn chat(agent: &Value) -> Option<Hit> {
    let (namespace, name) = (rows::namespace(agent)?, rows::name(agent)?);
    Some(Hit {
        group: COMMANDS.to_owned(),
        href: format!("{}/chat", Kind::Agent.href(&namespace, &name)),
        label: format!("Chat with {name}"),
        detail: namespace,
    })
}

fn tools(server: &Value) -> Vec<Hit> {
    let (Some(namespace), Some(name)) = (rows::namespace(server), rows::name(server)) else {
        return Vec::new();
    };
    let tools = server
        .pointer("/status/availableTools")
        .and_then(Value::as_array);
    let tools = tools.into_iter().flatten().filter_map(Value::as_str);
    let hit = |tool: &str| Hit {
        group: "Tools".to_owned(),
        label: tool.to_owned(),
        detail: format!("{name} · {namespace}"),
        href: format!("{}/tools/{tool}", Kind::McpServer.href(&namespace, &name)),
    };
    tools.map(hit).collect()
}

const COMMANDS: &str = "Commands";

/// What can be done anywhere.
fn standing(namespace: &str) -> Vec<Hit> {
    let new_in = match namespace {
        ALL_NAMESPACES | "" => "default",
        namespace => namespace,
    };
    let new = Kind::ALL.map(|kind| (format!("New {}", kind.noun()), kind.new_href(new_in)));
    let places = [
        ("Overview", ""),
        ("Map", "/map"),
        ("Sessions", "/sessions"),
        ("Traces", "/traces"),
    ];
    let places =
        places.map(|(word, page)| (format!("Go to {word}"), format!("/ns/{new_in}{page}")));
    let others = [
        ("Go to Namespaces", "/namespaces"),
        ("Go to System", "/system"),
        ("Go to Settings", "/settings"),
    ];
    let others = others.map(|(word, href)| (word.to_owned(), href.to_owned()));
    let hit = |(label, href)| Hit {
        group: COMMANDS.to_owned(),
        label,
        detail: String::new(),
        href,
    };
    new.into_iter()
        .chain(places)
        .chain(others)
        .map(hit)
        .collect()
}

/// A trace, when there is the id of one in the words; a whole line of a log will do.
fn traces(words: &str) -> Vec<Hit> {
    let is_id = |word: &&str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let id = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(is_id);
    let hit = |id: &str| Hit {
        group: "Traces".to_owned(),
        label: format!("Open trace {id}"),
        detail: String::new(),
        href: format!("/traces/{id}"),
    };
    id.map(hit).into_iter().collect()
}

/// The hits that have the words, best first; of two alike, the one of this namespace.
fn best(hits: Vec<Hit>, namespace: &str, words: &str) -> Vec<Hit> {
    let mut ranked: Vec<_> = hits
        .into_iter()
        .filter_map(|hit| Some((rank(&hit.label.to_lowercase(), words)?, hit)))
        .collect();
    ranked.sort_by_key(|(rank, hit)| (*rank, !hit.detail.contains(namespace)));
    ranked.truncate(MOST);
    ranked.into_iter().map(|(_, hit)| hit).collect()
}

/// How well a name fits, 0 best; `None` when some of the words are not in it.
fn rank(name: &str, words: &str) -> Option<u8> {
    let starts = |name: &str| {
        name.split(['-', ' ', '_', '/'])
            .any(|part| part.starts_with(words))
    };
    if name == words {
        Some(0)
    } else if name.starts_with(words) {
        Some(1)
    } else if starts(name) {
        Some(2)
    } else {
        let all = words.split_whitespace().all(|word| name.contains(word));
        all.then_some(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(label: &str) -> Hit {
        Hit {
            group: COMMANDS.to_owned(),
            label: label.to_owned(),
            detail: "team".to_owned(),
            href: String::new(),
        }
    }

    #[test]
    fn the_best_name_comes_first() {
        let hits = ["web-search", "search", "research", "search-all"].map(named);
        let found = best(hits.to_vec(), "team", "search");
        let labels: Vec<_> = found.iter().map(|hit| hit.label.as_str()).collect();
        assert_eq!(labels, ["search", "search-all", "web-search", "research"]);
        assert!(best(hits.to_vec(), "team", "nothing").is_empty());
    }

    #[test]
    fn a_line_of_a_log_leads_to_its_trace() {
        let id = "fd68d84d0000000000000000000000aa";
        let line = format!("2026-01-02 - [trace_id={id} span_id=01] - asked");
        assert_eq!(traces(&line)[0].href, format!("/traces/{id}"));
        assert!(traces("no id in here").is_empty());
    }

    #[test]
    fn without_words_everything_fits() {
        assert_eq!(rank("anything", ""), Some(1));
    }
}
