//! Running agents: the turn, models, tools, delegation, memory, telemetry and their HTTP endpoints.

pub mod gateway;
pub mod mcp;
pub mod memory;
pub mod telemetry;
pub mod transport;
