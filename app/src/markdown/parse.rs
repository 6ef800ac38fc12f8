//! From text to a tree.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::{Element, Markdown, Node};
use crate::untrusted;

/// Nesting that is still drawn as such. Quotes in quotes a thousand deep are no answer, but they
/// would be a thousand calls deep on the stack.
pub(super) const DEEPEST: usize = 12;

impl Markdown {
    /// Parses `source`, cut at the size of a block.
    pub(crate) fn of(source: &str) -> Self {
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
        Self {
            nodes: open.pop().map(|root| root.nodes).unwrap_or_default(),
            cut_from: block.cut_from,
        }
    }
}

/// An element whose end has not come yet.
#[derive(Default)]
struct Open {
    element: Element,
    nodes: Vec<Node>,
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
            nodes: Vec::new(),
        }
    }
}

fn add(open: &mut [Open], node: Node) {
    if let Some(innermost) = open.last_mut() {
        innermost.nodes.push(node);
    }
}

fn close(open: &mut Vec<Open>) {
    if let Some(Open { element, nodes }) = open.pop() {
        add(open, Node::Element(element, nodes));
    }
}

fn inline(event: Event<'_>) -> Node {
    match event {
        Event::Code(code) => Node::Code(code.into_string()),
        Event::SoftBreak => Node::Text("\n".to_owned()),
        Event::HardBreak => Node::LineBreak,
        Event::Rule => Node::Rule,
        Event::Text(text)
        | Event::Html(text)
        | Event::InlineHtml(text)
        | Event::InlineMath(text)
        | Event::DisplayMath(text)
        | Event::FootnoteReference(text) => Node::Text(text.into_string()),
        Event::TaskListMarker(_) | Event::Start(_) | Event::End(_) => Node::Text(String::new()),
    }
}
