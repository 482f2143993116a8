//! What several parts of cachewarden ask of the operating system: files that must be regular, locks that are waited for
//! with bounds, and this program's own file.

pub mod own_process;
pub mod patience;
pub mod regular_file;
