//! Asks a model, or two of them, what somebody wrote into the debugger.

mod question;

use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{Fields, Sent};
use crate::{
    rows::Id,
    site::{Ports, calls::Calls, render_again},
};
use question::Question;

/// What the form of the debugger held, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelForm {
    pub(crate) model: String,
    /// A second model that is asked the same.
    pub(crate) compare: String,
    pub(crate) system: String,
    pub(crate) prompt: String,
    pub(crate) temperature: String,
    pub(crate) max_tokens: String,
    pub(crate) seed: String,
    /// Tools offered to the model, as JSON.
    pub(crate) tools: String,
    /// Name of a field, and what is wrong with it.
    pub(crate) problems: Vec<(&'static str, String)>,
}

impl ModelForm {
    fn read(fields: &Fields) -> Self {
        Self {
            model: fields.text("model"),
            compare: fields.text("compare"),
            system: fields.text("system"),
            prompt: fields.text("prompt"),
            temperature: fields.text("temperature"),
            max_tokens: fields.text("max_tokens"),
            seed: fields.text("seed"),
            tools: fields.text("tools"),
            problems: Vec::new(),
        }
    }

    /// What an earlier question was made of.
    pub(crate) fn of(request: &Value) -> Self {
        let said = |role: &str| {
            let messages = request["messages"].as_array().into_iter().flatten();
            let mut messages = messages.filter(|message| message["role"] == role);
            let said = messages
                .next()
                .and_then(|message| message["content"].as_str());
            said.unwrap_or_default().to_owned()
        };
        let number = |name: &str| match &request[name] {
            Value::Null => String::new(),
            number => number.to_string(),
        };
        Self {
            model: request["model"].as_str().unwrap_or_default().to_owned(),
            system: said("system"),
            prompt: said("user"),
            temperature: number("temperature"),
            max_tokens: number("max_tokens"),
            seed: number("seed"),
            tools: number("tools"),
            ..Self::default()
        }
    }

    /// The question as it is sent, or everything that is wrong with it.
    fn request(&self) -> Result<Value, Vec<(&'static str, String)>> {
        let mut problems = Vec::new();
        let mut wrong = |field, message: &str| problems.push((field, message.to_owned()));
        if self.model.is_empty() || self.model.contains('*') {
            wrong("model", "Name one model; a pattern cannot be asked");
        }
        if self.compare.contains('*') {
            wrong("compare", "Name one model; a pattern cannot be asked");
        }
        if self.prompt.is_empty() {
            wrong("prompt", "Write what the model is asked");
        }
        let mut messages = Vec::new();
        if !self.system.is_empty() {
            messages.push(json!({"role": "system", "content": self.system}));
        }
        messages.push(json!({"role": "user", "content": self.prompt}));
        let mut request = json!({
            "model": self.model,
            "messages": messages,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        if !self.temperature.is_empty() {
            match self.temperature.parse::<f64>() {
                Ok(number) if (0.0..=2.0).contains(&number) => {
                    request["temperature"] = number.into();
                }
                _ => wrong("temperature", "A number from 0 to 2"),
            }
        }
        for (field, text) in [("max_tokens", &self.max_tokens), ("seed", &self.seed)] {
            match text.parse::<u32>() {
                Ok(number) => request[field] = number.into(),
                Err(_) if text.is_empty() => {}
                Err(_) => wrong(field, "A whole number"),
            }
        }
        match serde_json::from_str::<Value>(&self.tools) {
            Ok(tools) if tools.is_array() => request["tools"] = tools,
            _ if self.tools.is_empty() => {}
            _ => wrong("tools", "A JSON array of tools, as OpenAI's API takes it"),
        }
        if problems.is_empty() {
            Ok(request)
        } else {
            Err(problems)
        }
    }
}

/// `POST /ns/{ns}/modelapis/{name}/debug`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Extension(calls): Extension<Calls>,
    Path((namespace, name)): Path<(String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let mut form = ModelForm::read(&fields);
    let request = match form.request() {
        Ok(request) => request,
        Err(problems) => {
            form.problems = problems;
            return render_again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
        }
    };
    let mut requests = vec![request];
    if !form.compare.is_empty() {
        let mut other = requests[0].clone();
        other["model"] = form.compare.into();
        requests.push(other);
    }
    let question = Question {
        ports,
        calls,
        id: Id { namespace, name },
        requests,
    };
    let accept = head.headers.get(header::ACCEPT);
    match accept.and_then(|accept| accept.to_str().ok()) {
        Some("text/event-stream") => question.streamed(),
        _ => Redirect::to(&question.asked().await).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> ModelForm {
        ModelForm {
            model: "mock/instant".to_owned(),
            prompt: "Hello".to_owned(),
            ..ModelForm::default()
        }
    }

    #[test]
    fn only_what_was_filled_in_is_sent() {
        let request = form().request().unwrap();
        assert_eq!(
            request["messages"],
            json!([{"role": "user", "content": "Hello"}])
        );
        for absent in ["temperature", "max_tokens", "seed", "tools"] {
            assert_eq!(request.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_pattern_is_never_sent_as_a_model() {
        let form = ModelForm {
            model: "*".to_owned(),
            temperature: "hot".to_owned(),
            ..form()
        };
        let problems = form.request().unwrap_err();
        let fields: Vec<_> = problems.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["model", "temperature"]);
    }

    #[test]
    fn a_question_can_be_asked_again_as_it_was() {
        let form = ModelForm {
            system: "Be short".to_owned(),
            seed: "7".to_owned(),
            ..form()
        };
        assert_eq!(ModelForm::of(&form.request().unwrap()), form);
    }
}
