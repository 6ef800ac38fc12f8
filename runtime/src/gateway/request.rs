//! A request to a model, as far as the gateway looks into it, and what of it is said differently to
//! a provider.

use api::chat::StreamOptions;
use bytes::Bytes;

use super::{GatewayError, members::Members, provider::StreamUsage};

/// What a client asks for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The model, as the client calls it.
    pub(super) model: String,
    /// Whether the answer is to come as server-sent events.
    pub(super) streams: bool,
    /// Whether the client wants to know what a streamed answer used.
    pub(super) wants_usage: bool,
    members: Members<'a>,
}

impl<'a> Asked<'a> {
    /// Reads as much of a request as the gateway needs.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, GatewayError> {
        let unreadable = |error: serde_json::Error| GatewayError::ParseRequest(error.to_string());
        let members = Members::parse(body).map_err(unreadable)?;
        let model = members.get("model").ok_or(GatewayError::NameModel)?;
        let options: Option<StreamOptions> = members.get("stream_options");
        Ok(Self {
            model,
            streams: members.get("stream") == Some(true),
            wants_usage: options.is_some_and(|options| options.include_usage),
            members,
        })
    }

    /// The body for a provider that calls the model `name`. Where nothing has to be said
    /// differently it is `body`, untouched.
    pub(super) fn body_for(
        mut self,
        name: &str,
        stream_usage: StreamUsage,
        body: &Bytes,
    ) -> Result<Bytes, GatewayError> {
        let renamed = name != self.model;
        // Without it, nobody would know what the answer costs.
        let asks_for_usage =
            self.streams && !self.wants_usage && stream_usage == StreamUsage::WhenAsked;
        let refuses_options =
            stream_usage == StreamUsage::Always && self.members.raw("stream_options").is_some();
        if !renamed && !asks_for_usage && !refuses_options {
            return Ok(body.clone());
        }
        let unwritable = |error: serde_json::Error| GatewayError::ParseRequest(error.to_string());
        if renamed {
            self.members.set("model", &name).map_err(unwritable)?;
        }
        if asks_for_usage {
            let options = StreamOptions {
                include_usage: true,
            };
            self.members
                .set("stream_options", &options)
                .map_err(unwritable)?;
        }
        if refuses_options {
            self.members.remove("stream_options");
        }
        self.members.write().map(Bytes::from).map_err(unwritable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(body: &'static str, name: &str, usage: StreamUsage) -> Bytes {
        let body = Bytes::from_static(body.as_bytes());
        Asked::read(&body)
            .unwrap()
            .body_for(name, usage, &body)
            .unwrap()
    }

    #[test]
    fn a_body_that_needs_no_change_is_the_same_bytes() {
        let body = Bytes::from_static(br#"{ "model": "gpt-4o", "stream": false }"#);
        let asked = Asked::read(&body).unwrap();
        let sent = asked
            .body_for("gpt-4o", StreamUsage::WhenAsked, &body)
            .unwrap();
        assert_eq!(sent.as_ptr(), body.as_ptr());
    }

    #[test]
    fn a_stream_is_asked_for_its_usage_where_that_can_be_asked() {
        let body = r#"{"model":"m","stream":true}"#;
        let asked = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
        assert_eq!(sent(body, "m", StreamUsage::WhenAsked), asked);
        assert_eq!(sent(asked, "m", StreamUsage::WhenAsked), asked);
        assert_eq!(sent(body, "m", StreamUsage::Always), body);
        assert_eq!(sent(asked, "m", StreamUsage::Always), body);
    }

    #[test]
    fn only_the_name_of_the_model_changes() {
        let body = r#"{"seed":7,"model":"openai/gpt-4o","x":{"model":"y"}}"#;
        let expected = r#"{"seed":7,"model":"gpt-4o","x":{"model":"y"}}"#;
        assert_eq!(sent(body, "gpt-4o", StreamUsage::WhenAsked), expected);
    }

    #[test]
    fn a_request_that_names_no_model_is_refused() {
        for wrong in ["{}", r#"{"model":null}"#, r#"{"model":7}"#] {
            let error = Asked::read(wrong.as_bytes()).unwrap_err();
            assert!(matches!(error, GatewayError::NameModel), "{error}");
        }
        let twice = br#"{"model":"allowed","model":"other"}"#;
        let error = Asked::read(twice).unwrap_err();
        assert!(matches!(error, GatewayError::ParseRequest(_)), "{error}");
    }
}
