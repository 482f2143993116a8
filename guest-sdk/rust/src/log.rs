//! Lines for the host's log. Outside the host, in a policy's own tests, they go to stderr.

use core::fmt::Arguments;

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the author of the policy.
    Debug,
    /// For information.
    Info,
    /// A warning: always printed.
    Warn,
}

/// Writes one line; what [`debug!`](crate::debug), [`info!`](crate::info) and [`warn!`](crate::warn) become.
#[cfg(target_arch = "wasm32")]
pub fn write(level: Level, line: Arguments<'_>) {
    match line.as_str() {
        Some(line) => crate::guest::log(level, line),
        None => crate::guest::log(level, &alloc::fmt::format(line)),
    }
}

/// Writes one line to stderr, which `cargo test` shows with a test that fails.
#[cfg(not(target_arch = "wasm32"))]
#[expect(
    clippy::print_stderr,
    reason = "no host runs here, and so no protocol either"
)]
pub fn write(level: Level, line: Arguments<'_>) {
    std::eprintln!("policy {level:?}: {line}");
}

/// Logs a line for the author of the policy. Takes what `format!` takes.
///
/// ```
/// cachewarden_policy::debug!("read {} patterns", 3);
/// ```
#[macro_export]
macro_rules! debug {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Debug, ::core::format_args!($($line)+))
    };
}

/// Logs a line with information. Takes what `format!` takes.
///
/// ```
/// cachewarden_policy::info!("no label: this build may only read");
/// ```
#[macro_export]
macro_rules! info {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Info, ::core::format_args!($($line)+))
    };
}

/// Logs a warning. Takes what `format!` takes.
///
/// ```
/// let action = cachewarden_policy::Digest::default();
/// cachewarden_policy::warn!("{action}: the rebuild gave other bytes");
/// ```
#[macro_export]
macro_rules! warn {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Warn, ::core::format_args!($($line)+))
    };
}
