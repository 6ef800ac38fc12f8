//! The user's own prices of models, as their `ConfigMap` has them.

use std::collections::BTreeMap;

use api::prices::{KEY, NAME, NAMESPACE, PriceTable};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;

use super::{Failure, failure::Target, kubernetes};

/// What the `ConfigMap` holds.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    /// A table; an empty one when nobody has made any.
    Table(PriceTable),
    /// A text that is no table, which the program therefore does not use.
    Unreadable(String),
}

/// Reads the table.
pub(crate) async fn own(client: &Client) -> Result<Own, Failure> {
    let found = config_maps(client)
        .get_opt(NAME)
        .await
        .map_err(failure("get"))?;
    let text = found
        .and_then(|map| map.data)
        .and_then(|mut data| data.remove(KEY));
    let Some(text) = text else {
        return Ok(Own::Table(PriceTable::default()));
    };
    Ok(match serde_saphyr::from_str(&text) {
        Ok(table) => Own::Table(table),
        Err(error) => Own::Unreadable(error.to_string()),
    })
}

/// Writes the table; other keys of the `ConfigMap` stay.
pub(crate) async fn write(client: &Client, table: &PriceTable) -> Result<(), Failure> {
    let text = serde_saphyr::to_string(table).map_err(|error| {
        let source = kube::Error::Service(Box::new(error));
        failure("patch")(source)
    })?;
    let maps = config_maps(client);
    let params = PatchParams::default();
    let patch = json!({"data": {KEY: text}});
    match maps.patch(NAME, &params, &Patch::Merge(&patch)).await {
        Ok(_) => return Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => {}
        Err(error) => return Err(failure("patch")(error)),
    }
    match kubernetes::create_namespace(client, NAMESPACE).await {
        Ok(()) => {}
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        Err(error) => return Err(failure("create")(error)),
    }
    let map = ConfigMap {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(KEY.to_owned(), text)])),
        ..ConfigMap::default()
    };
    let created = maps.create(&PostParams::default(), &map).await;
    created.map(drop).map_err(failure("create"))
}

fn config_maps(client: &Client) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), NAMESPACE)
}

fn failure(verb: &'static str) -> impl FnOnce(kube::Error) -> Failure {
    let target = Target {
        words: format!("ConfigMap {NAME} of namespace {NAMESPACE}"),
        resource: format!("configmaps -n {NAMESPACE}"),
    };
    Failure::kubernetes(verb, target)
}
