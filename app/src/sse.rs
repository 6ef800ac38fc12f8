//! Reads server-sent events from pieces of any size.

/// Bytes that do not make a whole line yet.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// What stands behind `data:` in the lines that a piece completes. Comments and other fields say
    /// nothing.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Vec<String> {
        let mut data = Vec::new();
        for byte in piece {
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.0);
                data.extend(line.trim_end().strip_prefix("data:").map(trimmed));
                self.0.clear();
            } else {
                self.0.push(*byte);
            }
        }
        data
    }
}

fn trimmed(data: &str) -> String {
    data.trim_start().to_owned()
}
