//! What a path points at. Paths are Kubernetes' own, relative to where the router is mounted.

/// Everything that has a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/version`
    Version,
    /// `/healthz`, `/livez`, `/readyz`
    Health,
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/{group}`
    Group(String),
    /// `/api/v1`, `/apis/{group}/{version}`
    Resources(GroupVersion),
    /// `/openapi/v3`
    OpenApiIndex,
    /// `/openapi/v3/api/v1`, `/openapi/v3/apis/{group}/{version}`
    OpenApi(GroupVersion),
    /// Objects of one kind, or one of them.
    Objects(ObjectPath),
}

/// A group and one of its versions. The core group is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupVersion {
    pub(crate) group: String,
    pub(crate) version: String,
}

/// A collection or, with a name, an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectPath {
    pub(crate) api: GroupVersion,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl Target {
    /// Reads a path; `None` when nothing has it.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        Some(match segments.as_slice() {
            ["version"] => Self::Version,
            ["healthz" | "livez" | "readyz", ..] => Self::Health,
            ["api"] => Self::CoreVersions,
            ["apis"] => Self::Groups,
            ["apis", group] => Self::Group((*group).to_owned()),
            ["openapi", "v3"] => Self::OpenApiIndex,
            ["openapi", "v3", "api", version] => Self::OpenApi(GroupVersion::new("", version)),
            ["openapi", "v3", "apis", group, version] => {
                Self::OpenApi(GroupVersion::new(group, version))
            }
            ["api", version] => Self::Resources(GroupVersion::new("", version)),
            ["apis", group, version] => Self::Resources(GroupVersion::new(group, version)),
            ["api", version, rest @ ..] => {
                Self::Objects(ObjectPath::parse(GroupVersion::new("", version), rest)?)
            }
            ["apis", group, version, rest @ ..] => {
                Self::Objects(ObjectPath::parse(GroupVersion::new(group, version), rest)?)
            }
            _ => return None,
        })
    }
}

impl GroupVersion {
    /// A version of a group.
    pub(crate) fn new(group: &str, version: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
        }
    }
}

impl ObjectPath {
    fn parse(api: GroupVersion, segments: &[&str]) -> Option<Self> {
        let of_namespace =
            |part: &str| api.group.is_empty() && matches!(part, "status" | "finalize");
        let (namespace, plural, rest) = match segments {
            ["namespaces", rest @ ..] if rest.len() < 2 => (None, "namespaces", rest),
            ["namespaces", rest @ ..] if rest.len() == 2 && of_namespace(rest[1]) => {
                (None, "namespaces", rest)
            }
            ["namespaces", namespace, plural, rest @ ..] => (Some(*namespace), *plural, rest),
            [plural, rest @ ..] => (None, *plural, rest),
            [] => return None,
        };
        let (name, subresource) = match rest {
            [] => (None, None),
            [name] => (Some(*name), None),
            [name, subresource] => (Some(*name), Some(*subresource)),
            _ => return None,
        };
        Some(Self {
            api,
            plural: plural.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            subresource: subresource.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plural, namespace, name and subresource, `-` for what is absent.
    fn objects(path: &str) -> [String; 4] {
        match Target::parse(path) {
            Some(Target::Objects(path)) => {
                let or_dash = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
                let ObjectPath {
                    plural,
                    namespace,
                    name,
                    subresource,
                    ..
                } = path;
                [
                    plural,
                    or_dash(namespace),
                    or_dash(name),
                    or_dash(subresource),
                ]
            }
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn a_namespace_is_an_object_and_a_place() {
        let namespace = ["namespaces", "-", "a", "-"];
        assert_eq!(objects("/api/v1/namespaces/a"), namespace);
        let status = ["namespaces", "-", "a", "status"];
        assert_eq!(objects("/api/v1/namespaces/a/status"), status);
        let secrets = ["secrets", "a", "-", "-"];
        assert_eq!(objects("/api/v1/namespaces/a/secrets"), secrets);
    }

    #[test]
    fn a_status_belongs_to_its_object() {
        let status = ["agents", "a", "b", "status"];
        let path = "/apis/kaos.tools/v1alpha1/namespaces/a/agents/b/status";
        assert_eq!(objects(path), status);
    }

    #[test]
    fn a_path_too_deep_points_at_nothing() {
        assert_eq!(Target::parse("/api/v1/namespaces/a/secrets/b/c/d"), None);
        assert_eq!(Target::parse("/"), None);
    }
}
