//! An object as a form describes it, before it is written.

use std::collections::BTreeMap;

use api::{
    functions::{Function, Reading},
    validation::{FieldError, name_problem},
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectMeta;
use serde_json::Value;

use super::{Posted, Refusal, edit::conflicts};
use crate::{
    diff::diff,
    forms::{self, Change, Values},
    kinds::Kind,
    preview::{Preview, Problem},
    relations::references,
    rows,
    site::{
        Failure, Ports,
        forms::Fields,
        kubernetes::{self, Durability},
        manifest,
    },
};

/// Ticked by who wants to write code that its language refuses.
pub(crate) const KEEP_CODE: &str = "keep.params";
/// The runtime whose parameters are functions.
const PYTHON_STRING: &str = "python-string";

/// An object as a form describes it.
pub(crate) struct Draft {
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) values: Values,
    pub(super) drawn: Values,
    /// The object there is, or one with nothing.
    pub(super) live: Value,
    pub(super) is_new: bool,
    pub(super) new_secret: NewSecret,
    /// Whether code that its language refuses is to be written all the same.
    pub(super) keeps_refused_code: bool,
}

impl Draft {
    /// A new object.
    pub(super) fn new(kind: Kind, namespace: &str, fields: &Fields) -> Self {
        let live = forms::nothing(kind, namespace);
        let new_secret = NewSecret::read(fields);
        let mut values = Values::posted(kind, &fields.0);
        if let Some(key) = new_secret.key() {
            values.set("apiKey", key);
        }
        Self {
            kind,
            namespace: namespace.to_owned(),
            values,
            drawn: Values::of(kind, &live),
            live,
            is_new: true,
            new_secret,
            keeps_refused_code: fields.get(KEEP_CODE).is_some(),
        }
    }

    /// A change of the object `name`.
    pub(super) async fn existing(
        ports: &Ports,
        kind: Kind,
        (namespace, name): (&str, &str),
        fields: &Fields,
    ) -> Result<Self, Failure> {
        let live = kubernetes::get(&ports.kube, kind, namespace, name).await?;
        let now = Values::of(kind, &live);
        let drawn = fields.get("drawn").and_then(Values::from_json);
        let mut draft = Self {
            is_new: false,
            live,
            ..Self::new(kind, namespace, fields)
        };
        draft.values.set("name", name);
        // Who says that theirs is to stay, has not changed the field.
        for field in forms::fields(kind) {
            if fields.get(&format!("resolve.{}", field.id)) == Some("theirs") {
                draft.values.set(field.id, now.get(field.id));
            }
        }
        draft.drawn = drawn.unwrap_or(now);
        Ok(draft)
    }

    /// What a form holds that is drawn, of the object `live`.
    pub(crate) fn drawn(kind: Kind, namespace: &str, live: Value, posted: &Posted) -> Self {
        Self {
            kind,
            namespace: namespace.to_owned(),
            values: posted.values.clone(),
            drawn: posted.drawn.clone(),
            is_new: rows::text(&live, "/metadata/name").is_empty(),
            live,
            new_secret: NewSecret::default(),
            keeps_refused_code: false,
        }
    }

    pub(super) fn name(&self) -> String {
        self.values.get("name").trim().to_owned()
    }

    /// What differs from what was drawn.
    pub(super) fn changes(&self) -> Result<Vec<Change>, Vec<FieldError>> {
        forms::changes(self.kind, &self.drawn, &self.values, &self.live)
    }

    /// The object as it would be, or everything that is wrong with it by our own rules.
    pub(super) fn object(&self) -> Result<Value, Vec<FieldError>> {
        let changes = self.changes()?;
        let object = forms::patched(self.live.clone(), &changes);
        let mut errors = forms::problems(self.kind, &object);
        errors.extend(self.new_secret.problems());
        if errors.is_empty() {
            Ok(object)
        } else {
            Err(errors)
        }
    }

    /// The functions an MCP server is made of, or what their language refuses in them, unless that is
    /// meant.
    pub(super) async fn functions(&self, ports: &Ports) -> Result<Vec<Function>, Refusal> {
        let is_code =
            self.kind == Kind::McpServer && self.values.get("runtime").trim() == PYTHON_STRING;
        let code = self.values.get("params");
        if !is_code || code.trim().is_empty() {
            return Ok(Vec::new());
        }
        match ports.functions.read(code).await {
            Reading::Functions(functions) => Ok(functions),
            Reading::Refused(message) if !self.keeps_refused_code => {
                let error = FieldError {
                    field: "spec.params".to_owned(),
                    message,
                };
                Err(Refusal::wrong(self.kind, &[error]))
            }
            Reading::Refused(_) | Reading::Unknown => Ok(Vec::new()),
        }
    }

    /// What would happen, with what the API says to it.
    pub(super) async fn check(&self, ports: &Ports) -> Preview {
        let mut preview = self.read(ports).await;
        if preview.errors.is_empty()
            && let Err(refusal) = self.try_it(ports).await
        {
            preview.errors = refusal.problems;
        }
        preview
    }

    /// The same, with what is worth knowing.
    pub(super) async fn preview(&self, ports: &Ports) -> Preview {
        let mut preview = self.check(ports).await;
        preview.notes = self.notes(ports).await;
        preview
    }

