//! The two ways to a provider.
//!
//! One client can do everything: redirects, proxies, encryption. To prepare for all of that takes it about as
//! long as the rest of a question, which matters where a model answers at once: on this machine, or in this
//! cluster. So what is asked over plain HTTP, with no proxy before it, goes the short way.

use std::{error::Error, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, uri::Scheme};
use http_body_util::Full;
use hyper_util::{
    client::{
        legacy::{Client, connect::HttpConnector},
        proxy::matcher::Matcher,
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::transport::CONNECT_TIMEOUT;

/// How long a connection says nothing before the system asks whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Why there was no answer.
pub(super) type ClientError = Box<dyn Error + Send + Sync>;

/// Asks providers, each on its way.
pub(in crate::gateway) struct Clients {
    /// Goes everywhere.
    pub(in crate::gateway) long: reqwest::Client,
    short: Client<HttpConnector, Full<Bytes>>,
    /// Those that the environment names, as the other client reads them.
    proxies: Matcher,
}

impl Clients {
    /// Beside a client that goes everywhere.
    pub(in crate::gateway) fn new(long: reqwest::Client) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_keepalive(Some(KEEP_ALIVE));
        connector.set_nodelay(true);
        let short = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self {
            long,
            short,
            proxies: Matcher::from_env(),
        }
    }

    /// Sends a question, and waits until its answer begins.
    pub(super) async fn post(
        &self,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, ClientError> {
        let post = |headers| {
            let mut request = Request::new(body.clone());
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers;
            request
        };
        if uri.scheme() == Some(&Scheme::HTTP) && self.proxies.intercept(uri).is_none() {
            let answer = self
                .short
                .request(post(headers.clone()).map(Full::new))
                .await?;
            // Who leads elsewhere has not answered.
            if !answer.status().is_redirection() {
                return Ok(answer.map(Body::new));
            }
        }
        let request = reqwest::Request::try_from(post(headers))?;
        let answer = self.long.execute(request).await?;
        Ok(Response::from(answer).map(Body::new))
    }
}
