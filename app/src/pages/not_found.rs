//! Says that an address leads nowhere, or that a form was refused; both inside the frame.

use http::{StatusCode, request::Parts};
use leptos::prelude::*;

use super::params::{namespace, set_status};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::Instead,
        page_head::PageHead,
    },
    frame::{Frame, Section},
    site::Refused,
};

/// The page of every address without a page.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    set_status(StatusCode::NOT_FOUND);
    let path = expect_context::<Parts>().uri.path().to_owned();
    let namespace = namespace();
    view! {
        <Frame section=Section::Aside title="Page not found">
            <PageHead title="Page not found" />
            <div class="prose">
                <p>"There is no page at " <code>{path}</code> "."</p>
                <LinkButton href=Section::Overview.href(&namespace) weight=Weight::Primary>
                    "Open the overview of "
                    {namespace.clone()}
                </LinkButton>
            </div>
        </Frame>
    }
}

/// The page of a form that came to nothing.
#[component]
pub(crate) fn RefusedPage(refused: Refused) -> impl IntoView {
    match refused {
        Refused::Token => view! { <ForeignForm /> }.into_any(),
        Refused::Failure(why) => view! {
            <Frame section=Section::Aside title="It could not be done">
                <PageHead title="It could not be done" />
                <Instead why />
            </Frame>
        }
        .into_any(),
    }
}

/// The form was drawn for another browser, or before its cookies were deleted.
#[component]
fn ForeignForm() -> impl IntoView {
    let path = expect_context::<Parts>().uri.path().to_owned();
    view! {
        <Frame section=Section::Aside title="The form was not accepted">
            <PageHead title="The form was not accepted" />
            <div class="prose">
                <p>
                    "Nothing was changed. The form did not carry the token of this browser: its cookies \
                     were deleted or are blocked, or another site sent the form."
                </p>
                <p>"Allow cookies for this address, open the page again and send the form from there."</p>
                <LinkButton href=path weight=Weight::Primary>
                    "Open the page again"
                </LinkButton>
            </div>
        </Frame>
    }
}
