//! Every component in every state, to look at while changing one. Debug builds have this page, others
//! do not.

mod controls;
mod data;
mod states;

use leptos::prelude::*;

use crate::{
    components::page_head::PageHead,
    frame::{Crumb, Frame, Section},
};

/// `/design`.
#[component]
pub(crate) fn DesignPage() -> impl IntoView {
    view! {
        <Frame section=Section::Aside title="Design" crumbs=vec![Crumb::here("design")]>
            <PageHead title="Design" />
            {states::view()}
            {controls::view()}
            {data::view()}
        </Frame>
    }
}
