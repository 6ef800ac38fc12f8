//! Applies YAML through the Kubernetes API, as `kubectl apply --server-side` does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use kube::{
    Api, Client, Discovery,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{ApiCapabilities, ApiResource, Scope},
};

/// Who owns the fields that are applied.
const FIELD_MANAGER: &str = "kaos-apply";

/// Reads every object of a YAML text with one or more documents.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<DynamicObject>> {
    let documents: Vec<serde_json::Value> =
        serde_saphyr::from_multiple(text).context("the YAML cannot be read")?;
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .map(|document| serde_json::from_value(document).context("a document is no object"))
        .collect()
}

/// Applies every YAML file of `paths`, in order; those of a folder by name.
pub(crate) async fn apply_paths(client: &Client, paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths {
        for file in files(path)? {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("failed to read {}", file.display()))?;
            apply(
                client,
                parse(&text).with_context(|| file.display().to_string())?,
            )
            .await
            .with_context(|| format!("failed to apply {}", file.display()))?;
        }
    }
    Ok(())
}

fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries =
        fs::read_dir(path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Applies the objects in order, so that a namespace comes before what is in it.
pub(crate) async fn apply(client: &Client, objects: Vec<DynamicObject>) -> anyhow::Result<()> {
    let discovery = Discovery::new(client.clone())
        .run()
        .await
        .context("failed to ask for kinds")?;
    for object in objects {
        let name = object
            .metadata
            .name
            .clone()
            .context("an object has no metadata.name")?;
        let api = api_of(client, &discovery, &object).with_context(|| name.clone())?;
        let params = PatchParams::apply(FIELD_MANAGER).force();
        api.patch(&name, &params, &Patch::Apply(&object))
            .await
            .with_context(|| name.clone())?;
        tracing::info!("applied {} {name}", kind_of(&object));
    }
    Ok(())
}

/// Where objects of this kind and namespace live.
pub(crate) fn api_of(
    client: &Client,
    discovery: &Discovery,
    object: &DynamicObject,
) -> anyhow::Result<Api<DynamicObject>> {
    let types = object
        .types
        .as_ref()
        .context("apiVersion and kind are required")?;
    let kind = GroupVersionKind::try_from(types)?;
    let Some((resource, capabilities)) = discovery.resolve_gvk(&kind) else {
        bail!("there is no kind {} in {}", types.kind, types.api_version);
    };
    Ok(scoped(client, object, &resource, &capabilities))
}

fn scoped(
    client: &Client,
    object: &DynamicObject,
    resource: &ApiResource,
    capabilities: &ApiCapabilities,
) -> Api<DynamicObject> {
    match (&capabilities.scope, &object.metadata.namespace) {
        (Scope::Cluster, _) => Api::all_with(client.clone(), resource),
        (Scope::Namespaced, Some(namespace)) => {
            Api::namespaced_with(client.clone(), namespace, resource)
        }
        (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), resource),
    }
}

fn kind_of(object: &DynamicObject) -> &str {
    object
        .types
        .as_ref()
        .map_or("object", |types| types.kind.as_str())
}
