//! What several parts of cachewarden ask of the operating system: files that must be regular, locks that are waited for
//! with bounds, and this program's own file.

pub mod lock_timeout;
pub mod safe_open;
pub mod self_exec;
