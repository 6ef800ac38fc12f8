//! What shows numbers, texts and lists.

use leptos::prelude::*;

use crate::{
    components::{
        chart::{Chart, Line},
        code_block::CodeBlock,
        diff_view::diff_view,
        facts::{Fact, Facts},
        page_head::Panel,
        sparkline::Sparkline,
        table::{Heading, Table},
        time::Ago,
    },
    diff::diff,
    format,
    markdown::Markdown,
    pages::params::{HOUR_NS, now, now_ns},
};

const ANSWER: &str = "The top three hold **97 percent**:\n\n| Company | Share |\n|---|---|\n| One | 70 |\n\
                      | Two | 27 |\n\n- `add(70, 27)`\n- [a link](https://example.com/figures)\n\n\
                      <script>alert(1)</script> ![not loaded](https://example.com/x.png)";

pub(super) fn view() -> AnyView {
    view! {
        {charts()}
        {texts()}
        {lists()}
    }
    .into_any()
}

fn charts() -> AnyView {
    let until = now_ns();
    let window = (until - HOUR_NS, until);
    let minute = HOUR_NS / 60;
    let line = |label: &str, values: [f64; 6]| Line {
        label: label.to_owned(),
        points: (0..)
            .step_by(10)
            .zip(values)
            .map(|(at, value)| (window.0 + at * minute, value))
            .collect(),
    };
    let lines = vec![
        line("coordinator", [3.1, 3.4, 6.2, 5.9, 4.0, 3.9]),
        line("researcher", [1.0, 1.2, 4.1, 3.9, 1.4, 1.3]),
    ];
    let values = vec![Some(3.1), Some(3.4), None, Some(6.4), Some(4.0)];
    let show = |seconds: f64| format!("{seconds:.1} s");
    view! {
        <Panel title="Numbers over time">
            <div class="panel-body">
                <Chart title="Latency" window lines show />
                <Sparkline label="P95, last hour, from 3.1 s to 4.0 s" values />
            </div>
        </Panel>
    }
    .into_any()
}

fn texts() -> AnyView {
    let (before, after) = ("steps: 5\nmodel: gpt-4o\n", "steps: 8\nmodel: gpt-4o\n");
    view! {
        <Panel title="Texts">
            <div class="panel-body">
                <div class="markdown">{Markdown::of(ANSWER).view()}</div>
                <CodeBlock label="Arguments" text="{\n  \"a\": 70,\n  \"b\": 27\n}" />
                {diff_view(&diff(before, after))}
            </div>
        </Panel>
    }
    .into_any()
}

fn lists() -> AnyView {
    let facts = vec![
        ("Model", Fact::Set("openai/gpt-4o".to_owned())),
        ("Most steps", Fact::Default("5".to_owned())),
    ];
    let line = |(name, ago_hours, spans): (&'static str, u64, u64)| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="table-number">{format::count(spans)}</td>
                <td>
                    <Ago time_ns=now_ns() - ago_hours * HOUR_NS now=now() />
                </td>
            </tr>
        }
    };
    let headings = [
        Heading::Words("Name"),
        Heading::Number("Spans"),
        Heading::Descending("Last activity"),
    ];
    let lines = [("coordinator", 0, 8_412), ("analyst", 30, 12)]
        .map(line)
        .into_iter()
        .collect_view();
    view! {
        <Panel title="Facts">
            <Facts facts />
        </Panel>
        <Panel title="Table">
            <Table label="Nothing in particular" headings>
                {lines}
            </Table>
        </Panel>
    }
    .into_any()
}
