//! Headers as the standard variables carry them: `name=value,name2=value2`, values percent-encoded.

use anyhow::{Context, anyhow};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

/// Reads a list of headers. All are taken for secrets: most of them are keys.
pub(super) fn parse(list: &str) -> anyhow::Result<HeaderMap> {
    let members = list.split(',').map(str::trim);
    let mut headers = HeaderMap::new();
    for (place, member) in members.enumerate().filter(|(_, member)| !member.is_empty()) {
        // The member itself is not shown: it may be a key without its name.
        let number = place + 1;
        let (name, value) = member
            .split_once('=')
            .with_context(|| format!("header {number} is not of the form name=value"))?;
        let name = name.trim();
        let key = HeaderName::try_from(name)
            .map_err(|_| anyhow!("the name of header {number} has forbidden characters"))?;
        let decoded: Vec<u8> = percent_decode_str(value.trim()).collect();
        let mut value = HeaderValue::from_bytes(&decoded)
            .map_err(|_| anyhow!("the value of header \"{name}\" has forbidden characters"))?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_the_standard_has_them() {
        let headers = parse("api-key=a%20b%3D, X-Scope = tenant-1,,").unwrap();
        assert_eq!(headers["api-key"], "a b=");
        assert_eq!(headers["x-scope"], "tenant-1");
        assert_eq!(headers.len(), 2);
        assert!(headers.values().all(HeaderValue::is_sensitive));
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_header_is_refused_without_showing_it() {
        let refuse = |list| parse(list).unwrap_err().to_string();
        assert_eq!(
            refuse("a=b,secret"),
            "header 2 is not of the form name=value"
        );
        assert!(refuse("sec ret=x").contains("the name of header 1"));
        let broken = refuse("key=secret%0A");
        assert!(broken.contains("\"key\"") && !broken.contains("secret"));
    }
}
