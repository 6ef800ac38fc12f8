//! Reads the code of functions that are to become tools, without running any of it.

use async_trait::async_trait;

/// Where the language of the functions is known.
#[async_trait]
pub trait FunctionReader: Send + Sync {
    /// What the language refuses in `code`, such as `line 2: invalid syntax`. `None` when it takes
    /// the code, and where it cannot be asked.
    async fn refusal(&self, code: &str) -> Option<String>;
}

/// Where no language is known, nothing is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLanguage;

#[async_trait]
impl FunctionReader for NoLanguage {
    async fn refusal(&self, _: &str) -> Option<String> {
        None
    }
}
