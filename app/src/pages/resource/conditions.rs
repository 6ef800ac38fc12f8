//! What the reconciler says about a resource.

use api::resources::Condition;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    components::{
        page_head::Panel,
        table::{Heading, Table},
    },
    format,
};

/// The conditions in an object's status; nothing when there are none.
#[component]
pub(crate) fn Conditions(object: Value) -> impl IntoView {
    let conditions = object.pointer("/status/conditions");
    let conditions = conditions.and_then(|list| Vec::<Condition>::deserialize(list).ok());
    let conditions = conditions.filter(|conditions| !conditions.is_empty());
    conditions.map(|conditions| {
        let headings = [
            Heading::Words("Condition"),
            Heading::Words("Status"),
            Heading::Words("Reason"),
            Heading::Words("Message"),
            Heading::Words("Since (UTC)"),
        ];
        let lines = conditions.into_iter().map(line).collect_view();
        view! {
            <Panel title="Conditions">
                <Table label="Conditions" headings>
                    {lines}
                </Table>
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
