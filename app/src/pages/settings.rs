//! How pages look and answer, for this browser, and what models cost.

pub(crate) mod prices;

use leptos::prelude::*;

use super::params::visitor;
use crate::{
    components::page_head::{PageHead, Panel},
    frame::{Choice, Crumb, Frame, KeyList, Section},
};

/// `/settings`.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    let visitor = visitor();
    view! {
        <Frame section=Section::Aside title="Settings" crumbs=vec![Crumb::here("settings")]>
            <PageHead title="Settings" />
            <Panel title="This browser">
                <div class="settings">
                    <Choice legend="Theme" chosen=visitor.theme />
                    <Choice legend="Row height" chosen=visitor.density />
                    <Choice legend="Navigation" chosen=visitor.navigation />
                    <Choice legend="Single-key shortcuts" chosen=visitor.shortcuts />
                </div>
                <p class="panel-note">"Kept in cookies of this browser, for a year."</p>
            </Panel>
            <Panel title="Prices of models">
                <p class="panel-note">
                    "What answers cost is worked out from prices per model. "
                    <a href="/settings/prices">"See and change prices"</a>
                </p>
            </Panel>
            <Panel title="Keyboard shortcuts">
                <div id="shortcut-list" class="panel-body">
                    <KeyList />
                </div>
            </Panel>
        </Frame>
    }
}
