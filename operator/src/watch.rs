//! What changed, as names: each object that came, changed or went.
//!
//! A watch may lose events and start over with a list. An object that is missing from that list has
//! gone without an event of its own; it is named here all the same.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use api::plan::ResourceId;
use futures::{Stream, StreamExt, future, stream};
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_objects};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

/// Keeps `writer` up to date and names each object of `api` that was touched, after the store knows.
pub(crate) fn reflected<K>(api: Api<K>, writer: Writer<K>) -> impl Stream<Item = ResourceId> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + Send + Sync,
{
    let events = watch_objects(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer);
    touched(events)
}

/// Names each object of kind `K` that was touched. Only metadata is asked for, so that no Secret or
/// `ConfigMap` is read but the one that is needed.
pub(crate) fn names_only<K>(client: Client) -> impl Stream<Item = ResourceId> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + 'static,
{
    let api = Api::<PartialObjectMeta<K>>::all(client);
    touched(watch_objects(api, watcher::Config::default()).default_backoff())
}

/// The namespace and name of an object; the namespace is empty when it has none.
pub(crate) fn id_of(object: &impl Resource) -> ResourceId {
    let meta = object.meta();
    ResourceId::new(
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

fn touched<K: Resource>(
    events: impl Stream<Item = watcher::Result<Event<K>>> + Send,
) -> impl Stream<Item = ResourceId> + Send {
    let mut seen = Seen::default();
    events
        .filter_map(|event| {
            future::ready(match event {
                Ok(event) => Some(Change::of(&event)),
                // The watch starts over by itself; this is the one place that hears of it.
                Err(error) => {
                    tracing::warn!(%error, "a watch was interrupted and starts over");
                    None
                }
            })
        })
        .flat_map(move |change| stream::iter(seen.note(change)))
}

/// A watch event, reduced to names.
enum Change {
    Touched(ResourceId),
    Gone(ResourceId),
    ListBegins,
    Listed(ResourceId),
    ListEnds,
}

impl Change {
    fn of(event: &Event<impl Resource>) -> Self {
        match event {
            Event::Apply(object) => Self::Touched(id_of(object)),
            Event::Delete(object) => Self::Gone(id_of(object)),
            Event::Init => Self::ListBegins,
            Event::InitApply(object) => Self::Listed(id_of(object)),
            Event::InitDone => Self::ListEnds,
        }
    }
}

/// The names that exist, and those of the list that is being read.
#[derive(Default)]
struct Seen {
    known: HashSet<ResourceId>,
    listed: HashSet<ResourceId>,
}

impl Seen {
    /// What to announce for a change. A list is announced when it is complete, because a store shows
    /// it only then.
    fn note(&mut self, change: Change) -> Vec<ResourceId> {
        match change {
            Change::Touched(id) => {
                self.known.insert(id.clone());
                vec![id]
            }
            Change::Gone(id) => {
                self.known.remove(&id);
                vec![id]
            }
            Change::ListBegins => {
                self.listed.clear();
                Vec::new()
            }
            Change::Listed(id) => {
                self.listed.insert(id);
                Vec::new()
            }
            Change::ListEnds => {
                let before = std::mem::replace(&mut self.known, std::mem::take(&mut self.listed));
                self.known.union(&before).cloned().collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ResourceId {
        ResourceId::new("team", name)
    }

    fn sorted(mut ids: Vec<ResourceId>) -> Vec<ResourceId> {
        ids.sort();
        ids
    }

    #[test]
    fn an_object_that_is_missing_from_a_second_list_is_announced_too() {
        let mut seen = Seen::default();
        for name in ["stays", "goes"] {
            assert!(seen.note(Change::Listed(id(name))).is_empty());
        }
        assert_eq!(
            sorted(seen.note(Change::ListEnds)),
            [id("goes"), id("stays")]
        );

        seen.note(Change::ListBegins);
        seen.note(Change::Listed(id("stays")));
        assert_eq!(
            sorted(seen.note(Change::ListEnds)),
            [id("goes"), id("stays")]
        );

        seen.note(Change::ListBegins);
        seen.note(Change::Listed(id("stays")));
        assert_eq!(sorted(seen.note(Change::ListEnds)), [id("stays")]);
    }

    #[test]
    fn a_deleted_object_is_announced_once() {
        let mut seen = Seen::default();
        seen.note(Change::Touched(id("notes")));
        assert_eq!(seen.note(Change::Gone(id("notes"))), [id("notes")]);
        seen.note(Change::ListBegins);
        assert!(seen.note(Change::ListEnds).is_empty());
    }
}
