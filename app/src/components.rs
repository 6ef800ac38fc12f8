//! What pages are made of. One component per file, with one style sheet of the same name in `style/`.
//!
//! Everything here compiles to wasm, because an island may be made of it too.

pub mod agent_tabs;
pub mod button;
pub mod chat;
pub mod empty;
pub mod error_panel;
pub mod facts;
pub mod field;
pub mod icon;
pub mod kind_tile;
pub mod live_state;
pub mod live_status;
pub mod page_head;
pub mod resource_tables;
pub mod status_mark;
pub mod time;
pub mod trace_list;
pub mod troubles;
