//! The one way to stderr: short lines for a person, bounded in number and in what they can do to a
//! terminal.
//!
//! In helper mode stdout is the protocol and stderr goes to whoever runs the go command, so silence
//! is the rule and a line says what happened and what to do.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::io::Write;

use cachewarden_types::{Code, line};

/// Lines that one session may print; a build must not drown in what its cache says.
const MAX_LINES: usize = 40;

/// Lines that a policy may have printed in a session; they never take the place of the host's own.
const MAX_POLICY_LINES: usize = 40;

/// Tells a person what happened.
pub struct Diagnostics {
    stream: Box<dyn Write + Send>,
    verbose: bool,
    printed: HashSet<Code>,
    lines: usize,
    policy_lines: usize,
}

impl Diagnostics {
    /// Notices on stderr.
    pub fn to_stderr(verbose: bool) -> Self {
        Self::to(Box::new(std::io::stderr()), verbose)
    }

    /// Notices on any stream.
    pub fn to(stream: Box<dyn Write + Send>, verbose: bool) -> Self {
        Self {
            stream,
            verbose,
            printed: HashSet::new(),
            lines: 0,
            policy_lines: 0,
        }
    }

    /// Whether the person asked for more (`-v`).
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// A warning that is said each time.
    pub fn warn(&mut self, code: Code, text: &str) {
        self.lines += 1;
        match self.lines.cmp(&MAX_LINES) {
            Ordering::Less => self.write(&code.warning(text)),
            Ordering::Equal => {
                self.write(&Code::TooManyLines.warning(
                    "more happened than is shown here; --record FILE writes all of it down",
                ))
            }
            Ordering::Greater => {}
        }
    }

    /// A line that the policy logged.
    pub fn relay_policy_log(&mut self, text: &str) {
        self.policy_lines += 1;
        match self.policy_lines.cmp(&MAX_POLICY_LINES) {
            Ordering::Less => self.write(&format!("policy: {text}")),
            Ordering::Equal => self.write(&Code::TooManyLines.warning(
                "the policy logged more than is shown here; --record FILE writes all of it down",
            )),
            Ordering::Greater => {}
        }
    }

    /// A warning that is said once in a session, however often its cause comes back.
    pub fn warn_once(&mut self, code: Code, text: &str) {
        if self.printed.insert(code) {
            self.warn(code, text);
        }
    }

    /// The line at the end, with `-v`; never cut off by those before it.
    pub fn summarise(&mut self, text: &str) {
        if self.verbose {
            self.write(text);
        }
    }

    fn write(&mut self, text: &str) {
        // If stderr is gone, there is nowhere to report that.
        let _ = self.stream.write_all((line(text) + "\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_bounded_and_the_summary_still_comes() {
        let seen = Shared::default();
        let mut diagnostics = Diagnostics::to(Box::new(seen.clone()), true);
        for number in 0..1000 {
            diagnostics.warn(Code::PolicyFailed, &format!("line {number}"));
            diagnostics.relay_policy_log("a policy's word");
            diagnostics.warn_once(Code::TooManyPuts, "once");
        }
        diagnostics.summarise("the end");
        let text = String::from_utf8(seen.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), MAX_LINES + MAX_POLICY_LINES + 1);
        assert_eq!(text.matches("once").count(), 1);
        assert!(
            text.starts_with("cachewarden: warning[CW0215]: line 0\n"),
            "{text}"
        );
        assert!(text.contains("cachewarden: policy: a policy's word\n"));
        assert!(text.ends_with("cachewarden: the end\n"));
    }
}
