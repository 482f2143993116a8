//! Which go command has started this helper. cmd/go keeps the programs of `go run` and `go tool` in
//! its own cache, and of no other command (work.Action.CacheExecutable).

use std::fs::File;
use std::io::Read;
use std::os::unix::process::parent_id;

/// Bytes of the parent's arguments that are read: what counts comes first, and before it at most a
/// path (`-C`).
const MOST: u64 = 16 * 1024;

/// Whether the process that has started this one is `go run` or `go tool`, as far as the system says
/// so: Linux does. One that was started by something between is of neither.
pub(super) fn keeps_programs() -> bool {
    let mut arguments = Vec::new();
    let read = File::open(format!("/proc/{}/cmdline", parent_id()))
        .and_then(|file| file.take(MOST).read_to_end(&mut arguments));
    read.is_ok() && is_run_or_tool(&arguments)
}

/// Whether these are the arguments of one of the two, each ended by a null. Only `-C` may come before
/// the name of a command.
fn is_run_or_tool(arguments: &[u8]) -> bool {
    let mut words = arguments.split(|byte| *byte == 0).skip(1);
    let command = match words.next() {
        Some(b"-C" | b"--C") => words.nth(1),
        Some(word) if word.starts_with(b"-C=") || word.starts_with(b"--C=") => words.next(),
        word => word,
    };
    matches!(command, Some(b"run" | b"tool"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_by_its_first_argument_behind_a_folder() {
        for (arguments, expected) in [
            ("/usr/local/go/bin/go\0run\0.\0", true),
            ("go\0tool\0covdata\0", true),
            ("go\0-C\0/m\0run\0./x\0", true),
            ("go\0--C=m\0tool\0stamp\0", true),
            ("go\0build\0run\0", false),
            ("go\0-C\0run\0build\0", false),
            ("go\0test\0-run\0tool\0", false),
            ("go\0running\0", false),
            ("go\0", false),
            ("", false),
        ] {
            let found = is_run_or_tool(arguments.as_bytes());
            assert_eq!(found, expected, "{arguments:?}");
        }
    }
}
