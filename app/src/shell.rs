//! The document around every page, and which page a path leads to.

use leptos::{nonce::use_nonce, prelude::*, reactive::owner::Owner};
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    pages::{
        agent::AgentPage,
        agent_delete::AgentDeletePage,
        agent_form::AgentFormPage,
        agent_yaml::AgentYamlPage,
        agents::AgentsPage,
        chat::ChatPage,
        not_found::{NotFoundPage, RefusedPage},
        overview::OverviewPage,
        params::visitor,
        traces::{TracePage, TracesPage},
    },
    site::{Assets, Refused},
};

/// The whole document.
pub(crate) fn shell(assets: &Assets) -> impl IntoView + use<> {
    provide_meta_context();
    // Islands start from their own properties; nothing else is sent along.
    if let Some(context) = Owner::current_shared_context() {
        context.set_is_hydrating(false);
    }
    let Assets { css, js, wasm } = assets.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=visitor().theme.as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <link rel="stylesheet" href=css />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="modulepreload" href=js.clone() />
                <script type="module" nonce=use_nonce()>
                    {wake_islands(&js, &wasm)}
                </script>
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The script that loads the wasm and wakes every island, in the order of the page.
fn wake_islands(js: &str, wasm: &str) -> String {
    let (js, wasm) = (serde_json::json!(js), serde_json::json!(wasm));
    format!(
        "const kaos = await import({js});\n\
         await kaos.default({{ module_or_path: {wasm} }});\n\
         kaos.hydrate();\n\
         for (const island of document.querySelectorAll('leptos-island')) {{\n\
         \x20 kaos[island.dataset.component](island);\n\
         }}\n\
         document.documentElement.dataset.hydrated = 'true';\n"
    )
}

#[component]
fn App() -> impl IntoView {
    if use_context::<Refused>().is_some() {
        return view! {
            <Router>
                <RefusedPage />
            </Router>
        }
        .into_any();
    }
    view! {
        <Router>
            <FlatRoutes fallback=|| view! { <NotFoundPage /> }>
                <Route path=path!("/ns/:ns") view=OverviewPage />
                <Route path=path!("/ns/:ns/agents") view=AgentsPage />
                <Route path=path!("/ns/:ns/agents/new") view=AgentFormPage />
                <Route path=path!("/ns/:ns/agents/:name") view=AgentPage />
                <Route path=path!("/ns/:ns/agents/:name/chat") view=ChatPage />
                <Route path=path!("/ns/:ns/agents/:name/chat/:session") view=ChatPage />
                <Route path=path!("/ns/:ns/agents/:name/yaml") view=AgentYamlPage />
                <Route path=path!("/ns/:ns/agents/:name/delete") view=AgentDeletePage />
                <Route path=path!("/ns/:ns/traces") view=TracesPage />
                <Route path=path!("/traces/:id") view=TracePage />
            </FlatRoutes>
        </Router>
    }
    .into_any()
}
