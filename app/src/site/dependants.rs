//! Who depends on a resource: everything in its namespace that mentions its name.

use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;

use super::{Failure, kubernetes};
use crate::{
    kinds::Kind,
    relations::{Use, references},
    rows,
};

/// A resource that uses another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependant {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) how: Use,
}

/// All that mention one of `names`, without these themselves.
pub(crate) async fn dependants(
    client: &Client,
    kind: Kind,
    namespace: &str,
    names: &[String],
) -> Result<Vec<Dependant>, Failure> {
    let lists = Kind::OWN.map(async |of| {
        let objects = kubernetes::objects(client, of, namespace).await?;
        Ok::<_, Failure>((of, objects))
    });
    let lists = try_join_all(lists).await?;
    Ok(lists
        .iter()
        .flat_map(|(of, objects)| objects.iter().map(|object| (*of, object)))
        .filter(|(of, object)| *of != kind || !is_one_of(names, object))
        .flat_map(|(of, object)| mentions(of, object, kind, names))
        .collect())
}

fn is_one_of(names: &[String], object: &Value) -> bool {
    rows::name(object).is_some_and(|name| names.contains(&name))
}

fn mentions(of: Kind, object: &Value, kind: Kind, names: &[String]) -> Vec<Dependant> {
    let name = rows::name(object).unwrap_or_default();
    references(of, object)
        .into_iter()
        .filter(|reference| reference.kind == kind && names.contains(&reference.name))
        .map(|reference| Dependant {
            kind: of,
            name: name.clone(),
            how: reference.how,
        })
        .collect()
}
