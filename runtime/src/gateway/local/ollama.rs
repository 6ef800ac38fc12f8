//! A model that the local Ollama serves: fetched through Ollama's own API if it is not there.

use std::time::Duration;

use futures::TryStreamExt;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::gateway::{
    served::{ModelApiState, Served},
    upstream::Upstream,
};

/// How long Ollama may take to say what it has.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may say nothing while it fetches a model.
const SILENCE: Duration = Duration::from_mins(5);
/// How often it is looked at once the model is there.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How often progress is told, at most.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// The longest line of progress.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Serves the model for as long as Ollama has it; returns why it cannot, for people.
pub(super) async fn run(
    served: &Served,
    model: &str,
    (base, client): (&Url, &reqwest::Client),
) -> String {
    let ollama = Ollama { client, base };
    loop {
        match ollama.has(model).await {
            Ok(true) => {
                let mut base = base.clone();
                base.set_path("/v1");
                match Upstream::at(&served.plan.id, base, None) {
                    Ok(upstream) => served.ready(upstream),
                    Err(reason) => return reason,
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(false) => {
                let tell = |progress| served.enter(ModelApiState::Starting(Some(progress)));
                if let Err(reason) = ollama.pull(model, tell).await {
                    return reason;
                }
            }
            Err(reason) => return reason,
        }
    }
}

/// The address that Ollama's own variable, `OLLAMA_HOST`, means; `None` when it means none.
pub fn ollama_url(host: &str) -> Option<Url> {
    let host = host.trim().trim_end_matches('/');
    let has_scheme = host.contains("://");
    let text = match host.strip_prefix(':') {
        Some(port) => format!("http://127.0.0.1:{port}"),
        None if has_scheme => host.to_owned(),
        None => format!("http://{host}"),
    };
    let mut url = Url::parse(&text).ok()?;
    if !url.has_host() || !["http", "https"].contains(&url.scheme()) {
        return None;
    }
    if url.port().is_none() && !has_scheme {
        url.set_port(Some(11_434)).ok()?;
    }
    // Whoever listens everywhere listens here.
    if ["0.0.0.0", "[::]"].contains(&url.host_str()?) {
        url.set_host(Some("127.0.0.1")).ok()?;
    }
    Some(url)
}

/// The Ollama of this machine.
struct Ollama<'a> {
    client: &'a reqwest::Client,
    base: &'a Url,
}

/// One line of what Ollama says while it fetches a model.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Progress {
    status: String,
    /// The layer of the model that is being fetched.
    digest: Option<String>,
    /// Its bytes.
    total: Option<u64>,
    completed: Option<u64>,
    error: Option<String>,
}

impl Ollama<'_> {
    /// Whether the model is there. A name without a tag means the tag `latest`.
    async fn has(&self, model: &str) -> Result<bool, String> {
        let url = self.url("api/tags");
        let asking = async {
            let answer = self.client.get(url).send().await?.error_for_status()?;
            answer.json::<Value>().await
        };
        let Ok(Ok(list)) = tokio::time::timeout(PATIENCE, asking).await else {
            return Err(self.absent());
        };
        let latest = format!("{model}:latest");
        let names = list["models"].as_array().into_iter().flatten();
        Ok(names
            .filter_map(|found| found["name"].as_str())
            .any(|name| name == model || name == latest))
    }

    /// Fetches the model; says now and then how far it has come.
    async fn pull(&self, model: &str, tell: impl Fn(String)) -> Result<(), String> {
        tell(format!("Ollama fetches {model}"));
        let failed = |why: &str| format!("Ollama cannot fetch the model \"{model}\": {why}");
        let call = self.client.post(self.url("api/pull"));
        let asked = json!({"model": model, "stream": true});
        let answer = tokio::time::timeout(SILENCE, call.json(&asked).send()).await;
        let answer = answer
            .map_err(|_| failed("it does not answer"))?
            .map_err(|_| self.absent())?;
        let status = answer.status();
        let mut pieces = answer.bytes_stream();
        let mut line = Vec::new();
        let mut told: Option<Instant> = None;
        let mut last = Progress::default();
        loop {
            let piece = tokio::time::timeout(SILENCE, pieces.try_next()).await;
            let piece = piece.map_err(|_| failed("it has stopped saying how far it is"))?;
            let Some(piece) = piece.map_err(|_| failed("it broke off"))? else {
                break;
            };
            for byte in piece {
                if byte != b'\n' {
                    line.push(byte);
                    if line.len() > MAX_LINE_BYTES {
                        return Err(failed("what it says makes no sense"));
                    }
                    continue;
                }
                last = serde_json::from_slice(&line).unwrap_or_default();
                line.clear();
                if let Some(error) = &last.error {
                    return Err(failed(error));
                }
                if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                    told = Some(Instant::now());
                    tell(last.words(model));
                }
            }
        }
        if let Ok(rest) = serde_json::from_slice::<Progress>(&line) {
            last = rest;
        }
        match last.error {
            Some(error) => Err(failed(&error)),
            None if last.status == "success" => Ok(()),
            None if status.is_success() => Err(failed("it stopped in the middle")),
            None => Err(failed(&format!("it answers with {status}"))),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    fn absent(&self) -> String {
        format!(
            "Ollama does not answer at {}; install it from https://ollama.com, start it with \
             `ollama serve`, or say in OLLAMA_HOST where it is",
            self.base
        )
    }
}

impl Progress {
    fn words(&self, model: &str) -> String {
        let layer = self
            .digest
            .as_ref()
            .and(self.total)
            .filter(|total| *total > 0);
        match layer {
            Some(total) => {
                let percent = self.completed.unwrap_or_default().saturating_mul(100) / total;
                let megabytes = total / 1_000_000;
                format!("Ollama fetches {model}: {percent} % of {megabytes} MB")
            }
            None => format!("Ollama fetches {model}: {}", self.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollamas_variable_is_read_as_ollama_reads_it() {
        for (host, url) in [
            ("127.0.0.1:11434", "http://127.0.0.1:11434/"),
            ("127.0.0.1", "http://127.0.0.1:11434/"),
            ("0.0.0.0", "http://127.0.0.1:11434/"),
            (":8080", "http://127.0.0.1:8080/"),
            ("http://models:9000/", "http://models:9000/"),
            ("https://models", "https://models/"),
            ("[::]:11434", "http://127.0.0.1:11434/"),
        ] {
            assert_eq!(ollama_url(host).map(String::from).as_deref(), Some(url));
        }
        for wrong in ["", "ftp://models", "a b"] {
            assert_eq!(ollama_url(wrong), None, "{wrong}");
        }
    }
}
