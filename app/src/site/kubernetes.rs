//! What the dashboard asks the Kubernetes API.

use api::resources::Agent;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ListParams, PostParams},
    core::NamespaceResourceScope,
};
use serde::{Serialize, de::DeserializeOwned};

use super::Failure;
use crate::rows::Row;

/// Names of all namespaces, sorted.
pub(crate) async fn namespaces(client: &Client) -> Result<Vec<String>, Failure> {
    let all = Api::<Namespace>::all(client.clone())
        .list(&ListParams::default())
        .await
        .map_err(Failure::kubernetes("list", "namespaces"))?;
    let mut names: Vec<_> = all.iter().map(ResourceExt::name_any).collect();
    names.sort();
    Ok(names)
}

/// The first namespace, by name, in which there is an agent.
pub(crate) async fn first_namespace_with_agents(
    client: &Client,
) -> Result<Option<String>, Failure> {
    let all = Api::<Agent>::all(client.clone())
        .list(&ListParams::default())
        .await
        .map_err(Failure::kubernetes("list", "agents of all namespaces"))?;
    Ok(all.iter().filter_map(ResourceExt::namespace).min())
}

/// All objects of one kind in a namespace, sorted by name.
pub(crate) async fn list<K>(client: &Client, namespace: &str) -> Result<Vec<K>, Failure>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let what = || format!("{} of namespace {namespace}", K::plural(&()));
    let mut objects = Api::<K>::namespaced(client.clone(), namespace)
        .list(&ListParams::default())
        .await
        .map_err(Failure::kubernetes("list", what()))?
        .items;
    objects.sort_by_key(ResourceExt::name_any);
    Ok(objects)
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
            "read",
            format!("agent {name} of namespace {namespace}"),
        ))
}

/// Creates an agent. The error is Kubernetes' own, because a form shows its parts.
pub(super) async fn create_agent(
    client: &Client,
    namespace: &str,
    agent: &Agent,
) -> Result<(), kube::Error> {
    Api::<Agent>::namespaced(client.clone(), namespace)
        .create(&PostParams::default(), agent)
        .await
        .map(|_| ())
}

/// Deletes an agent; one that is gone already counts as deleted.
pub(super) async fn delete_agent(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<(), Failure> {
    let deleted = Api::<Agent>::namespaced(client.clone(), namespace)
        .delete(name, &DeleteParams::default())
        .await;
    match deleted {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(Failure::kubernetes("delete", format!("agent {name}"))(
            error,
        )),
    }
}

/// The line a list shows of an object.
pub(crate) fn row<R: Row>(object: &impl Serialize) -> Option<R> {
    R::of(&json(object))
}

/// The lines a list shows of objects.
pub(crate) fn rows<R: Row>(objects: &[impl Serialize]) -> Vec<R> {
    objects.iter().filter_map(row).collect()
}

/// The object as the API sends it.
pub(crate) fn json(object: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(object).unwrap_or_default()
}
