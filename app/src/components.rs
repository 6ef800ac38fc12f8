//! What pages are made of. One component per file, with one style sheet of the same name in `style/`.
//!
//! Everything here compiles to wasm, because an island may be made of it too.

pub mod answers;
pub mod button;
pub mod chart;
pub mod chat;
pub mod code_block;
pub mod dialog;
pub mod diff_view;
pub mod drop_file;
pub mod facts;
pub mod field;
pub mod filter_form;
pub mod form_checks;
pub mod form_guard;
pub mod heat_map;
pub mod histogram;
pub mod icon;
pub mod instead;
pub mod keys;
pub mod kind_tile;
pub mod live_state;
pub mod live_status;
pub mod log_lines;
pub mod log_tail;
mod log_window;
pub mod map;
pub mod menu;
pub mod page_head;
pub mod palette;
pub mod query_field;
pub mod resource_table;
pub mod running;
pub mod sparkline;
pub mod status_mark;
pub mod table;
pub mod tabs;
pub mod time;
pub mod toast;
pub mod trace_list;
pub mod troubles;
pub mod waterfall;
