//! How many alerts fire, in the header of every page.

use api::telemetry::AlertState;
use leptos::prelude::*;

use super::Section;
use crate::{
    components::icon::{Icon, Symbol},
    pages::params::ports,
};

/// A link to the alerts, with how many of them fire. Where nothing is watched there is none.
#[component]
pub(super) fn Bell(namespace: String) -> impl IntoView {
    let alerts = ports().alerts;
    Suspend::new(async move {
        let alerts = alerts.alerts().await.ok()?;
        let firing = alerts
            .iter()
            .filter(|alert| alert.state == AlertState::Firing);
        let n_firing = firing.count();
        let words = match n_firing {
            0 => "Alerts: none fires".to_owned(),
            1 => "Alerts: 1 fires".to_owned(),
            n => format!("Alerts: {n} fire"),
        };
        let title = words.clone();
        Some(view! {
            <a class="header-bell" href=Section::Alerts.href(&namespace) title=title>
                <Icon symbol=Symbol::Alerts />
                {(n_firing > 0).then(|| view! { <span class="header-bell-count" aria-hidden="true">{n_firing}</span> })}
                <span class="visually-hidden">{words}</span>
            </a>
        })
    })
}
