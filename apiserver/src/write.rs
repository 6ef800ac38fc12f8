//! Creating, replacing and patching one object, inside a transaction.
//!
//! What the system keeps about an object (uid, times, generation, status where it has its own path)
//! is never taken from the client.

mod states;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use self::states::{check_finalizers, is_same, only, with_system_fields};
use crate::{
    admission::{self, Manner, Warnings},
    apply::{self, Application, Force, Part},
    body,
    cascade::{self, Dependents},
    kinds::{self, Kind, Scope, StatusRule},
    object,
    patch::{self, Patch},
    refusal::{Cause, Refusal},
    store::{Place, Tx},
};

/// The longest stem of a generated name, as in Kubernetes: five characters follow.
const MAX_GENERATED_STEM: usize = 58;

/// One write.
pub(crate) struct Writing<'a> {
    pub(crate) tx: &'a Tx<'a>,
    pub(crate) kind: &'a Kind,
    /// Empty for cluster-scoped kinds.
    pub(crate) namespace: &'a str,
    pub(crate) manner: &'a Manner,
    pub(crate) now: Timestamp,
    pub(crate) warnings: Warnings,
}

/// What a write came to.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// There was nothing before.
    Created(Value),
    /// There was something before.
    Changed(Value),
}

/// How the new state of an object came about, which decides who owns its fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Update,
    Apply,
}

