//! What the tabs of a resource have in common: they load the resource, then what they are about, and
//! say so when either is missing.

use http::StatusCode;
use leptos::prelude::*;
use serde_json::Value;

use super::head::{Page, ResourceHead, crumbs, missing};
use crate::{
    frame::{Frame, Section, loaded},
    kinds::Kind,
    pages::params::{namespace, ports, set_status},
    rows::{Id, State},
    site::{Failure, Ports, kubernetes},
};

/// The resource a tab is about.
#[derive(Clone)]
pub(crate) struct About {
    pub(crate) kind: Kind,
    pub(crate) id: Id,
    /// As the Kubernetes API has it.
    pub(crate) object: Value,
}

impl About {
    /// The address of one of its pages.
    pub(crate) fn href(&self, page: Page) -> String {
        page.href(self.kind, &self.id.namespace, &self.id.name)
    }
}

/// A tab of a resource: `load` reads what it shows, `draw` draws it under the resource's heading.
pub(crate) fn tab<T, F, V>(
    (kind, name, page): (Kind, String, Page),
    load: impl FnOnce(Ports, About) -> F + Send + 'static,
    draw: impl FnOnce(&About, T) -> V + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
    V: IntoView + 'static,
{
    let (ports, namespace) = (ports(), namespace());
    let crumbs = crumbs(kind, &namespace, &name, Some(page.crumb()));
    let title = name.clone();
    let id = Id { namespace, name };
    let found = {
        let id = id.clone();
        async move {
            let object = kubernetes::object(&ports.kube, kind, &id.namespace, &id.name).await?;
            let Some(object) = object else {
                return Ok(None);
            };
            let about = About { kind, id, object };
            let loaded = load(ports, about.clone()).await?;
            Ok(Some((about, loaded)))
        }
    };
    let shown = move |found| {
        let Some((about, loaded)) = found else {
            set_status(StatusCode::NOT_FOUND);
            return missing(kind, &id.namespace, &id.name).into_any();
        };
        let about: About = about;
        let state = State::of(&about.object);
        let Id { namespace, name } = about.id.clone();
        view! {
            <ResourceHead kind namespace name state page />
            {draw(&about, loaded)}
        }
        .into_any()
    };
    view! {
        <Frame section=Section::Resources(kind) title crumbs>
            {loaded(page.word(), found, shown)}
        </Frame>
    }
    .into_any()
}
