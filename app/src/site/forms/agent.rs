//! Creates an agent.

use api::{
    resources::{
        Agent, AgentSpec,
        agent::{AgentConfig, AgentNetwork, MemoryConfig},
    },
    validation::{FieldError, validate_agent},
};
use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use kube::core::Status;

use super::Fields;
use crate::site::{Ports, kubernetes, render_again};

/// What the form holds: the values as they were typed, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentForm {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) instructions: String,
    pub(crate) model_api: String,
    pub(crate) model: String,
    pub(crate) mcp_servers: Vec<String>,
    pub(crate) access: Vec<String>,
    pub(crate) expose: bool,
    pub(crate) max_steps: String,
    pub(crate) context_limit: String,
    pub(crate) errors: Vec<FieldError>,
}

impl Default for AgentForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            instructions: String::new(),
            model_api: String::new(),
            model: String::new(),
            mcp_servers: Vec::new(),
            access: Vec::new(),
            expose: true,
            max_steps: AgentSpec::default().max_steps().to_string(),
            context_limit: MemoryConfig::default().context_limit.to_string(),
            errors: Vec::new(),
        }
    }
}

impl AgentForm {
    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            description: fields.text("description"),
            instructions: fields.text("instructions"),
            model_api: fields.text("modelAPI"),
            model: fields.text("model"),
            mcp_servers: fields.all("mcpServers"),
            access: fields.all("access"),
            expose: fields.get("expose").is_some(),
            max_steps: fields.text("maxSteps"),
            context_limit: fields.text("contextLimit"),
            errors: Vec::new(),
        }
    }

    /// The agent it describes, or everything that is wrong with it.
    fn agent(&self) -> Result<Agent, Vec<FieldError>> {
        let mut errors = Vec::new();
        let max_steps = number(
            &self.max_steps,
            "spec.config.reasoningLoopMaxSteps",
            &mut errors,
        );
        let context_limit = number(
            &self.context_limit,
            "spec.config.memory.contextLimit",
            &mut errors,
        );
        let spec = AgentSpec {
            model_api: self.model_api.clone(),
            model: self.model.clone(),
            mcp_servers: self.mcp_servers.clone(),
            agent_network: Some(AgentNetwork {
                expose: Some(self.expose),
                access: self.access.clone(),
            }),
            config: Some(AgentConfig {
                description: filled(&self.description),
                instructions: filled(&self.instructions),
                reasoning_loop_max_steps: max_steps,
                memory: context_limit.map(|context_limit| MemoryConfig {
                    context_limit,
                    ..MemoryConfig::default()
                }),
                ..AgentConfig::default()
            }),
            ..AgentSpec::default()
        };
        errors.extend(validate_agent(&self.name, &spec));
        if errors.is_empty() {
            Ok(Agent::new(&self.name, spec))
        } else {
            Err(errors)
        }
    }
}

pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    request: Request,
) -> Response {
    let (head, fields) = match super::read(&ports, request).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let form = AgentForm::read(&fields);
    match create(&ports, &namespace, &form).await {
        Ok(()) => Redirect::to(&format!("/ns/{namespace}/agents/{}", form.name)).into_response(),
        Err((status, errors)) => {
            let form = AgentForm { errors, ..form };
            render_again(ports, head, status, form).await
        }
    }
}

async fn create(
    ports: &Ports,
    namespace: &str,
    form: &AgentForm,
) -> Result<(), (StatusCode, Vec<FieldError>)> {
    let agent = form
        .agent()
        .map_err(|errors| (StatusCode::UNPROCESSABLE_ENTITY, errors))?;
    kubernetes::create_agent(&ports.kube, namespace, &agent)
        .await
        .map_err(|error| match error {
            kube::Error::Api(status) => refusal(&status, &form.name),
            other => (StatusCode::BAD_GATEWAY, general(other.to_string())),
        })
}

/// What Kubernetes says against the agent, by field where it names one.
fn refusal(status: &Status, name: &str) -> (StatusCode, Vec<FieldError>) {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::BAD_GATEWAY);
    let causes = status
        .details
        .as_ref()
        .map_or(&[][..], |details| &details.causes);
    let errors = if status.is_already_exists() {
        vec![FieldError {
            field: "metadata.name".to_owned(),
            message: format!("an agent named {name} exists already; choose another name"),
        }]
    } else if causes.is_empty() {
        general(status.message.clone())
    } else {
        let error = |cause: &kube::core::response::StatusCause| FieldError {
            field: cause.field.clone(),
            message: cause.message.clone(),
        };
        causes.iter().map(error).collect()
    };
    (code, errors)
}

/// An error that belongs to no field.
fn general(message: String) -> Vec<FieldError> {
    vec![FieldError {
        field: String::new(),
        message,
    }]
}

/// Empty means "as usual"; anything but a number is an error of the field.
fn number(text: &str, field: &str, errors: &mut Vec<FieldError>) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    if number.is_none() {
        errors.push(FieldError {
            field: field.to_owned(),
            message: "must be a whole number".to_owned(),
        });
    }
    number
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
