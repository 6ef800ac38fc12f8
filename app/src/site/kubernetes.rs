//! What the dashboard asks the Kubernetes API.
//!
//! Most pages are about all kinds alike and read objects as JSON; pages about one kind read its type.

use api::resources::Agent;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{
        ApiResource, DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams,
        PostParams,
    },
    core::{GroupVersionKind, NamespaceResourceScope},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Failure, failure::Target};
use crate::{
    kinds::{ALL_NAMESPACES, Kind},
    rows::Id,
};

/// Under which name Kubernetes notes what the dashboard wrote.
const FIELD_MANAGER: &str = "kaos-dashboard";

/// Names of all namespaces, sorted.
pub(crate) async fn namespaces(client: &Client) -> Result<Vec<String>, Failure> {
    let target = Target {
        words: "namespaces".to_owned(),
        resource: "namespaces".to_owned(),
    };
    let all = Api::<Namespace>::all(client.clone())
        .list(&ListParams::default())
        .await
        .map_err(Failure::kubernetes("list", target))?;
    let mut names: Vec<_> = all.iter().map(ResourceExt::name_any).collect();
    names.sort();
    Ok(names)
}

/// The first namespace, by name, in which there is an agent.
pub(crate) async fn first_namespace_with_agents(
    client: &Client,
) -> Result<Option<String>, Failure> {
    let all = list::<Agent>(client, ALL_NAMESPACES).await?;
    Ok(all.iter().filter_map(ResourceExt::namespace).min())
}

/// All objects of one type in a namespace, or in all of them, sorted by name.
pub(crate) async fn list<K>(client: &Client, namespace: &str) -> Result<Vec<K>, Failure>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let api = match namespace {
        ALL_NAMESPACES => Api::<K>::all(client.clone()),
        namespace => Api::namespaced(client.clone(), namespace),
    };
    let target = target(&K::plural(&()), &K::group(&()), namespace);
    let list = api.list(&ListParams::default()).await;
    let mut objects = list.map_err(Failure::kubernetes("list", target))?.items;
    objects.sort_by_key(|object| (object.name_any(), object.namespace()));
    Ok(objects)
}

/// All objects of one kind in a namespace, or in all of them, sorted by name.
pub(crate) async fn objects(
    client: &Client,
    kind: Kind,
    namespace: &str,
) -> Result<Vec<Value>, Failure> {
    let list = api(client, kind, namespace)
        .list(&ListParams::default())
        .await
        .map_err(Failure::kubernetes("list", target_of(kind, namespace)))?;
    let mut objects = list.items;
    objects.sort_by_key(|object| (object.name_any(), object.namespace()));
    Ok(objects.iter().map(|object| typed(kind, object)).collect())
}

/// One object; `None` when there is none of this name.
pub(crate) async fn object(
    client: &Client,
    kind: Kind,
    namespace: &str,
    name: &str,
) -> Result<Option<Value>, Failure> {
    let found = api(client, kind, namespace).get_opt(name).await;
    let found = found.map_err(Failure::kubernetes(
        "get",
        target_one(kind, namespace, name),
    ))?;
    Ok(found.map(|object| typed(kind, &object)))
}

/// One agent; `None` when there is none of this name.
pub(crate) async fn agent(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Option<Agent>, Failure> {
    Api::<Agent>::namespaced(client.clone(), namespace)
        .get_opt(name)
        .await
        .map_err(Failure::kubernetes(
            "get",
            target_one(Kind::Agent, namespace, name),
        ))
}

/// One object that is there; that it is not, is a failure.
pub(super) async fn get(
    client: &Client,
    kind: Kind,
    namespace: &str,
    name: &str,
) -> Result<Value, Failure> {
    let found = api(client, kind, namespace).get(name).await;
    let found = found.map_err(Failure::kubernetes(
        "get",
        target_one(kind, namespace, name),
    ))?;
    Ok(typed(kind, &found))
}

/// Whether something is written, or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It stays.
    Kept,
    /// The API says what it would say.
    DryRun,
}

/// Creates an object. The error is Kubernetes' own, because a form shows its parts.
pub(super) async fn create(
    client: &Client,
    kind: Kind,
    namespace: &str,
    object: &Value,
    durability: Durability,
) -> Result<(), kube::Error> {
    let object = DynamicObject::deserialize(object).map_err(kube::Error::SerdeError)?;
    let params = PostParams {
        dry_run: durability == Durability::DryRun,
        field_manager: Some(FIELD_MANAGER.to_owned()),
    };
    let created = api(client, kind, namespace).create(&params, &object).await;
    created.map(|_| ())
}

