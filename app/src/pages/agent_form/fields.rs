//! The fields of the form, and which field of the resource each of them is.

use api::validation::FieldError;
use kube::ResourceExt;
use leptos::prelude::*;

use super::Choices;
use crate::{
    components::field::{CheckBoxes, Control, Field, Need, Notes},
    rows::State,
    site::{AgentForm, kubernetes},
    untrusted::visible,
};

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormField {
    Name,
    Description,
    Instructions,
    ModelApi,
    Model,
    McpServers,
    Access,
    Expose,
    MaxSteps,
    ContextLimit,
}

impl FormField {
    const ALL: [Self; 10] = [
        Self::Name,
        Self::Description,
        Self::Instructions,
        Self::ModelApi,
        Self::Model,
        Self::McpServers,
        Self::Access,
        Self::Expose,
        Self::MaxSteps,
        Self::ContextLimit,
    ];

    /// The field of the form that sets the field `path` of the resource, or the list it is in.
    pub(super) fn of(path: &str) -> Option<Self> {
        let whole = path.split('[').next()?;
        Self::ALL.into_iter().find(|field| field.path() == whole)
    }

    fn path(self) -> &'static str {
        match self {
            Self::Name => "metadata.name",
            Self::Description => "spec.config.description",
            Self::Instructions => "spec.config.instructions",
            Self::ModelApi => "spec.modelAPI",
            Self::Model => "spec.model",
            Self::McpServers => "spec.mcpServers",
            Self::Access => "spec.agentNetwork.access",
            Self::Expose => "spec.agentNetwork.expose",
            Self::MaxSteps => "spec.config.reasoningLoopMaxSteps",
            Self::ContextLimit => "spec.config.memory.contextLimit",
        }
    }

    /// Name of the value when the form is posted, and id of the control.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Instructions => "instructions",
            Self::ModelApi => "modelAPI",
            Self::Model => "model",
            Self::McpServers => "mcpServers",
            Self::Access => "access",
            Self::Expose => "expose",
            Self::MaxSteps => "maxSteps",
            Self::ContextLimit => "contextLimit",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Description => "Description",
            Self::Instructions => "Instructions",
            Self::ModelApi => "Model API",
            Self::Model => "Model",
            Self::McpServers => "MCP servers",
            Self::Access => "May delegate to",
            Self::Expose => "Exposed",
            Self::MaxSteps => "Max steps",
            Self::ContextLimit => "Messages given to the model",
        }
    }

    fn need(self) -> Need {
        match self {
            Self::Name | Self::ModelApi | Self::Model => Need::Required,
            Self::Description
            | Self::Instructions
            | Self::McpServers
            | Self::Access
            | Self::Expose
            | Self::MaxSteps
            | Self::ContextLimit => Need::Optional,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Name => "Lower-case letters, digits and hyphens, at most 57.",
            Self::Description => "One sentence. Other agents read it to decide whom to ask.",
            Self::Instructions => "The system prompt.",
            Self::ModelApi => "Where models are reached.",
            Self::Model => "As the model API knows it.",
            Self::McpServers => "The agent may call all tools of those ticked.",
            Self::Access => "Each becomes a tool that hands over a task.",
            Self::Expose => "",
            Self::MaxSteps => "Steps of reasoning before it must answer, 1 to 20.",
            Self::ContextLimit => "Of the session so far, 1 to 100.",
        }
    }
}

/// All fields, in four sections.
#[component]
pub(super) fn AgentFields(namespace: String, form: AgentForm, choices: Choices) -> impl IntoView {
    view! {
        <Identity form=form.clone() />
        <Model
            namespace
            form=form.clone()
            model_apis=choices.model_apis()
            models=choices.models()
        />
        <Reach form=form.clone() mcp_servers=choices.mcp_servers() agents=choices.agents() />
        <Limits form />
    }
}

#[component]
fn Identity(form: AgentForm) -> impl IntoView {
    view! {
        <section class="form-section">
            <h2>"Identity"</h2>
            {field(FormField::Name, &form, line(Vec::new()), &form.name)}
            {field(FormField::Description, &form, line(Vec::new()), &form.description)}
            {field(FormField::Instructions, &form, Control::Text, &form.instructions)}
        </section>
    }
}

#[component]
fn Model(
    namespace: String,
    form: AgentForm,
    model_apis: Vec<(String, String)>,
    models: Vec<String>,
) -> impl IntoView {
    // Without one there is a single choice: to choose.
    let is_missing = model_apis.iter().all(|(name, _)| name.is_empty());
    view! {
        <section class="form-section">
            <h2>"Model"</h2>
            {is_missing.then(|| view! { <NoModelApi namespace /> })}
            {field(FormField::ModelApi, &form, Control::Choice(model_apis), &form.model_api)}
            {field(FormField::Model, &form, line(models), &form.model)}
        </section>
    }
}

