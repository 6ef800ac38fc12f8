//! Fields of files with comma-separated values.

/// A field of text. Spreadsheets take what begins with a sign for a formula: such a text gets a space.
pub(super) fn quoted(text: &str) -> String {
    let space = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        " "
    } else {
        ""
    };
    format!("\"{space}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_field_and_is_no_formula() {
        assert_eq!(
            quoted("two\nlines, \"said\""),
            "\"two\nlines, \"\"said\"\"\""
        );
        assert_eq!(quoted("=1+1"), "\" =1+1\"");
        assert_eq!(quoted("\t=1+1"), "\" \t=1+1\"");
    }
}