/// Changes the fields of an object that are in the patch. The error is Kubernetes' own.
pub(super) async fn merge(
    client: &Client,
    kind: Kind,
    id: &Id,
    patch: &Value,
    durability: Durability,
) -> Result<(), kube::Error> {
    let params = PatchParams {
        dry_run: durability == Durability::DryRun,
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    api(client, kind, &id.namespace)
        .patch(&id.name, &params, &Patch::Merge(patch))
        .await
        .map(|_| ())
}

/// Changes the fields of an object that are in the patch.
pub(super) async fn patch(
    client: &Client,
    kind: Kind,
    id: &Id,
    patch: &Value,
) -> Result<(), Failure> {
    merge(client, kind, id, patch, Durability::Kept)
        .await
        .map_err(Failure::kubernetes("patch", target_of(kind, &id.namespace)))
}

/// Replaces an object by another version of itself. The error is Kubernetes' own.
pub(super) async fn replace(
    client: &Client,
    kind: Kind,
    id: &Id,
    object: &Value,
    durability: Durability,
) -> Result<(), kube::Error> {
    let object = DynamicObject::deserialize(object).map_err(kube::Error::SerdeError)?;
    let params = PostParams {
        dry_run: durability == Durability::DryRun,
        field_manager: Some(FIELD_MANAGER.to_owned()),
    };
    api(client, kind, &id.namespace)
        .replace(&id.name, &params, &object)
        .await
        .map(|_| ())
}

/// Creates a namespace.
pub(super) async fn create_namespace(client: &Client, name: &str) -> Result<(), kube::Error> {
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    Api::all(client.clone())
        .create(&PostParams::default(), &namespace)
        .await
        .map(|_| ())
}

/// Deletes a namespace with everything in it.
pub(super) async fn delete_namespace(client: &Client, name: &str) -> Result<(), kube::Error> {
    Api::<Namespace>::all(client.clone())
        .delete(name, &DeleteParams::default())
        .await
        .map(|_| ())
}

/// Deletes an object; one that is gone already counts as deleted.
pub(super) async fn delete(
    client: &Client,
    kind: Kind,
    namespace: &str,
    name: &str,
) -> Result<(), Failure> {
    let deleted = api(client, kind, namespace)
        .delete(name, &DeleteParams::default())
        .await;
    match deleted {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(Failure::kubernetes("delete", target_of(kind, namespace))(
            error,
        )),
    }
}

/// Events of a namespace, newest last; none where events are not served.
pub(crate) async fn events(client: &Client, namespace: &str) -> Result<Vec<Value>, Failure> {
    let mut events = core(client, "Event", "events", namespace)
        .await?
        .unwrap_or_default();
    let last = |event: &Value| event["lastTimestamp"].as_str().map(ToOwned::to_owned);
    events.sort_by_key(last);
    Ok(events)
}

/// Pods of a namespace; `None` where there are no pods, because nothing runs in a cluster.
pub(crate) async fn pods(client: &Client, namespace: &str) -> Result<Option<Vec<Value>>, Failure> {
    core(client, "Pod", "pods", namespace).await
}

/// Objects of one of Kubernetes' own kinds; `None` where that kind is not served.
async fn core(
    client: &Client,
    kind: &str,
    plural: &str,
    namespace: &str,
) -> Result<Option<Vec<Value>>, Failure> {
    let gvk = GroupVersionKind::gvk("", "v1", kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
    let api = match namespace {
        ALL_NAMESPACES => Api::<DynamicObject>::all_with(client.clone(), &resource),
        namespace => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    match api.list(&ListParams::default()).await {
        Ok(list) => Ok(Some(list.items.iter().map(json).collect())),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
        Err(error) => {
            let target = target(plural, "", namespace);
            Err(Failure::kubernetes("list", target)(error))
        }
    }
}

/// The object as the API sends it.
pub(crate) fn json(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

fn api(client: &Client, kind: Kind, namespace: &str) -> Api<DynamicObject> {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", "v1"));
    let resource = ApiResource::from_gvk_with_plural(
        &GroupVersionKind::gvk(group, version, kind.api_kind()),
        kind.plural(),
    );
    match namespace {
        ALL_NAMESPACES => Api::all_with(client.clone(), &resource),
        namespace => Api::namespaced_with(client.clone(), namespace, &resource),
    }
}

/// The object's JSON; lists leave out what its kind is.
fn typed(kind: Kind, object: &DynamicObject) -> Value {
    let mut value = json(object);
    value["apiVersion"] = kind.api_version().into();
    value["kind"] = kind.api_kind().into();
    value
}

fn target_of(kind: Kind, namespace: &str) -> Target {
    let group = kind
        .api_version()
        .split_once('/')
        .map_or("", |(group, _)| group);
    target(kind.plural(), group, namespace)
}

fn target_one(kind: Kind, namespace: &str, name: &str) -> Target {
    Target {
        words: format!("{} {name} of namespace {namespace}", kind.noun()),
        ..target_of(kind, namespace)
    }
}

fn target(plural: &str, group: &str, namespace: &str) -> Target {
    let resource = if group.is_empty() {
        plural.to_owned()
    } else {
        format!("{plural}.{group}")
    };
    match namespace {
        ALL_NAMESPACES => Target {
            words: format!("{plural} of all namespaces"),
            resource: format!("{resource} --all-namespaces"),
        },
        namespace => Target {
            words: format!("{plural} of namespace {namespace}"),
            resource: format!("{resource} -n {namespace}"),
        },
    }
}
