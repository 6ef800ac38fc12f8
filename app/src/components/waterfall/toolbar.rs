//! Above the spans: search, and what of them is shown.

use leptos::{ev, prelude::*};

use super::{Color, Options, Waterfall, in_browser};

pub(super) fn view(waterfall: Waterfall) -> AnyView {
    let critical = move |_: ev::MouseEvent| in_browser!(critical_path(waterfall));
    let transport = move |_: ev::MouseEvent| in_browser!(toggle_transport(waterfall));
    let shows_all = move || waterfall.fold.with(|fold| fold.shows_all).to_string();
    let is_critical = move || waterfall.words.with(|words| words == CRITICAL).to_string();
    view! {
        <div class="waterfall-toolbar needs-scripts" role="search">
            {search(waterfall)} <span class="waterfall-found" role="status">
                {move || found(waterfall)}
            </span> {switch(waterfall, Switch::Filtered)}
            <button
                class="button"
                type="button"
                aria-pressed=is_critical
                on:click=critical
            >
                "Critical path"
            </button>
            <button
                class="button"
                type="button"
                aria-pressed=shows_all
                on:click=transport
            >
                "Transport"
            </button>
            {switch(waterfall, Switch::ByService)}
            {move || is_running(waterfall).then(|| switch(waterfall, Switch::Follows))}
        </div>
    }
    .into_any()
}

/// A button that stays pressed.
#[derive(Clone, Copy)]
enum Switch {
    Filtered,
    ByService,
    Follows,
}

impl Switch {
    fn words(self) -> &'static str {
        match self {
            Self::Filtered => "Only matches",
            Self::ByService => "By service",
            Self::Follows => "Follow",
        }
    }

    fn is_on(self, options: Options) -> bool {
        match self {
            Self::Filtered => options.is_filtered,
            Self::ByService => options.color == Color::Service,
            Self::Follows => options.follows,
        }
    }

    fn flip(self, options: &mut Options) {
        match self {
            Self::Filtered => options.is_filtered = !options.is_filtered,
            Self::Follows => options.follows = !options.follows,
            Self::ByService => {
                options.color = match options.color {
                    Color::Kind => Color::Service,
                    Color::Service => Color::Kind,
                };
            }
        }
    }
}

fn switch(waterfall: Waterfall, switch: Switch) -> AnyView {
    let is_on = move || switch.is_on(waterfall.options.get());
    view! {
        <button
            class="button"
            type="button"
            aria-pressed=move || is_on().to_string()
            on:click=move |_| waterfall.options.update(|options| switch.flip(options))
        >
            {switch.words()}
        </button>
    }
    .into_any()
}

/// What the button for the critical path searches for.
pub(super) const CRITICAL: &str = "is:critical";

fn is_running(waterfall: Waterfall) -> bool {
    waterfall.skeleton.with(|skeleton| {
        let skeleton = skeleton.as_ref();
        skeleton.is_some_and(|skeleton| skeleton.head.is_running)
    })
}

fn search(waterfall: Waterfall) -> AnyView {
    view! {
        <label class="visually-hidden" for="span-words">
            "Search spans"
        </label>
        <input
            id="span-words"
            class="waterfall-search"
            type="search"
            placeholder="Search spans: kind:tool status:error duration:>1s"
            autocomplete="off"
            spellcheck="false"
            data-keys="/"
            node_ref=waterfall.search
            prop:value=waterfall.words
            on:input=move |event| {
                waterfall.words.set(event_target_value(&event));
                in_browser!(show_address(waterfall));
            }
            on:keydown=move |event: ev::KeyboardEvent| in_browser!(search_key(waterfall, &event))
        />
    }
    .into_any()
}

/// `2/14`: which of the matches is chosen, and how many there are.
fn found(waterfall: Waterfall) -> String {
    let matches = waterfall.matches.get();
    if matches.is_empty() {
        return String::new();
    }
    let chosen = waterfall.selected.get();
    waterfall.skeleton.with(|skeleton| {
        let Some(skeleton) = skeleton else {
            return String::new();
        };
        let (mut total, mut number) = (0_usize, None);
        for (node, matches) in skeleton.nodes.iter().zip(matches.iter()) {
            total += usize::from(*matches);
            if *matches && Some(node.span) == chosen {
                number = Some(total);
            }
        }
        match number {
            Some(number) => format!("{number}/{total}"),
            None => format!("{total} found"),
        }
    })
}
