//! How agents reach models, tools and each other: one `send` for what is here and what is elsewhere.
//!
//! A request to our own base URL never touches a socket: it goes to the program's own endpoints,
//! so that a thousand agents talking to each other cost no ports. Dropping the body of a response
//! cancels the work behind it in both cases.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{body::Body, response::Response as Answer};
use futures::{FutureExt, future::BoxFuture};
use http::{
    HeaderValue, Request, Response, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use reqwest::redirect::Policy;
use tower::{Service, ServiceExt};

/// How long a connection may take to open.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Redirects followed on the same host.
const MAX_REDIRECTS: usize = 5;

/// The way to every HTTP endpoint.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    local: OnceLock<Local>,
}

struct Local {
    scheme: Scheme,
    authority: Authority,
    answer: Box<dyn Fn(Request<Body>) -> BoxFuture<'static, Answer> + Send + Sync>,
}

/// Why a request got no response.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The base URL has no scheme and host.
    #[error("\"{url}\" is not the base URL of a server; give it as \"http://host:port\"")]
    ParseBaseUrl {
        /// What was given.
        url: String,
    },
    /// The in-process router was already set.
    #[error("requests to this process are already served; set the router once, after wiring")]
    AlreadyLocal,
    /// The request cannot be sent as it is.
    #[error("failed to send a request to \"{uri}\": {reason}")]
    BuildRequest {
        /// Where it was to go.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers there.
    #[error("{host} cannot be reached; check that it runs and that the URL is right")]
    Connect {
        /// Host and port.
        host: String,
        /// What the socket said.
        #[source]
        source: reqwest::Error,
    },
    /// The exchange broke off.
    #[error("the exchange with {host} broke off")]
    Exchange {
        /// Host and port.
        host: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
}

/// The HTTP client to share: it opens connections quickly or not at all, and never lets another
/// host lead it elsewhere.
pub fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::custom(|attempt| {
            let from = attempt.previous().last();
            let same_host = from.is_some_and(|from| from.origin() == attempt.url().origin());
            if same_host && attempt.previous().len() <= MAX_REDIRECTS {
                attempt.follow()
            } else {
                attempt.stop()
            }
        }))
        .build()
}

impl Transport {
    /// A transport over `client`; see [`client`].
    pub fn new(client: reqwest::Client) -> Self {
        Self(Arc::new(Inner {
            client,
            local: OnceLock::new(),
        }))
    }

    /// From now on, sends requests to `base_url` to `service`, such as a router. Can be called once.
    pub fn serve_locally<S>(&self, base_url: &str, service: S) -> Result<(), TransportError>
    where
        S: Service<Request<Body>, Response = Answer, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let parts = base_url.parse::<Uri>().unwrap_or_default().into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(TransportError::ParseBaseUrl {
                url: base_url.to_owned(),
            });
        };
        let answer = move |request| {
            let answer = service.clone().oneshot(request);
            answer.map(|Ok(answer)| answer).boxed()
        };
        let local = Local {
            scheme,
            authority,
            answer: Box::new(answer),
        };
        self.0
            .local
            .set(local)
            .map_err(|_| TransportError::AlreadyLocal)
    }

    /// Sends `request` to wherever its URL points. The response's body streams.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        match self.0.local.get().filter(|local| local.owns(request.uri())) {
            Some(local) => Ok(local.send(request).await),
            None => self.send_away(request).await,
        }
    }

    async fn send_away(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let uri = request.uri().clone();
        let unsendable = |reason: String| TransportError::BuildRequest {
            uri: uri.to_string(),
            reason,
        };
        let Some(host) = uri.authority().map(Authority::to_string) else {
            return Err(unsendable("the URL names no host".to_owned()));
        };
        let request = request.map(|body| reqwest::Body::wrap_stream(body.into_data_stream()));
        let request =
            reqwest::Request::try_from(request).map_err(|error| unsendable(error.to_string()))?;
        let response = self.0.client.execute(request).await.map_err(|source| {
            if source.is_connect() {
                TransportError::Connect { host, source }
            } else {
                TransportError::Exchange { host, source }
            }
        })?;
        Ok(Response::from(response).map(Body::new))
    }
}

impl Local {
    fn owns(&self, uri: &Uri) -> bool {
        uri.scheme() == Some(&self.scheme) && uri.authority() == Some(&self.authority)
    }

    async fn send(&self, mut request: Request<Body>) -> Response<Body> {
        // A socket would have brought this header; handlers rely on it.
        if let Ok(host) = HeaderValue::from_str(self.authority.as_str()) {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        (self.answer)(request).await
    }
}

#[cfg(test)]
pub(crate) mod tests;
