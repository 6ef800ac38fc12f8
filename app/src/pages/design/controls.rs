//! What is pressed and filled in.

use leptos::prelude::*;

use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        dialog::Dialog,
        field::{CheckBoxes, Control, Field, Letters, Need, Notes, Tick},
        filter_form::{FilterForm, FilterSelect, FilterText, all_or},
        icon::Symbol,
        menu::{Menu, MenuFace},
        page_head::Panel,
        tabs::{Tab, Tabs},
    },
    frame::Choice,
    pages::params::visitor,
};

pub(super) fn view() -> AnyView {
    view! {
        {buttons()}
        {fields()}
        {filters()}
        {layers()}
    }
    .into_any()
}

fn buttons() -> AnyView {
    view! {
        <Panel title="Buttons">
            <form class="design-row">
                <SubmitButton weight=Weight::Primary>"Primary"</SubmitButton>
                <SubmitButton>"Plain"</SubmitButton>
                <SubmitButton weight=Weight::Danger>"Delete agent analyst"</SubmitButton>
                <LinkButton href="/design">"A link"</LinkButton>
                <button class="button" type="button" disabled>
                    "Disabled"
                </button>
                <button
                    class="button"
                    type="button"
                    aria-disabled="true"
                    aria-describedby="design-why"
                >
                    "Not allowed"
                </button>
                <span id="design-why">"You cannot delete agents in team"</span>
            </form>
        </Panel>
    }
    .into_any()
}

fn fields() -> AnyView {
    let choices = vec![
        ("proxy".to_owned(), "Proxy".to_owned()),
        ("hosted".to_owned(), "Hosted".to_owned()),
    ];
    let text = |letters| Control::Text { rows: 3, letters };
    let fields = [
        ("design-line", "Line", Control::line(), "analyst"),
        ("design-password", "Password", Control::Password, ""),
        ("design-number", "Number", Control::Number(1, 20), "5"),
        (
            "design-choice",
            "Choice",
            Control::Choice(choices),
            "hosted",
        ),
        ("design-switch", "Switch", Control::Switch, "true"),
        (
            "design-text",
            "Text",
            text(Letters::Plain),
            "You are an analyst.",
        ),
        ("design-code", "Code", text(Letters::Code), "def add(a, b):"),
    ];
    let field = |(id, label, control, value): (&'static str, &'static str, Control, &str)| {
        let hint = "A hint says how to fill it in.".to_owned();
        let (value, notes) = (
            value.to_owned(),
            Notes {
                hint,
                error: String::new(),
            },
        );
        view! { <Field id label need=Need::Optional control value notes /> }
    };
    let wrong = Notes {
        hint: "Lower-case letters, digits and hyphens.".to_owned(),
        error: "must begin with a letter".to_owned(),
    };
    let boxes = [("calculator", "add"), ("echo-search", "echo")];
    let boxes = boxes.map(|(name, tools)| Tick {
        value: name.to_owned(),
        words: name.to_owned(),
        aside: tools.to_owned(),
    });
    view! {
        <Panel title="Fields">
            <form class="panel-body narrow-form">
                {fields.map(field).into_iter().collect_view()}
                <Field
                    id="design-wrong"
                    label="Wrong"
                    need=Need::Required
                    control=Control::line()
                    value="9lives".to_owned()
                    notes=wrong
                />
                <CheckBoxes
                    id="design-boxes"
                    legend="MCP servers"
                    boxes=boxes.to_vec()
                    ticked=vec!["calculator".to_owned()]
                    notes=Notes::default()
                />
            </form>
        </Panel>
    }
    .into_any()
}

fn filters() -> AnyView {
    let agents = all_or(vec!["analyst".to_owned(), "coordinator".to_owned()]);
    let tab = |word, count| Tab {
        count,
        ..Tab::new(word, "/design")
    };
    let tabs = vec![
        tab("Overview", None),
        tab("Pods", Some(2)),
        tab("YAML", None),
    ];
    view! {
        <Panel title="Filters and tabs">
            <FilterForm label="Filter of nothing">
                <FilterText name="q" label="Words" value="chip" />
                <FilterSelect name="agent" label="Agent" chosen="analyst" options=agents />
            </FilterForm>
            <Tabs label="Tabs of nothing" tabs current="Overview" />
            <div class="panel-body">
                <Choice legend="Theme" chosen=visitor().theme />
            </div>
        </Panel>
    }
    .into_any()
}

fn layers() -> AnyView {
    view! {
        <Panel title="Layers">
            <div class="design-row">
                <Menu id="design-menu" face=MenuFace::icon(Symbol::More, "A menu")>
                    <ul class="menu-items">
                        <li>
                            <a class="menu-item" href="/design">
                                "An entry"
                            </a>
                        </li>
                    </ul>
                </Menu>
                <button
                    class="button"
                    type="button"
                    commandfor="design-dialog"
                    command="show-modal"
                >
                    "Open a dialog"
                </button>
            </div>
            <Dialog id="design-dialog" title="A dialog">
                <p>"It is closed before anything else is done."</p>
            </Dialog>
        </Panel>
    }
    .into_any()
}
