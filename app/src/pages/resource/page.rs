//! The first page of one resource: what it is, how it is, and what it has to do with others.

use api::{
    telemetry::{UsageQuery, UsageRow, Window},
    traces::{ReadError, TraceQuery, TraceSummary},
};
use futures::{join, try_join};
use http::StatusCode;
use leptos::prelude::*;
use serde_json::Value;

use super::{
    conditions::Conditions,
    head::{Page, ResourceHead, crumbs, missing},
    relations::Relations,
};
use crate::{
    components::{
        facts::Facts,
        instead::{Instead, Why},
        page_head::Panel,
    },
    frame::{Frame, Section, loaded},
    kinds::Kind,
    pages::{
        agent, mcp_server, model_api,
        params::{DAY_NS, namespace, now_ns, ports, set_status},
        resources::users,
        secret,
    },
    rows::{Id, State, Users},
    site::{Failure, Ports, kubernetes},
};

/// A resource and all that its page shows of others.
pub(crate) struct Surroundings {
    pub(crate) object: Value,
    /// The objects of our kinds in its namespace.
    pub(crate) others: Vec<(Kind, Vec<Value>)>,
    pub(crate) users: Users,
    /// The newest runs of an agent, or why they are not known.
    pub(crate) runs: Result<Vec<TraceSummary>, String>,
    /// What models did for an agent in a day, or why that is not known.
    pub(crate) used: Result<UsageRow, String>,
}

impl Surroundings {
    /// Another object of the namespace.
    pub(crate) fn other(&self, kind: Kind, name: &str) -> Option<&Value> {
        let (_, objects) = self.others.iter().find(|(of, _)| *of == kind)?;
        objects
            .iter()
            .find(|object| crate::rows::name(object).as_deref() == Some(name))
    }
}

/// `/ns/{ns}/{plural}/{name}`.
#[component]
pub(crate) fn ResourcePage(kind: Kind, name: String) -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let crumbs = crumbs(kind, &namespace, &name, None);
    let title = name.clone();
    let id = Id { namespace, name };
    let found = {
        let id = id.clone();
        let day = last_day();
        async move { load(&ports, kind, &id, day).await }
    };
    view! {
        <Frame section=Section::Resources(kind) title crumbs>
            {loaded("The resource", found, move |found| {
                if let Some(found) = found {
                    let state = State::of(&found.object);
                    let Id { namespace, name } = id.clone();
                    view! {
                        <ResourceHead kind namespace name state page=Page::Overview />
                        {body(kind, &id, &found)}
                    }
                        .into_any()
                }
                else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(kind, &id.namespace, &id.name).into_any()
                }
            })}
        </Frame>
    }
}

fn body(kind: Kind, id: &Id, found: &Surroundings) -> AnyView {
    let (first, second, facts) = match kind {
        Kind::Agent => (
            agent::instructions(&found.object),
            [agent::runs(&id.name, &found.runs), agent::used(&found.used)].into_any(),
            agent::facts(&found.object),
        ),
        Kind::McpServer => (
            mcp_server::tools(id, &found.object),
            mcp_server::code(&found.object),
            mcp_server::facts(&found.object),
        ),
        Kind::ModelApi => (
            model_api::models(id, &found.object),
            ().into_any(),
            model_api::facts(&found.object),
        ),
        Kind::Secret => (
            secret::keys(&found.object),
            ().into_any(),
            secret::facts(&found.object),
        ),
    };
    let relations = super::relations::of(kind, id, found);
    let description = match kind {
        Kind::Agent => agent::description(&found.object),
        Kind::McpServer | Kind::ModelApi | Kind::Secret => None,
    };
    view! {
        {description}
        <div class="columns">
            <div>
                {first} <Relations namespace=id.namespace.clone() relations />
                <Panel title="Configuration">
                    <Facts facts />
                </Panel>
            </div>
            <div>{second} <Conditions object=found.object.clone() /></div>
        </div>
    }
    .into_any()
}

fn last_day() -> Window {
    let to_ns = now_ns();
    Window {
        from_ns: to_ns.saturating_sub(DAY_NS),
        to_ns,
    }
}

async fn load(
    ports: &Ports,
    kind: Kind,
    id: &Id,
    day: Window,
) -> Result<Option<Surroundings>, Failure> {
    let (kube, namespace) = (&ports.kube, id.namespace.as_str());
    let Some(object) = kubernetes::object(kube, kind, namespace, &id.name).await? else {
        return Ok(None);
    };
    let list = async |kind| {
        let objects = kubernetes::objects(kube, kind, namespace).await?;
        Ok::<_, Failure>((kind, objects))
    };
    let (agents, servers, apis, users) = try_join!(
        list(Kind::Agent),
        list(Kind::McpServer),
        list(Kind::ModelApi),
        users(ports, namespace),
    )?;
    let (runs, used) = match kind {
        Kind::Agent => join!(newest_runs(ports, id), used(ports, id, day)),
        Kind::McpServer | Kind::ModelApi | Kind::Secret => {
            (Ok(Vec::new()), Ok(UsageRow::default()))
        }
    };
    Ok(Some(Surroundings {
        object,
        others: vec![agents, servers, apis],
        users,
        runs,
        used,
    }))
}

async fn used(ports: &Ports, id: &Id, day: Window) -> Result<UsageRow, String> {
    let query = UsageQuery {
        window: day,
        agent: Some(id.name.clone()),
        namespace: Some(id.namespace.clone()),
        ..UsageQuery::default()
    };
    match ports.telemetry.usage(&query).await {
        // Without a call there is no row.
        Ok(rows) => Ok(rows.into_iter().next().unwrap_or_default()),
        Err(ReadError::Unsupported(why)) => Err(why),
        Err(error @ ReadError::Read { .. }) => Err(error.to_string()),
    }
}

async fn newest_runs(ports: &Ports, id: &Id) -> Result<Vec<TraceSummary>, String> {
    let query = TraceQuery {
        service: Some(id.name.clone()),
        namespace: Some(id.namespace.clone()),
        limit: 20,
        ..TraceQuery::default()
    };
    let runs = ports.traces.search(&query).await;
    runs.map_err(|error| error.to_string())
}

/// Says in a panel that its source failed.
pub(crate) fn partial(what: &str, message: &str) -> AnyView {
    let why = Why::Partial {
        what: what.to_owned(),
        message: message.to_owned(),
    };
    view! { <Instead why /> }.into_any()
}
