//! The kinds that are served: the built-in ones and those that definitions add.

mod built_in;
mod defined;

pub(crate) use self::defined::{check as check_definition, establish};

use std::sync::Arc;

use serde_json::Value;

use crate::{
    refusal::Refusal,
    store::{EventScope, Place, Scan, Tx},
    target::GroupVersion,
};

/// Plural of `Namespace`.
pub(crate) const NAMESPACES: &str = "namespaces";
/// Plural of `CustomResourceDefinition`.
pub(crate) const DEFINITIONS: &str = "customresourcedefinitions";
/// Group of `CustomResourceDefinition`.
pub(crate) const DEFINITIONS_GROUP: &str = "apiextensions.k8s.io";

/// One kind in one version.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) list_name: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) scope: Scope,
    pub(crate) status: StatusRule,
    pub(crate) rules: Rules,
    pub(crate) columns: Vec<Column>,
}

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In the cluster itself.
    Cluster,
    /// In a namespace.
    Namespaced,
}

/// How the status of a kind is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusRule {
    /// Through `/status` only.
    Subresource,
    /// There is none, or it is a field like any other.
    Plain,
}

/// What makes an object of a kind valid.
#[derive(Clone, Debug)]
pub(crate) enum Rules {
    /// It reads and writes back as this type.
    Typed(fn(Value) -> serde_json::Result<Value>),
    /// It meets this `OpenAPI` schema.
    Schema(Arc<Value>),
}

/// A column that `kubectl get` shows.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) description: String,
    pub(crate) priority: i32,
    /// Where the value is, such as `.spec.model`.
    pub(crate) path: String,
}

impl Kind {
    /// `agents.kaos.tools`, or just `secrets` in the core group.
    pub(crate) fn qualified_plural(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    /// `Agent.kaos.tools`, or just `Secret` in the core group.
    pub(crate) fn qualified_kind(&self) -> String {
        qualified(&self.name, &self.group)
    }

    /// `kaos.tools/v1alpha1`, or just `v1` in the core group.
    pub(crate) fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// Whether the kind comes from a definition.
    pub(crate) fn is_defined(&self) -> bool {
        matches!(self.rules, Rules::Schema(_))
    }

    /// Where an object of this kind lives.
    pub(crate) fn place(&self, namespace: &str, name: &str) -> Place {
        Place {
            group: self.group.clone(),
            plural: self.plural.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// All objects of this kind, or those of one namespace.
    pub(crate) fn objects(&self, namespace: Option<&str>) -> EventScope {
        EventScope {
            group: self.group.clone(),
            plural: self.plural.clone(),
            namespace: namespace.map(str::to_owned),
        }
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// A group and version as objects write it.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// All kinds that are served, the built-in ones first.
#[derive(Clone, Debug)]
pub(crate) struct Kinds(Vec<Arc<Kind>>);

impl Kinds {
    /// Only the built-in kinds.
    pub(crate) fn built_in() -> Self {
        Self(built_in::kinds().into_iter().map(Arc::new).collect())
    }

    /// The built-in kinds and those of all definitions in the database.
    pub(crate) fn load(tx: &Tx<'_>) -> Result<Self, Refusal> {
        let mut kinds = Self::built_in();
        let definitions = EventScope {
            group: DEFINITIONS_GROUP.to_owned(),
            plural: DEFINITIONS.to_owned(),
            namespace: None,
        };
        tx.scan(&definitions, None, |definition| {
            kinds.0.extend(defined::kinds(definition).map(Arc::new));
            Scan::GoOn
        })?;
        Ok(kinds)
    }

    /// The kind behind a path; `None` when there is no such kind.
    pub(crate) fn find(&self, api: &GroupVersion, plural: &str) -> Option<&Arc<Kind>> {
        self.of(api).find(|kind| kind.plural == plural)
    }

    /// The kinds of a group in a version.
    pub(crate) fn of(&self, api: &GroupVersion) -> impl Iterator<Item = &Arc<Kind>> {
        self.0
            .iter()
            .filter(|kind| kind.group == api.group && kind.version == api.version)
    }

    /// Every group in every version, the core group first, each once.
    pub(crate) fn versions(&self) -> Vec<GroupVersion> {
        let mut versions: Vec<GroupVersion> = Vec::new();
        for kind in &self.0 {
            let api = GroupVersion::new(&kind.group, &kind.version);
            if !versions.contains(&api) {
                versions.push(api);
            }
        }
        versions
    }
}
