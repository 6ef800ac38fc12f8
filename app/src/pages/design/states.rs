//! Icons, states, and what stands in place of data.

use api::{resources::Phase, traces::StepKind};
use leptos::prelude::*;

use crate::{
    components::{
        icon::{Icon, Symbol},
        instead::{Instead, Why},
        kind_tile::KindTile,
        live_status::state_view,
        page_head::Panel,
        status_mark::{Mark, StatusMark},
        toast::Toast,
    },
    rows::State,
};

const MARKS: [(Mark, &str); 6] = [
    (Mark::Ready, "Ready"),
    (Mark::Working, "Working"),
    (Mark::Pending, "Pending"),
    (Mark::Degraded, "Degraded"),
    (Mark::Failed, "Failed"),
    (Mark::Cancelled, "Cancelled"),
];

const KINDS: [StepKind; 5] = [
    StepKind::Agent,
    StepKind::Model,
    StepKind::Tool,
    StepKind::Delegate,
    StepKind::Http,
];

pub(super) fn view() -> AnyView {
    view! {
        {icons()}
        {marks()}
        {in_place_of_data()}
    }
    .into_any()
}

fn icons() -> AnyView {
    let icon = |symbol: Symbol| {
        view! {
            <li>
                <Icon symbol />
                {symbol.id()}
            </li>
        }
    };
    view! {
        <Panel title="Icons">
            <ul class="design-row">{Symbol::ALL.map(icon).into_iter().collect_view()}</ul>
        </Panel>
    }
    .into_any()
}

fn marks() -> AnyView {
    let mark = |(mark, word): (Mark, &'static str)| {
        view! {
            <li>
                <StatusMark mark word />
            </li>
        }
    };
    let kind = |kind: StepKind| {
        view! {
            <li>
                <KindTile kind />
                {kind.as_str()}
            </li>
        }
    };
    let state = |phase: Phase, reason: &str| {
        let reason = reason.to_owned();
        view! { <li>{state_view(Some(State { phase, reason }))}</li> }
    };
    view! {
        <Panel title="States and kinds">
            <ul class="design-row">{MARKS.map(mark).into_iter().collect_view()}</ul>
            <ul class="design-row">{KINDS.map(kind).into_iter().collect_view()}</ul>
            <ul class="design-row">
                {state(Phase::Ready, "")}
                {state(Phase::Waiting, "model API llm-proxy is not ready")}
                {state(Phase::Pending, "")}
                {state(Phase::Failed, "secret llm-api-key does not exist")}
                <li>{state_view(None)}</li>
            </ul>
        </Panel>
    }
    .into_any()
}

fn in_place_of_data() -> AnyView {
    let message = "the server answered 503: not now".to_owned();
    let reasons = [
        Why::Loading { lines: 3 },
        Why::Empty {
            title: "No agents in team".to_owned(),
        },
        Why::Partial {
            what: "Cost".to_owned(),
            message: message.clone(),
        },
        Why::Failed {
            what: "Agents".to_owned(),
            message: message.clone(),
        },
        Why::Denied {
            what: "list agents of namespace team".to_owned(),
            message,
            command: "kubectl auth can-i list agents.kaos.tools -n team".to_owned(),
        },
        Why::Stale {
            since: "10:42:07".to_owned(),
        },
    ];
    let one = |why: Why| {
        view! {
            <Instead why>
                <p>"What to do next stands here."</p>
            </Instead>
        }
    };
    view! {
        <Panel title="In place of data">{reasons.map(one).into_iter().collect_view()}</Panel>
        <Panel title="Toast">
            <div class="panel-body">
                <Toast words="Created agent analyst" href="/design" />
            </div>
        </Panel>
    }
    .into_any()
}
