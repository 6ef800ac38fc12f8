//! The pages of one agent, as tabs.

use leptos::prelude::*;

/// A page of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentTab {
    /// What it is and how it is.
    Overview,
    /// Talking to it.
    Chat,
    /// Its object.
    Yaml,
}

impl AgentTab {
    const ALL: [Self; 3] = [Self::Overview, Self::Chat, Self::Yaml];

    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Chat => "Chat",
            Self::Yaml => "YAML",
        }
    }

    /// The page's address.
    pub fn href(self, namespace: &str, name: &str) -> String {
        match self {
            Self::Overview => format!("/ns/{namespace}/agents/{name}"),
            Self::Chat => format!("/ns/{namespace}/agents/{name}/chat"),
            Self::Yaml => format!("/ns/{namespace}/agents/{name}/yaml"),
        }
    }
}

/// Links to the pages of an agent; the current one is marked.
#[component]
pub fn AgentTabs(
    /// Namespace of the agent.
    namespace: String,
    /// Name of the agent.
    name: String,
    /// The page that is open.
    current: AgentTab,
) -> impl IntoView {
    let tab = |tab: AgentTab| {
        view! {
            <li>
                <a
                    class="tabs-tab"
                    href=tab.href(&namespace, &name)
                    aria-current=(tab == current).then_some("page")
                >
                    {tab.label()}
                </a>
            </li>
        }
    };
    view! {
        <nav class="tabs" aria-label=format!("Agent {name}")>
            <ul>{AgentTab::ALL.map(tab).collect_view()}</ul>
        </nav>
    }
}
