//! What a form offers to choose from.

use futures::try_join;
use serde_json::Value;

use crate::{
    components::field::Tick,
    kinds::Kind,
    rows::{State, name, text, texts},
    site::{Failure, Ports, kubernetes},
    untrusted::visible,
};

/// The objects a form can refer to, and names that others use already.
pub(super) struct Choices {
    agents: Vec<Value>,
    servers: Vec<Value>,
    model_apis: Vec<Value>,
    secret_keys: Vec<String>,
    providers: Vec<String>,
    /// The object that is edited, which cannot refer to itself.
    own: Option<String>,
}

impl Choices {
    pub(super) async fn load(
        ports: &Ports,
        kind: Kind,
        namespace: &str,
        own: Option<&str>,
    ) -> Result<Self, Failure> {
        let kube = &ports.kube;
        let (agents, servers, model_apis) = try_join!(
            kubernetes::objects(kube, Kind::Agent, namespace),
            kubernetes::objects(kube, Kind::McpServer, namespace),
            kubernetes::objects(kube, Kind::ModelApi, namespace),
        )?;
        // Without the secrets their names can still be typed.
        let secrets = kubernetes::objects(kube, Kind::Secret, namespace).await;
        Ok(Self {
            agents,
            servers,
            model_apis,
            secret_keys: secrets.unwrap_or_default().iter().flat_map(keys).collect(),
            providers: ports
                .providers
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            own: own.filter(|_| kind == Kind::Agent).map(str::to_owned),
        })
    }

    /// Value and words of each object to pick one of. One that is set and does not exist stays.
    pub(super) fn picks(&self, kind: Kind, set: &str) -> Vec<(String, String)> {
        let objects = self.of(kind);
        let one = |object: &Value| {
            let name = name(object).unwrap_or_default();
            let words = format!("{name} ({})", State::of(object).phase.as_str());
            (name, words)
        };
        let mut picks: Vec<_> = objects.iter().map(one).collect();
        let is_known = picks.iter().any(|(name, _)| name == set);
        if !set.is_empty() && !is_known {
            picks.push((set.to_owned(), format!("{set} (does not exist)")));
        }
        // The only one there is needs no choosing.
        if picks.len() != 1 {
            picks.insert(0, (String::new(), format!("Choose a {}", kind.noun())));
        }
        picks
    }

    /// A box for each object, and for each that is set and does not exist.
    pub(super) fn ticks(&self, kind: Kind, set: &[String]) -> Vec<Tick> {
        let objects = self.of(kind).iter();
        let tick = |object: &Value| {
            let name = name(object).unwrap_or_default();
            Tick {
                aside: aside(kind, object),
                words: name.clone(),
                value: name,
            }
        };
        let is_other =
            |tick: &Tick| kind != Kind::Agent || self.own.as_deref() != Some(&tick.value);
        let mut ticks: Vec<_> = objects.map(tick).filter(is_other).collect();
        let unknown = set
            .iter()
            .filter(|name| ticks.iter().all(|tick| tick.value != **name));
        let unknown: Vec<_> = unknown
            .map(|name| Tick {
                value: name.clone(),
                words: name.clone(),
                aside: "does not exist".to_owned(),
            })
            .collect();
        ticks.extend(unknown);
        ticks
    }

    /// What a browser offers to complete in a field.
    pub(super) fn suggestions(&self, field: &str) -> Vec<String> {
        match field {
            "model" => self.models(),
            "apiKey" => self.secret_keys.clone(),
            "provider" => self.providers.clone(),
            "runtime" => ["python-string", "custom", "url"]
                .map(str::to_owned)
                .to_vec(),
            _ => Vec::new(),
        }
    }

    /// What the model APIs let agents ask for, in words.
    pub(super) fn allowed_models(&self) -> String {
        let one = |api: &Value| {
            let name = name(api).unwrap_or_default();
            format!("{name} allows {}", models(api).join(", "))
        };
        let all: Vec<_> = self.model_apis.iter().map(one).collect();
        all.join("; ")
    }

    fn of(&self, kind: Kind) -> &[Value] {
        match kind {
            Kind::Agent => &self.agents,
            Kind::McpServer => &self.servers,
            Kind::ModelApi => &self.model_apis,
            Kind::Secret => &[],
        }
    }

    /// Names of models that other agents use and model APIs allow, without patterns.
    fn models(&self) -> Vec<String> {
        let allowed = self.model_apis.iter().flat_map(models);
        let used = self.agents.iter().map(|agent| text(agent, "/spec/model"));
        let mut models: Vec<_> = allowed
            .chain(used)
            .filter(|model| !model.contains('*'))
            .collect();
        models.sort();
        models.dedup();
        models
    }
}

fn models(api: &Value) -> Vec<String> {
    let hosted = text(api, "/spec/hostedConfig/model");
    let mut models = texts(api, "/spec/proxyConfig/models");
    if !hosted.is_empty() {
        models.push(hosted);
    }
    models
}

fn aside(kind: Kind, object: &Value) -> String {
    match kind {
        Kind::Agent => visible(&text(object, "/spec/config/description")).into_owned(),
        Kind::McpServer => {
            let tools = texts(object, "/status/availableTools");
            if tools.is_empty() {
                "no tools known yet".to_owned()
            } else {
                visible(&tools.join(", ")).into_owned()
            }
        }
        Kind::ModelApi | Kind::Secret => String::new(),
    }
}

/// `name/key` of every key of a Secret.
fn keys(secret: &Value) -> Vec<String> {
    let name = name(secret).unwrap_or_default();
    let data = secret["data"].as_object().into_iter().flatten();
    data.map(|(key, _)| format!("{name}/{key}")).collect()
}
