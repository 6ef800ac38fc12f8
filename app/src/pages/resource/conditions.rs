//! What the reconciler says about a resource.

use api::resources::Condition;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{components::page_head::Panel, format};

/// The conditions in an object's status; nothing when there are none.
#[component]
pub(crate) fn Conditions(object: Value) -> impl IntoView {
    let conditions = object.pointer("/status/conditions");
    let conditions = conditions.and_then(|list| Vec::<Condition>::deserialize(list).ok());
    let conditions = conditions.filter(|conditions| !conditions.is_empty());
    conditions.map(|conditions| {
        view! {
            <Panel title="Conditions">
                <div class="table-scroll" role="region" aria-label="Conditions" tabindex="0">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Condition"</th>
                                <th scope="col">"Status"</th>
                                <th scope="col">"Reason"</th>
                                <th scope="col">"Message"</th>
                                <th scope="col">"Since (UTC)"</th>
                            </tr>
                        </thead>
                        <tbody>{conditions.into_iter().map(line).collect_view()}</tbody>
                    </table>
                </div>
            </Panel>
        }
    })
}

fn line(condition: Condition) -> impl IntoView {
    let since = format::minute(&condition.last_transition_time.to_string());
    view! {
        <tr>
            <th scope="row">{condition.kind}</th>
            <td>{condition.status}</td>
            <td>{condition.reason}</td>
            <td class="table-prose">{condition.message}</td>
            <td class="table-time">{since}</td>
        </tr>
    }
}
