//! The verbs on objects.

use std::sync::Arc;

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, Preconditions};
use serde_json::Value;

use crate::{
    ApiServer,
    admission::{Manner, Warnings},
    apply::{Force, Part},
    body,
    cascade::{self, Dependents, Outcome},
    kinds::{Kind, Scope, StatusRule},
    list::{self, Page},
    object,
    params::Params,
    patch::Patch,
    refusal::{self, Refusal},
    representation::Representation,
    seed::PERMANENT_NAMESPACES,
    store::{Durability, Place, Tx},
    target::ObjectPath,
    watch::{self, Watch},
    write::{Writing, Written, in_version},
};

/// A request about objects of one kind, with everything that was read from its head.
struct Call {
    server: ApiServer,
    kind: Arc<Kind>,
    /// None means all of them, or that the kind has none.
    namespace: Option<String>,
    params: Params,
    representation: Representation,
    media_type: String,
    now: Timestamp,
}

/// Answers a request about objects.
pub(super) async fn answer(
    server: ApiServer,
    path: ObjectPath,
    request: Request,
) -> Result<Response, Refusal> {
    let kind = server.kinds().find(&path.api, &path.plural).cloned();
    let kind = kind.ok_or_else(Refusal::no_such_path)?;
    let part = part_of(&kind, &path)?;
    let (
        Parts {
            method,
            uri,
            headers,
            ..
        },
        body,
    ) = request.into_parts();
    let call = Call {
        now: server.inner.clock.now(),
        server,
        kind,
        namespace: path.namespace,
        params: Params::parse(&uri)?,
        representation: Representation::accepted(&headers),
        media_type: body::media_type(&headers).to_owned(),
    };
    let is_placed = call.kind.scope == Scope::Cluster || call.namespace.is_some();
    match (method, path.name, part) {
        (Method::GET, None, Part::Main) if call.params.is_watch() => call.watch().await,
        (Method::GET, None, Part::Main) => call.list().await,
        (Method::GET, Some(name), _) => call.get(name).await,
        (Method::POST, None, Part::Main) if is_placed => {
            call.create(body::collect(body).await?).await
        }
        (Method::PUT, Some(name), part) => {
            call.replace(name, part, body::collect(body).await?).await
        }
        (Method::PATCH, Some(name), part) => {
            call.patch(name, part, body::collect(body).await?).await
        }
        (Method::DELETE, Some(name), Part::Main) => {
            call.delete(name, body::collect(body).await?).await
        }
        (Method::DELETE, None, Part::Main) if is_placed => {
            call.delete_all(body::collect(body).await?).await
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// What the path writes, if it is a path of this kind at all.
fn part_of(kind: &Kind, path: &ObjectPath) -> Result<Part, Refusal> {
    let in_place = match kind.scope {
        Scope::Cluster => path.namespace.is_none(),
        Scope::Namespaced => path.namespace.is_some() || path.name.is_none(),
    };
    match (path.subresource.as_deref(), kind.status) {
        (None, _) if in_place => Ok(Part::Main),
        (Some("status"), StatusRule::Subresource) if in_place => Ok(Part::Status),
        (None | Some(_), _) => Err(Refusal::no_such_path()),
    }
}

impl Call {
    async fn get(self, name: String) -> Result<Response, Refusal> {
        let place = self.place(&name);
        let object = self.server.read(move |tx| Ok(tx.get(&place)?)).await?;
        match object {
            Some(object) => Ok(self.show(StatusCode::OK, object, Vec::new())),
            None => Err(Refusal::not_found(&self.kind, &name)),
        }
    }

    async fn list(self) -> Result<Response, Refusal> {
        let selector = self.params.selector()?;
        let (kind, namespace) = (self.kind.clone(), self.namespace.clone());
        let params = self.params.clone();
        let page = self
            .server
            .read(move |tx| list::page(tx, &kind, namespace.as_deref(), &selector, &params))
            .await?;
        let list = self.representation.list(&self.kind, page, self.now);
        Ok(Json(list).into_response())
    }

    async fn watch(self) -> Result<Response, Refusal> {
        let watch = Watch {
            scope: self.kind.objects(self.namespace.as_deref()),
            selector: self.params.selector()?,
            representation: self.representation,
            kind: self.kind,
        };
        let body = watch::begin(&self.server, watch, &self.params).await?;
        let json = HeaderValue::from_static("application/json");
        Ok(([(header::CONTENT_TYPE, json)], body).into_response())
    }

    async fn create(self, body: Bytes) -> Result<Response, Refusal> {
        let object = body::object(&self.kind, &self.media_type, &body)?;
        let (object, warnings) = self.write(move |writing| writing.create(object)).await?;
        Ok(self.show(StatusCode::CREATED, object, warnings))
    }

    async fn replace(self, name: String, part: Part, body: Bytes) -> Result<Response, Refusal> {
        let object = body::object(&self.kind, &self.media_type, &body)?;
        let (object, warnings) = self
            .write(move |writing| writing.replace(&name, part, object))
            .await?;
        Ok(self.show(StatusCode::OK, object, warnings))
    }

    async fn patch(self, name: String, part: Part, body: Bytes) -> Result<Response, Refusal> {
        let patch = Patch::parse(&self.kind, &self.media_type, &body)?;
        let force = if self.params.is_forced() {
            Force::Take
        } else {
            Force::Refuse
        };
        let (written, warnings) = self
            .write(move |writing| writing.patch(&name, part, &patch, force))
            .await?;
        Ok(match written {
            Written::Created(object) => self.show(StatusCode::CREATED, object, warnings),
            Written::Changed(object) => self.show(StatusCode::OK, object, warnings),
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Writing<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<(T, Warnings), Refusal> {
        let manner = Manner {
            unknown_fields: self.params.unknown_fields()?,
            field_manager: self.params.field_manager.clone(),
        };
        let (kind, now) = (self.kind.clone(), self.now);
        let namespace = self.namespace.clone().unwrap_or_default();
        self.server
            .write(self.params.durability()?, move |tx| {
                let mut writing = Writing {
                    tx,
                    kind: &kind,
                    namespace: &namespace,
                    manner: &manner,
                    now,
                    warnings: Vec::new(),
                };
                let written = write(&mut writing)?;
                Ok((written, writing.warnings))
            })
            .await
    }

    async fn delete(self, name: String, body: Bytes) -> Result<Response, Refusal> {
        let place = self.place(&name);
        if place.is_namespace() && PERMANENT_NAMESPACES.contains(&name.as_str()) {
            let why = "this namespace may not be deleted";
            return Err(Refusal::forbidden(&self.kind, &name, why));
        }
        let Deletion {
            durability,
            dependents,
            preconditions,
        } = self.deletion(&body)?;
        let (kind, now) = (self.kind.clone(), self.now);
        let outcome = self
            .server
            .write(durability, move |tx| {
                check_preconditions(tx, &kind, &place, preconditions)?;
                Ok(cascade::delete(tx, &place, dependents, now)?)
            })
            .await?;
        match outcome {
            None => Err(Refusal::not_found(&self.kind, &name)),
            Some(Outcome::Waiting(object)) => Ok(self.show(StatusCode::OK, object, Vec::new())),
            Some(Outcome::Gone(object)) => {
                let uid = Some(object::uid(&object));
                Ok(Json(refusal::deleted(&self.kind, &name, uid)).into_response())
            }
        }
    }

    async fn delete_all(self, body: Bytes) -> Result<Response, Refusal> {
        let Deletion {
            durability,
            dependents,
            ..
        } = self.deletion(&body)?;
        let selector = self.params.selector()?;
        let (kind, namespace) = (self.kind.clone(), self.namespace.clone());
        let (params, now) = (self.params.clone(), self.now);
        let page = self
            .server
            .write(durability, move |tx| {
                let page = list::page(tx, &kind, namespace.as_deref(), &selector, &params)?;
                delete_each(tx, &kind, page, (dependents, now))
            })
            .await?;
        let list = self.representation.list(&self.kind, page, self.now);
        Ok(Json(list).into_response())
    }

    fn deletion(&self, body: &Bytes) -> Result<Deletion, Refusal> {
        let options: DeleteOptions = if body.is_empty() {
            DeleteOptions::default()
        } else {
            let options = body::value(&self.media_type, body)?;
            serde_json::from_value(options).map_err(|error| {
                Refusal::bad_request(format!("the body is no DeleteOptions: {error}"))
            })?
        };
        let policy = options.propagation_policy.as_deref();
        let policy = policy.or(self.params.propagation_policy.as_deref());
        let durability = match options.dry_run.as_deref() {
            Some([all]) if all == "All" => Durability::DryRun,
            _ => self.params.durability()?,
        };
        Ok(Deletion {
            durability,
            dependents: match policy {
                Some("Orphan") => Dependents::Orphan,
                _ => Dependents::Delete,
            },
            preconditions: options.preconditions.unwrap_or_default(),
        })
    }

    fn place(&self, name: &str) -> Place {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        self.kind.place(namespace, name)
    }

    fn show(&self, code: StatusCode, object: Value, warnings: Warnings) -> Response {
        let object = in_version(&self.kind, object);
        let shown = self.representation.one(&self.kind, object, self.now);
        let mut response = (code, Json(shown)).into_response();
        for warning in warnings {
            let warning = warning.replace('\\', "\\\\").replace('"', "\\\"");
            // A field whose name cannot be in a header is dropped all the same.
            if let Ok(value) = HeaderValue::try_from(format!("299 - \"{warning}\"")) {
                response.headers_mut().append(header::WARNING, value);
            }
        }
        response
    }
}

/// How a deletion is to be done.
struct Deletion {
    durability: Durability,
    dependents: Dependents,
    preconditions: Preconditions,
}

fn check_preconditions(
    tx: &Tx<'_>,
    kind: &Kind,
    place: &Place,
    wanted: Preconditions,
) -> Result<(), Refusal> {
    let Some(object) = tx.get(place)? else {
        return Ok(());
    };
    let differs = |wanted: Option<String>, pointer| {
        wanted.is_some_and(|wanted| Some(wanted.as_str()) != object::text(&object, pointer))
    };
    if differs(wanted.uid, "/metadata/uid")
        || differs(wanted.resource_version, "/metadata/resourceVersion")
    {
        let why = "Precondition failed: the object is not the one that was to be deleted";
        return Err(Refusal::conflict(kind, &place.name, why));
    }
    Ok(())
}

fn delete_each(
    tx: &Tx<'_>,
    kind: &Kind,
    mut page: Page,
    (dependents, now): (Dependents, Timestamp),
) -> Result<Page, Refusal> {
    for object in &mut page.objects {
        let namespace = object::text(object, "/metadata/namespace").unwrap_or_default();
        let place = kind.place(namespace, object::name(object));
        let protected = place.is_namespace() && PERMANENT_NAMESPACES.contains(&place.name.as_str());
        if protected {
            continue;
        }
        // One may have gone with another already.
        if let Some(Outcome::Gone(last) | Outcome::Waiting(last)) =
            cascade::delete(tx, &place, dependents, now)?
        {
            *object = in_version(kind, last);
        }
    }
    Ok(page)
}
