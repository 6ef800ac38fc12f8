//! Reads the code of functions that are to become tools, without running any of it.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Where the language of the functions is known.
#[async_trait]
pub trait FunctionReader: Send + Sync {
    /// What the language makes of `code`.
    async fn read(&self, code: &str) -> Reading;
}

/// What a language makes of the code of functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It takes the code: the functions that will be tools, in their order.
    Functions(Vec<Function>),
    /// It refuses the code, and says why: `line 2: invalid syntax`.
    Refused(String),
    /// It cannot be asked.
    Unknown,
}

/// A function as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its name, which will be that of the tool.
    pub name: String,
    /// In their order.
    pub parameters: Vec<Parameter>,
    /// The first line of what it says of itself; empty when it says nothing.
    pub summary: String,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name; `**rest` for one that takes arguments of any name.
    pub name: String,
    /// The word that JSON Schema has for its type; where it has none, the type as it is written, and
    /// nothing where none is written.
    pub kind: String,
    /// Whether a call may leave it out.
    pub is_optional: bool,
}

/// `add(a: number, b?: number)`.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (place, parameter) in self.parameters.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let mark = if parameter.is_optional { "?" } else { "" };
            write!(f, "{comma}{}{mark}", parameter.name)?;
            if !parameter.kind.is_empty() {
                write!(f, ": {}", parameter.kind)?;
            }
        }
        f.write_str(")")
    }
}

/// Where no language is known, nothing is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLanguage;

#[async_trait]
impl FunctionReader for NoLanguage {
    async fn read(&self, _: &str) -> Reading {
        Reading::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_written_with_the_types_of_its_parameters() {
        let parameter = |name: &str, kind: &str, is_optional| Parameter {
            name: name.to_owned(),
            kind: kind.to_owned(),
            is_optional,
        };
        let mut function = Function {
            name: "add".to_owned(),
            parameters: vec![
                parameter("a", "number", false),
                parameter("b", "number | null", true),
                parameter("c", "", false),
            ],
            summary: String::new(),
        };
        assert_eq!(function.to_string(), "add(a: number, b?: number | null, c)");
        function.parameters.clear();
        assert_eq!(function.to_string(), "add()");
    }
}
