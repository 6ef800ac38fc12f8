//! What a tool answered, as rmcp has it and as a model reads it.

use std::fmt::Write;

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

/// Bytes of a result's words that a model is given.
const MAX_TEXT: usize = 256 * 1024;

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutcome(pub(in crate::mcp) CallToolResult);

impl ToolOutcome {
    /// Whether the tool says that it failed; the words then say why, for the model.
    pub fn is_error(&self) -> bool {
        self.0.is_error == Some(true)
    }

    /// The words of the answer, cut where they are more than a model can read.
    pub fn text(&self) -> String {
        let mut texts: Vec<String> = self.0.content.iter().map(words).collect();
        // A result that is only structured is no less a result.
        if let (true, Some(value)) = (texts.is_empty(), &self.0.structured_content) {
            texts.push(value.to_string());
        }
        cut(texts.join("\n"))
    }
}

/// The words of a block; what a model cannot read is named.
fn words(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[image: {}]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[audio: {}]", audio.mime_type),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents { uri, .. } => format!("[resource: {uri}]"),
            _ => String::new(),
        },
        ContentBlock::ResourceLink(link) => format!("[resource: {}]", link.uri),
        _ => String::new(),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = text.floor_char_boundary(MAX_TEXT);
        let left_out = text.len() - end;
        text.truncate(end);
        // Writing to a string cannot fail.
        write!(text, "\n[… {left_out} more bytes were left out]").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(result: serde_json::Value) -> String {
        ToolOutcome(serde_json::from_value(result).unwrap()).text()
    }

    #[test]
    fn what_is_no_text_is_named_and_what_is_only_structured_is_read() {
        let mixed = json!({"content": [
            {"type": "text", "text": "a chart:"},
            {"type": "image", "data": "aGk=", "mimeType": "image/png"},
            {"type": "audio", "data": "aGk=", "mimeType": "audio/wav"},
            {"type": "resource", "resource": {"uri": "file:///a", "text": "the text"}},
            {"type": "resource", "resource": {"uri": "file:///b", "blob": "aGk="}},
            {"type": "resource_link", "uri": "file:///c", "name": "c"},
        ]});
        assert_eq!(
            text(mixed),
            "a chart:\n[image: image/png]\n[audio: audio/wav]\nthe text\n[resource: file:///b]\n\
             [resource: file:///c]"
        );
        let structured = json!({"content": [], "structuredContent": {"sum": 4}});
        assert_eq!(text(structured), r#"{"sum":4}"#);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "é".repeat(MAX_TEXT);
        let cut = text(json!({"content": [{"type": "text", "text": long}]}));
        assert!(cut.len() < MAX_TEXT + 100);
        assert!(cut.ends_with(&format!("[… {MAX_TEXT} more bytes were left out]")));
    }
}
