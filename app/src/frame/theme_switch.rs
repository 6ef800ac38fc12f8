//! Changes the colours of the page.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    components::icon::{Icon, Symbol},
    pages::params::visitor,
    site::{CsrfToken, Theme},
};

/// One button that leads from one theme to the next.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let theme = visitor().theme;
    let symbol = match theme {
        Theme::System => Symbol::ThemeSystem,
        Theme::Dark => Symbol::ThemeDark,
        Theme::Light => Symbol::ThemeLight,
    };
    let label = format!(
        "Theme: {}. Switch to {}",
        theme.as_str(),
        theme.next().as_str()
    );
    let location = use_location();
    let query = location.search.get_untracked();
    let back = match query.as_str() {
        "" => location.pathname.get_untracked(),
        query => format!("{}?{query}", location.pathname.get_untracked()),
    };
    view! {
        <form class="theme-switch" method="post" action="/theme">
            <CsrfField />
            <input type="hidden" name="theme" value=theme.next().as_str() />
            <input type="hidden" name="back" value=back />
            <button class="icon-button" type="submit" aria-label=label.clone() title=label>
                <Icon symbol />
            </button>
        </form>
    }
}

/// The hidden field every posted form carries.
#[component]
pub(crate) fn CsrfField() -> impl IntoView {
    let token = expect_context::<CsrfToken>();
    view! { <input type="hidden" name=CsrfToken::FIELD value=token.value().to_owned() /> }
}
