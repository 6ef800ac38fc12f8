//! Asking a model API by hand: one prompt, one model or two, and what came back.

mod result;

use std::time::Duration;

use leptos::prelude::*;

use super::{
    params::query_param,
    resource::{
        head::Page,
        page::partial,
        tab::{About, tab},
    },
};
use crate::{
    components::{
        answers::Answers,
        button::{SubmitButton, Weight},
        field::{Control, Field, Letters, Need, Notes},
        form_guard::FormGuard,
        page_head::Panel,
    },
    frame::CsrfField,
    kinds::Kind,
    rows::texts,
    site::{
        calls::{Call, Calls},
        model::ModelApi,
        model_form::ModelForm,
    },
};

/// How long the list of models may take, which only helps to fill in the form.
const LIST_WITHIN: Duration = Duration::from_secs(3);

/// `/ns/{ns}/modelapis/{name}/debug?model=&call=&with=`.
#[component]
pub(crate) fn DebugPage(name: String) -> impl IntoView {
    let number = |name: &str| query_param(name).and_then(|number| number.parse::<u64>().ok());
    let asked = [number("call"), number("with")];
    let model = query_param("model");
    let refused = use_context::<ModelForm>();
    let calls: Calls = expect_context();
    tab(
        (Kind::ModelApi, name, Page::Debug),
        |ports, about| async move {
            let api = ModelApi {
                router: &ports.agents,
                id: &about.id,
            };
            Ok(api.models(LIST_WITHIN).await)
        },
        move |about, models| {
            let history = calls.of(Kind::ModelApi, &about.id);
            let of = |number: &u64| history.iter().find(|call| call.number == *number);
            let shown: Vec<&Call> = asked.iter().flatten().filter_map(of).collect();
            let form = refused.unwrap_or_else(|| filled(about, &models, &shown, model));
            draw(about, &models, (&form, &shown, &history))
        },
    )
}

/// The form as the last question left it, or ready for a first one.
fn filled(
    about: &About,
    models: &Result<Vec<String>, String>,
    shown: &[&Call],
    model: Option<String>,
) -> ModelForm {
    if let Some(first) = shown.first() {
        let compare = shown.get(1).map(|call| call.what.clone());
        return ModelForm {
            compare: compare.unwrap_or_default(),
            ..ModelForm::of(&first.input)
        };
    }
    let mut written = texts(&about.object, "/spec/proxyConfig/models").into_iter();
    let exact = written.find(|model| !model.contains('*'));
    let listed = models
        .as_ref()
        .ok()
        .and_then(|models| models.first().cloned());
    ModelForm {
        model: model.or(exact).or(listed).unwrap_or_default(),
        ..ModelForm::default()
    }
}

fn draw(
    about: &About,
    models: &Result<Vec<String>, String>,
    (form, shown, history): (&ModelForm, &[&Call], &[Call]),
) -> AnyView {
    let failed = models
        .as_ref()
        .err()
        .map(|message| partial("The list of models", message));
    let results = shown.iter().map(|call| result::view(about, call));
    let results = results.collect_view();
    let class = match shown.len() {
        2 => "debug-results debug-results--two",
        _ => "debug-results",
    };
    view! {
        {failed}
        <div class="debug">
            <div>{question(form, models.as_deref().unwrap_or_default())}</div>
            <div>
                <Answers form="model-form".to_owned()>
                    <div class=class>{results}</div>
                </Answers>
                {result::history(about, history)}
            </div>
        </div>
    }
    .into_any()
}

fn question(form: &ModelForm, models: &[String]) -> AnyView {
    let model = |id, label, need, value: &str, hint: &str| {
        let control = Control::Line {
            suggestions: models.to_vec(),
        };
        let notes = notes(form, id, hint);
        view! { <Field id label need control value=value.to_owned() notes /> }.into_any()
    };
    let text = |id, label, need, value: &str, rows| {
        let control = Control::Text {
            rows,
            letters: Letters::Plain,
        };
        let notes = notes(form, id, "");
        view! { <Field id label need control value=value.to_owned() notes /> }.into_any()
    };
    let same = "A second model that is asked the same, at the same time.";
    let fields = [
        model("model", "Model", Need::Required, &form.model, ""),
        model(
            "compare",
            "Compare with",
            Need::Optional,
            &form.compare,
            same,
        ),
        text("system", "System prompt", Need::Optional, &form.system, 3),
        text("prompt", "Prompt", Need::Required, &form.prompt, 6),
        parameters(form),
    ];
    view! {
        <Panel title="Question">
            <form id="model-form" class="panel-body tool-form" method="post">
                <CsrfField />
                {fields.into_iter().collect_view()}
                <div class="form-actions">
                    <SubmitButton weight=Weight::Primary>"Ask"</SubmitButton>
                </div>
                <p class="field-hint">
                    "Each question stands alone: nothing said before is sent with it."
                </p>
            </form>
            <FormGuard form="model-form".to_owned() />
        </Panel>
    }
    .into_any()
}

fn parameters(form: &ModelForm) -> AnyView {
    let is_set = [&form.temperature, &form.max_tokens, &form.seed, &form.tools]
        .iter()
        .any(|value| !value.is_empty());
    let line = |id, label, value: &str, hint: &str| {
        let notes = notes(form, id, hint);
        let (need, control) = (Need::Optional, Control::line());
        view! { <Field id label need control value=value.to_owned() notes /> }.into_any()
    };
    let tools = Control::Text {
        rows: 4,
        letters: Letters::Code,
    };
    view! {
        <details class="form-inset" open=is_set>
            <summary>"Parameters"</summary>
            {line("temperature", "Temperature", &form.temperature, "From 0 to 2.")}
            {line("max_tokens", "Most tokens of the answer", &form.max_tokens, "")}
            {line("seed", "Seed", &form.seed, "The same seed makes answers more alike.")}
            <Field
                id="tools"
                label="Tools, as JSON"
                need=Need::Optional
                control=tools
                value=form.tools.clone()
                notes=notes(form, "tools", "They are offered to the model, and never called.")
            />
        </details>
    }
    .into_any()
}

fn notes(form: &ModelForm, field: &str, hint: &str) -> Notes {
    let mut problems = form.problems.iter();
    let problem = problems.find(|(name, _)| *name == field);
    Notes {
        hint: hint.to_owned(),
        error: problem
            .map(|(_, message)| message.clone())
            .unwrap_or_default(),
    }
}