impl Writing<'_> {
    /// Creates an object.
    pub(crate) fn create(&mut self, mut object: Value) -> Result<Value, Refusal> {
        let metadata = object::metadata_mut(&mut object);
        if metadata
            .remove("resourceVersion")
            .is_some_and(|sent| sent != json!(""))
        {
            let why = "resourceVersion should not be set on objects to be created";
            return Err(Refusal::bad_request(why));
        }
        metadata.remove("managedFields");
        self.create_as(object)
    }

    fn create_as(&mut self, mut object: Value) -> Result<Value, Refusal> {
        self.place_in_namespace(&mut object)?;
        self.settle_name(&mut object)?;
        self.check_namespace(&object)?;
        let metadata = object::metadata_mut(&mut object);
        for system in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
        ] {
            metadata.remove(system);
        }
        metadata.insert("uid".to_owned(), json!(Uuid::new_v4().to_string()));
        metadata.insert(
            "creationTimestamp".to_owned(),
            json!(object::time(self.now)),
        );
        if self.kind.is_defined() {
            metadata.insert("generation".to_owned(), json!(1));
        }
        if self.kind.status == StatusRule::Subresource {
            object::map_mut(&mut object).remove("status");
        }
        let place = self.place(object::name(&object));
        if self.tx.get(&place)?.is_some() {
            return Err(Refusal::already_exists(self.kind, &place.name));
        }
        let mut object = self.admit(object, None)?;
        self.complete(&place, &mut object);
        Ok(self.tx.put(&place, None, object)?)
    }

    /// Replaces an object, or its status.
    pub(crate) fn replace(
        &mut self,
        name: &str,
        part: Part,
        mut object: Value,
    ) -> Result<Value, Refusal> {
        self.place_in_namespace(&mut object)?;
        let Some(previous) = self.tx.get(&self.place(name))? else {
            return Err(Refusal::not_found(self.kind, name));
        };
        let version = object::text(&object, "/metadata/resourceVersion").unwrap_or_default();
        if version.is_empty() && self.kind.is_defined() {
            let why = "must be specified for an update";
            let cause = Cause::invalid("metadata.resourceVersion", &"0x0", why);
            return Err(Refusal::invalid(self.kind, name, vec![cause]));
        }
        self.change(&previous, object, part, Origin::Update)
    }

    /// Patches an object or its status; an apply creates the object if there is none.
    pub(crate) fn patch(
        &mut self,
        name: &str,
        part: Part,
        patch: &Patch,
        force: Force,
    ) -> Result<Written, Refusal> {
        let previous = self.tx.get(&self.place(name))?;
        let previous = previous.map(|object| in_version(self.kind, object));
        if let Patch::Apply(config) = patch {
            return self.apply(name, part, config.clone(), (previous, force));
        }
        let Some(previous) = previous else {
            return Err(Refusal::not_found(self.kind, name));
        };
        let patched = body::of_kind(self.kind, patch::patched(previous.clone(), patch)?)?;
        self.change(&previous, patched, part, Origin::Update)
            .map(Written::Changed)
    }

    fn apply(
        &mut self,
        name: &str,
        part: Part,
        config: Value,
        (previous, force): (Option<Value>, Force),
    ) -> Result<Written, Refusal> {
        let Some(manager) = self.manner.field_manager.clone() else {
            let why = "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is \
                       required for apply patch";
            return Err(Refusal::unprocessable(why));
        };
        let mut config = body::of_kind(self.kind, config)?;
        self.place_in_namespace(&mut config)?;
        let sent_name = object::name(&config);
        if !sent_name.is_empty() && sent_name != name {
            return Err(wrong_name(sent_name, name));
        }
        only(&mut config, part, self.kind.status);
        let by = Application {
            manager: &manager,
            force,
            part,
            now: self.now,
        };
        match (previous, part) {
            (Some(previous), _) => {
                let applied = apply::applied(&previous, &config, &by)?;
                let changed = self.change(&previous, applied, part, Origin::Apply)?;
                Ok(Written::Changed(changed))
            }
            (None, Part::Main) => {
                let nothing = json!({
                    "apiVersion": config["apiVersion"],
                    "kind": config["kind"],
                    "metadata": {"name": name},
                });
                let applied = apply::applied(&nothing, &config, &by)?;
                self.create_as(applied).map(Written::Created)
            }
            (None, Part::Status) => Err(Refusal::not_found(self.kind, name)),
        }
    }

    /// Stores the next state of an object, if it is one.
    fn change(
        &mut self,
        previous: &Value,
        next: Value,
        part: Part,
        origin: Origin,
    ) -> Result<Value, Refusal> {
        self.check_preconditions(previous, &next)?;
        let mut next = with_system_fields(previous, next, part, self.kind.status);
        match origin {
            Origin::Update => apply::disown_changed(previous, &mut next),
            Origin::Apply => {}
        }
        let mut next = self.admit(next, Some(previous))?;
        let place = self.place(object::name(previous));
        if part == Part::Main {
            self.complete(&place, &mut next);
        }
        check_finalizers(self.kind, previous, &next)?;
        if is_same(previous, &next) {
            return Ok(previous.clone());
        }
        if self.kind.is_defined() && object::substance(previous) != object::substance(&next) {
            let generation = previous
                .pointer("/metadata/generation")
                .and_then(Value::as_i64);
            let generation = json!(generation.unwrap_or_default() + 1);
            object::metadata_mut(&mut next).insert("generation".to_owned(), generation);
        }
        let stored = self.tx.put(&place, Some(previous), next)?;
        if object::is_deleting(&stored) && !object::has_finalizers(&stored) {
            cascade::delete(self.tx, &place, Dependents::Delete, self.now)?;
        }
        Ok(stored)
    }

    fn check_preconditions(&self, previous: &Value, next: &Value) -> Result<(), Refusal> {
        let name = object::name(previous);
        let sent = object::name(next);
        if sent != name {
            return Err(wrong_name(sent, name));
        }
        let differs = |pointer| {
            let sent = object::text(next, pointer).filter(|sent| !sent.is_empty());
            sent.is_some_and(|sent| Some(sent) != object::text(previous, pointer))
        };
        if differs("/metadata/uid") {
            let why = "Precondition failed: UID in precondition differs from UID in object meta";
            return Err(Refusal::conflict(self.kind, name, why));
        }
        if differs("/metadata/resourceVersion") {
            return Err(Refusal::modified(self.kind, name));
        }
        Ok(())
    }

    fn admit(&mut self, object: Value, previous: Option<&Value>) -> Result<Value, Refusal> {
        let unknown_fields = self.manner.unknown_fields;
        admission::admit(
            self.kind,
            object,
            previous,
            unknown_fields,
            &mut self.warnings,
        )
    }

    fn place(&self, name: &str) -> Place {
        self.kind.place(self.namespace, name)
    }

    /// The namespace of the path is the object's, whether it says so or not.
    fn place_in_namespace(&self, object: &mut Value) -> Result<(), Refusal> {
        let sent = object::text(object, "/metadata/namespace").unwrap_or_default();
        match self.kind.scope {
            Scope::Cluster => {
                object::metadata_mut(object).remove("namespace");
            }
            Scope::Namespaced if sent.is_empty() || sent == self.namespace => {
                let namespace = json!(self.namespace);
                object::metadata_mut(object).insert("namespace".to_owned(), namespace);
            }
            Scope::Namespaced => {
                return Err(Refusal::bad_request(
                    "the namespace of the provided object does not match the namespace sent on \
                     the request",
                ));
            }
        }
        Ok(())
    }

    fn settle_name(&self, object: &mut Value) -> Result<(), Refusal> {
        if !object::name(object).is_empty() {
            return Ok(());
        }
        let stem = object::text(object, "/metadata/generateName").unwrap_or_default();
        if stem.is_empty() {
            let why = "name or generateName is required";
            let cause = Cause::required("metadata.name", why);
            return Err(Refusal::invalid(self.kind, "", vec![cause]));
        }
        let stem: String = stem.chars().take(MAX_GENERATED_STEM).collect();
        let name = format!("{stem}{}", random_suffix());
        object::metadata_mut(object).insert("name".to_owned(), json!(name));
        Ok(())
    }

    fn check_namespace(&self, object: &Value) -> Result<(), Refusal> {
        match self.kind.scope {
            Scope::Cluster => Ok(()),
            Scope::Namespaced => match self.tx.get(&Place::of_namespace(self.namespace))? {
                None => Err(Refusal::no_namespace(self.namespace)),
                Some(namespace) if object::is_deleting(&namespace) => {
                    let why = format!(
                        "unable to create new content in namespace {} because it is being \
                         terminated",
                        self.namespace
                    );
                    Err(Refusal::forbidden(self.kind, object::name(object), &why))
                }
                Some(_) => Ok(()),
            },
        }
    }

    /// What the system adds to its own kinds.
    fn complete(&self, place: &Place, object: &mut Value) {
        if place.is_definition() {
            let established = object::text(object, "/status/conditions/0/lastTransitionTime");
            let since = established.and_then(|since| since.parse().ok());
            kinds::establish(object, since.unwrap_or(self.now));
        } else if place.is_namespace() {
            if !object::is_deleting(object) {
                object["status"] = json!({"phase": "Active"});
            }
            let labels = object::metadata_mut(object)
                .entry("labels")
                .or_insert_with(|| json!({}));
            object::map_mut(labels)
                .insert("kubernetes.io/metadata.name".to_owned(), json!(place.name));
        }
    }
}

/// The object in the version its path asks for; all versions of a kind have the same fields.
pub(crate) fn in_version(kind: &Kind, mut object: Value) -> Value {
    object["apiVersion"] = json!(kind.api_version());
    object
}

fn wrong_name(sent: &str, wanted: &str) -> Refusal {
    Refusal::bad_request(format!(
        "the name of the object ({sent}) does not match the name on the URL ({wanted})"
    ))
}

/// Five characters that spell no word, as Kubernetes appends to generated names.
fn random_suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let random = Uuid::new_v4();
    let letters = random.as_bytes().iter().take(5);
    letters
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}
