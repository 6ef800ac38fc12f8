//! Markdown that a model wrote, as views.
//!
//! The server parses it; a browser that watched an answer grow asks for its tree. The tree becomes
//! elements directly: no HTML text is ever built, raw HTML in the source stays text, images are not
//! loaded, and a link shows where it leads.

#[cfg(feature = "ssr")]
mod parse;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::untrusted;

/// The longest text whose tree a browser may ask for, in bytes.
#[cfg(feature = "ssr")]
pub(crate) const LONGEST: usize = 4 * 1024 * 1024;

/// A parsed text, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Markdown {
    nodes: Vec<Node>,
    /// Size of the whole text, in bytes, when it was cut.
    cut_from: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Node {
    Text(String),
    Code(String),
    LineBreak,
    Rule,
    Element(Element, Vec<Node>),
}

/// What the nodes inside become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl Markdown {
    pub(crate) fn view(self) -> AnyView {
        let cut = self.cut_from;
        view! {
            <div class="markdown">
                {views(self.nodes)}
                {cut.map(|bytes| view! { <p class="cut">{untrusted::cut_note(bytes)}</p> })}
            </div>
        }
        .into_any()
    }
}

fn views(nodes: Vec<Node>) -> Vec<AnyView> {
    nodes.into_iter().map(node).collect()
}

fn node(node: Node) -> AnyView {
    match node {
        Node::Text(text) => text.into_any(),
        Node::Code(code) => view! { <code>{code}</code> }.into_any(),
        Node::LineBreak => view! { <br /> }.into_any(),
        Node::Rule => view! { <hr /> }.into_any(),
        Node::Element(element, inside) => draw(element, views(inside)),
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

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        Markdown::of(source).view().to_html().replace("<!>", "")
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
        assert!(
            html.matches("<blockquote").count() <= parse::DEEPEST,
            "too deep"
        );
    }

    #[test]
    fn a_browser_gets_the_tree_that_the_server_draws() {
        let parsed =
            Markdown::of("# Answer\n\n**97** *percent*  \n[docs](https://docs.example)\n\n---");
        let sent = serde_json::to_string(&parsed).unwrap();
        assert_eq!(serde_json::from_str::<Markdown>(&sent).unwrap(), parsed);
    }
}