    /// The preview without the API's part.
    pub(crate) async fn read(&self, ports: &Ports) -> Preview {
        let mut preview = self.written();
        match self.functions(ports).await {
            Ok(functions) => preview.functions = functions,
            Err(refusal) => preview.errors.extend(refusal.problems),
        }
        preview
    }

    fn written(&self) -> Preview {
        let (object, errors) = match self.changes() {
            Ok(changes) => {
                let object = forms::patched(self.live.clone(), &changes);
                let errors = self.object().err().unwrap_or_default();
                (object, errors)
            }
            Err(errors) => (self.live.clone(), errors),
        };
        let text = |object: Value| manifest::exported(object).unwrap_or_default();
        let yaml = text(object);
        let diff = if self.is_new {
            Vec::new()
        } else {
            diff(&text(self.live.clone()), &yaml)
        };
        let namespace = &self.namespace;
        Preview {
            command: format!("kubectl apply -n {namespace} -f - <<'EOF'\n{yaml}EOF"),
            yaml,
            diff,
            errors: errors
                .iter()
                .map(|error| Problem::of(self.kind, error))
                .collect(),
            ..Preview::default()
        }
    }

    async fn try_it(&self, ports: &Ports) -> Result<(), Refusal> {
        let (kind, name) = (self.kind, self.name());
        let refused = |error: kube::Error| Refusal::by_kubernetes(kind, &name, &error);
        if self.is_new {
            let object = self
                .object()
                .map_err(|errors| Refusal::wrong(kind, &errors))?;
            let (client, durability) = (&ports.kube, Durability::DryRun);
            return kubernetes::create(client, kind, &self.namespace, &object, durability)
                .await
                .map_err(refused);
        }
        let changes = self
            .changes()
            .map_err(|errors| Refusal::wrong(kind, &errors))?;
        let id = rows::Id {
            namespace: self.namespace.clone(),
            name: name.clone(),
        };
        let patch = forms::merge_patch(&changes);
        kubernetes::merge(&ports.kube, kind, &id, &patch, Durability::DryRun)
            .await
            .map_err(refused)
    }

    /// References to what does not exist, and who would notice a change.
    async fn notes(&self, ports: &Ports) -> Vec<String> {
        let Ok(object) = self.object() else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        for reference in references(self.kind, &object) {
            let found = kubernetes::object(
                &ports.kube,
                reference.kind,
                &self.namespace,
                &reference.name,
            );
            let is_new_secret = self.new_secret.name == reference.name;
            if matches!(found.await, Ok(None)) && !is_new_secret {
                notes.push(format!(
                    "{} {} does not exist yet; this {} waits for it.",
                    reference.kind.noun(),
                    reference.name,
                    self.kind.noun()
                ));
            }
        }
        if !self.is_new {
            notes.extend(self.users(ports).await);
            let theirs = conflicts(self);
            notes.extend(theirs.iter().map(|conflict| {
                format!("{} was changed by somebody else meanwhile.", conflict.label)
            }));
        }
        notes
    }

    async fn users(&self, ports: &Ports) -> Option<String> {
        let names = [self.name()];
        let users =
            crate::site::dependants::dependants(&ports.kube, self.kind, &self.namespace, &names);
        let users = users.await.ok()?;
        let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("Used by {}.", names.join(", ")))
    }
}

/// A Secret that is created along with what reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewSecret {
    pub(crate) name: String,
    pub(crate) key: String,
    value: String,
}

impl NewSecret {
    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("newSecret.name"),
            key: fields.text("newSecret.key"),
            value: fields.text("newSecret.value"),
        }
    }

    /// What a page may show of it.
    pub(super) fn without_value(self) -> Self {
        Self {
            value: String::new(),
            ..self
        }
    }

    fn is_wanted(&self) -> bool {
        !self.value.is_empty()
    }

    /// `name/key`, when there is to be one.
    fn key(&self) -> Option<String> {
        self.is_wanted()
            .then(|| format!("{}/{}", self.name, self.key))
    }

    fn problems(&self) -> Vec<FieldError> {
        if !self.is_wanted() {
            return Vec::new();
        }
        let error = |field: &str, message: String| FieldError {
            field: field.to_owned(),
            message,
        };
        let name = name_problem(&self.name, 253).map(|message| error("new secret's name", message));
        let is_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let has_key = !self.key.is_empty() && self.key.chars().all(is_key);
        let key = (!has_key).then(|| {
            let message = "must be letters, digits, hyphens, dots and underscores";
            error("new secret's key", message.to_owned())
        });
        name.into_iter().chain(key).collect()
    }

    pub(super) async fn create(&self, ports: &Ports, namespace: &str) -> Result<(), Refusal> {
        if !self.is_wanted() {
            return Ok(());
        }
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            string_data: Some(BTreeMap::from([(self.key.clone(), self.value.clone())])),
            ..Secret::default()
        };
        let secret = kubernetes::json(&secret);
        let durability = Durability::Kept;
        kubernetes::create(&ports.kube, Kind::Secret, namespace, &secret, durability)
            .await
            .map_err(|error| Refusal::by_kubernetes(Kind::Secret, &self.name, &error))
    }
}