#[component]
fn Reach(
    form: AgentForm,
    mcp_servers: Vec<(String, String, String)>,
    agents: Vec<(String, String, String)>,
) -> impl IntoView {
    let words = "Others may reach it".to_owned();
    let expose = vec![("true".to_owned(), words, String::new())];
    let exposed = form.expose.then(|| "true".to_owned());
    view! {
        <section class="form-section">
            <h2>"Tools and agents"</h2>
            {check_boxes(FormField::McpServers, &form, mcp_servers, form.mcp_servers.clone())}
            {check_boxes(FormField::Access, &form, agents, form.access.clone())}
            {check_boxes(FormField::Expose, &form, expose, exposed.into_iter().collect())}
        </section>
    }
}

#[component]
fn Limits(form: AgentForm) -> impl IntoView {
    let (steps, messages) = (Control::Number(1, 20), Control::Number(1, 100));
    view! {
        <section class="form-section">
            <h2>"Limits"</h2>
            {field(FormField::MaxSteps, &form, steps, &form.max_steps)}
            {field(FormField::ContextLimit, &form, messages, &form.context_limit)}
        </section>
    }
}

fn line(suggestions: Vec<String>) -> Control {
    Control::Line { suggestions }
}

fn field(field: FormField, form: &AgentForm, control: Control, value: &str) -> AnyView {
    let (notes, value) = (notes(field, form), value.to_owned());
    let (id, label, need) = (field.id(), field.label(), field.need());
    view! { <Field id label need control value notes /> }.into_any()
}

fn check_boxes(
    field: FormField,
    form: &AgentForm,
    choices: Vec<(String, String, String)>,
    ticked: Vec<String>,
) -> AnyView {
    let (id, legend, notes) = (field.id(), field.label(), notes(field, form));
    if choices.is_empty() {
        return view! { <p class="field-hint">{legend} ": there are none in this namespace."</p> }
            .into_any();
    }
    view! { <CheckBoxes id legend choices ticked notes /> }.into_any()
}

/// The field's hint, and all that is wrong with it.
fn notes(field: FormField, form: &AgentForm) -> Notes {
    let of_field = |error: &&FieldError| FormField::of(&error.field) == Some(field);
    let errors = form.errors.iter().filter(of_field);
    let messages: Vec<_> = errors.map(|error| error.message.as_str()).collect();
    Notes {
        hint: field.hint(),
        error: messages.join("; "),
    }
}

#[component]
fn NoModelApi(namespace: String) -> impl IntoView {
    view! {
        <p class="form-warning">
            "Namespace " {namespace} " has no model API yet. Apply one as YAML first, then open this page again."
        </p>
    }
}

impl Choices {
    /// Value and words of each model API. The only one there is needs no choosing.
    fn model_apis(&self) -> Vec<(String, String)> {
        let nothing = (String::new(), "Choose a model API".to_owned());
        let none = (self.model_apis.len() != 1).then_some(nothing);
        let one = |api: &api::resources::ModelAPI| {
            let state = State::of(&kubernetes::json(api));
            let name = api.name_any();
            let words = format!("{name} ({})", state.phase.as_str());
            (name, words)
        };
        none.into_iter()
            .chain(self.model_apis.iter().map(one))
            .collect()
    }

    /// Names of models that other agents use and model APIs allow, without patterns.
    fn models(&self) -> Vec<String> {
        let proxied = self.model_apis.iter().flat_map(|api| {
            let proxy = api.spec.proxy_config.as_ref();
            proxy.map_or(&[][..], |proxy| &proxy.models)
        });
        let hosted = self.model_apis.iter().filter_map(|api| {
            let hosted = api.spec.hosted_config.as_ref()?;
            Some(&hosted.model)
        });
        let used = self.agents.iter().map(|agent| &agent.spec.model);
        let mut models: Vec<_> = proxied
            .chain(hosted)
            .chain(used)
            .filter(|model| !model.contains('*'))
            .cloned()
            .collect();
        models.sort();
        models.dedup();
        models
    }

    fn mcp_servers(&self) -> Vec<(String, String, String)> {
        let one = |server: &api::resources::MCPServer| {
            let name = server.name_any();
            let tools = server.status.as_ref().map(|status| &status.available_tools);
            let tools = tools.filter(|tools| !tools.is_empty());
            let aside = tools.map_or_else(|| "no tools known yet".to_owned(), |t| t.join(", "));
            (name.clone(), name, aside)
        };
        self.mcp_servers.iter().map(one).collect()
    }

    fn agents(&self) -> Vec<(String, String, String)> {
        let one = |agent: &api::resources::Agent| {
            let name = agent.name_any();
            (
                name.clone(),
                name,
                visible(agent.spec.description()).into_owned(),
            )
        };
        self.agents.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_inside_a_list_belongs_to_the_lists_field() {
        let field = FormField::of("spec.agentNetwork.access[2]");
        assert_eq!(field, Some(FormField::Access));
        assert_eq!(FormField::of("metadata.name"), Some(FormField::Name));
    }

    #[test]
    fn a_field_the_form_does_not_have_belongs_to_none() {
        assert_eq!(FormField::of("spec.container.image"), None);
        assert_eq!(FormField::of(""), None);
    }
}
