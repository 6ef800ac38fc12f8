//! Markdown that a model wrote, as views.
//!
//! The parser's events become elements directly: no HTML text is ever built, raw HTML in the source
//! stays text, images are not loaded, and a link shows where it leads.

use leptos::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use crate::untrusted;

/// Nesting that is still drawn as such. Quotes in quotes a thousand deep are no answer, but they
/// would be a thousand calls deep on the stack.
const DEEPEST: usize = 12;

/// Draws `source`, cut at the size of a block.
pub(crate) fn view(source: &str) -> AnyView {
    let block = untrusted::block(source);
    let mut open = vec![Open::default()];
    let mut too_deep = 0_usize;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(&block.text, options) {
        match event {
            Event::Start(_) if too_deep > 0 || open.len() > DEEPEST => too_deep += 1,
            Event::Start(tag) => open.push(Open::new(tag)),
            Event::End(_) if too_deep > 0 => too_deep -= 1,
            Event::End(_) => close(&mut open),
            other => add(&mut open, inline(other)),
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    let blocks = open.pop().map(|root| root.views).unwrap_or_default();
    view! {
        <div class="markdown">
            {blocks}
            {block.cut_from.map(|bytes| view! { <p class="cut">{untrusted::cut_note(bytes)}</p> })}
        </div>
    }
    .into_any()
}

/// An element whose end has not come yet.
#[derive(Default)]
struct Open {
    element: Element,
    views: Vec<AnyView>,
}

/// What the views inside become.
#[derive(Default)]
enum Element {
    /// Nothing of its own.
    #[default]
    Plain,
    Paragraph,
    Heading,
    Quote,
    Code(String),
    Bullets,
    Numbers(u64),
    Item,
    Table,
    Head,
    Row,
    Cell,
    Emphasis,
    Strong,
    Struck,
    Link(String),
    Image(String),
}

impl Open {
    fn new(tag: Tag<'_>) -> Self {
        let element = match tag {
            Tag::Paragraph => Element::Paragraph,
            Tag::Heading { .. } => Element::Heading,
            Tag::BlockQuote(_) => Element::Quote,
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => {
                Element::Code(language.into_string())
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => Element::Code(String::new()),
            Tag::List(None) => Element::Bullets,
            Tag::List(Some(first)) => Element::Numbers(first),
            Tag::Item => Element::Item,
            Tag::Table(_) => Element::Table,
            Tag::TableHead => Element::Head,
            Tag::TableRow => Element::Row,
            Tag::TableCell => Element::Cell,
            Tag::Emphasis => Element::Emphasis,
            Tag::Strong => Element::Strong,
            Tag::Strikethrough => Element::Struck,
            Tag::Link { dest_url, .. } => Element::Link(dest_url.into_string()),
            Tag::Image { dest_url, .. } => Element::Image(dest_url.into_string()),
            // Everything else belongs to extensions that are not switched on, or is raw HTML.
            _ => Element::Plain,
        };
        Self {
            element,
            views: Vec::new(),
        }
    }
}

fn add(open: &mut [Open], view: AnyView) {
    if let Some(innermost) = open.last_mut() {
        innermost.views.push(view);
    }
}

fn close(open: &mut Vec<Open>) {
    let Some(Open { element, views }) = open.pop() else {
        return;
    };
    add(open, draw(element, views));
}

fn inline(event: Event<'_>) -> AnyView {
    match event {
        Event::Code(code) => view! { <code>{code.into_string()}</code> }.into_any(),
        Event::SoftBreak => "\n".into_any(),
        Event::HardBreak => view! { <br /> }.into_any(),
        Event::Rule => view! { <hr /> }.into_any(),
        Event::Text(text)
        | Event::Html(text)
        | Event::InlineHtml(text)
        | Event::InlineMath(text)
        | Event::DisplayMath(text)
        | Event::FootnoteReference(text) => text.into_string().into_any(),
        Event::TaskListMarker(_) | Event::Start(_) | Event::End(_) => ().into_any(),
    }
}

fn draw(element: Element, inside: Vec<AnyView>) -> AnyView {
    match element {
        Element::Plain => inside.into_any(),
        Element::Paragraph => view! { <p>{inside}</p> }.into_any(),
        // The page's outline is its own: what a model calls a heading is only bold.
        Element::Heading => view! { <p class="markdown-heading">{inside}</p> }.into_any(),
        Element::Quote => view! { <blockquote>{inside}</blockquote> }.into_any(),
        Element::Code(language) => view! {
            <pre tabindex="0" data-language=language>
                <code>{inside}</code>
            </pre>
        }
        .into_any(),
        Element::Bullets => view! { <ul>{inside}</ul> }.into_any(),
        Element::Numbers(first) => view! { <ol start=first.to_string()>{inside}</ol> }.into_any(),
        Element::Item => view! { <li>{inside}</li> }.into_any(),
        Element::Table => view! {
            <div class="markdown-table" tabindex="0">
                <table>{inside}</table>
            </div>
        }
        .into_any(),
        Element::Head => view! { <tr class="markdown-head">{inside}</tr> }.into_any(),
        Element::Row => view! { <tr>{inside}</tr> }.into_any(),
        Element::Cell => view! { <td>{inside}</td> }.into_any(),
        Element::Emphasis => view! { <em>{inside}</em> }.into_any(),
        Element::Strong => view! { <strong>{inside}</strong> }.into_any(),
        Element::Struck => view! { <s>{inside}</s> }.into_any(),
        Element::Link(to) => link(&to, inside),
        Element::Image(from) => view! {
            <span class="markdown-image">"image not loaded: " {inside} " (" {from} ")"</span>
        }
        .into_any(),
    }
}

/// A link to another site, with its host; anything else is text that says where it would have led.
fn link(to: &str, inside: Vec<AnyView>) -> AnyView {
    let Some(host) = host(to) else {
        return view! { {inside} " (" {to.to_owned()} ")" }.into_any();
    };
    view! {
        <a href=to.to_owned() rel="noopener noreferrer nofollow">{inside}</a>
        " "
        <span class="markdown-host">{format!("({host})")}</span>
    }
    .into_any()
}

/// The host a link leads to; none unless it is a plain web or mail address.
fn host(to: &str) -> Option<&str> {
    if let Some(address) = to.strip_prefix("mailto:") {
        return Some(address);
    }
    let rest = to
        .strip_prefix("https://")
        .or_else(|| to.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    // What stands before an `@` looks like a host and is none.
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        view(source).to_html().replace("<!>", "")
    }

    #[test]
    fn the_usual_marks_become_elements() {
        let html = html("# Answer\n\n**97** *percent*\n\n- one\n- two\n\n`x`");
        assert!(
            html.contains(r#"<p class="markdown-heading">Answer</p>"#),
            "{html}"
        );
        assert!(html.contains("<strong>97</strong>"), "{html}");
        assert!(html.contains("<li>one</li><li>two</li>"), "{html}");
        assert!(html.contains("<code>x</code>"), "{html}");
    }

    #[test]
    fn raw_html_stays_text() {
        let html = html("<script>alert(1)</script>\n\na <b onclick=x>b</b>");
        assert!(!html.contains("<script") && !html.contains("<b "), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn an_image_is_never_loaded() {
        let html = html("![secret](https://evil.example/?q=1)");
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("image not loaded: "), "{html}");
    }

    #[test]
    fn a_link_shows_its_host_and_gives_nothing_away() {
        let html = html("[docs](https://docs.example@evil.example/x)");
        assert!(html.contains("(evil.example)"), "{html}");
        assert!(
            html.contains(r#"rel="noopener noreferrer nofollow""#),
            "{html}"
        );
    }

    #[test]
    fn a_link_that_would_run_a_script_is_text() {
        let html = html("[click](javascript:alert(1))");
        assert!(!html.contains("href"), "{html}");
    }

    #[test]
    fn characters_that_turn_text_around_are_spelled_out() {
        assert!(html("a\u{202E}b").contains("⟨U+202E⟩"));
    }

    #[test]
    fn quotes_nested_a_thousand_deep_do_not_end_the_program() {
        let html = html(&format!("{} deep", ">".repeat(5000)));
        assert!(html.matches("<blockquote").count() <= DEEPEST, "too deep");
    }
}
