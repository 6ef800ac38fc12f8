//! The document around every page.

use http::request::Parts;
use leptos::{nonce::use_nonce, prelude::*, reactive::owner::Owner};
use leptos_meta::{MetaTags, provide_meta_context};

use crate::{
    pages::{
        not_found::{NotFoundPage, RefusedPage},
        params::visitor,
        route::Route,
    },
    site::{Assets, Preference, Refused},
};

/// The whole document.
pub(crate) fn shell(assets: &Assets) -> impl IntoView + use<> {
    provide_meta_context();
    // Islands start from their own properties; nothing else is sent along.
    if let Some(context) = Owner::current_shared_context() {
        context.set_is_hydrating(false);
    }
    let Assets { css, js, wasm } = assets.clone();
    let visitor = visitor();
    view! {
        <!DOCTYPE html>
        <html
            lang="en"
            data-theme=visitor.theme.as_str()
            data-density=visitor.density.as_str()
            data-navigation=visitor.navigation.as_str()
        >
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
                {page()}
            </body>
        </html>
    }
}

/// The script that loads the wasm and wakes every island, each in a task of its own so that none keeps the
/// reader waiting. Some fetch a part of their own before, all at the same time; the page answers to clicks
/// once the last is awake.
fn wake_islands(js: &str, wasm: &str) -> String {
    let (js, wasm) = (serde_json::json!(js), serde_json::json!(wasm));
    format!(
        "const kaos = await import({js});\n\
         await kaos.default({{ module_or_path: {wasm} }});\n\
         kaos.hydrate();\n\
         const islands = [...document.querySelectorAll('leptos-island')];\n\
         const awake = [];\n\
         for (const island of islands) {{\n\
             awake.push(kaos[island.dataset.component](island));\n\
             await new Promise((next) => setTimeout(next, 0));\n\
         }}\n\
         await Promise.all(awake);\n\
         document.documentElement.dataset.hydrated = 'true';\n"
    )
}

/// The page of the request's path, or what stands in place of it.
fn page() -> AnyView {
    if let Some(refused) = use_context::<Refused>() {
        return view! { <RefusedPage refused /> }.into_any();
    }
    match Route::of(expect_context::<Parts>().uri.path()) {
        Some(route) => route.view(),
        None => view! { <NotFoundPage /> }.into_any(),
    }
}
