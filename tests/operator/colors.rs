//! Colours of `doctor` and `stats`: on a terminal, unless somebody wants none.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::*;

/// What a verb prints, to a terminal or not, and its exit status.
#[track_caller]
fn shown(
    sandbox: &Sandbox,
    (verb, status): (&str, i32),
    options: &[&str],
    no_color: bool,
    on_a_terminal: bool,
) -> String {
    let mut command = sandbox.cachewarden(&[verb]);
    // Without a go command the doctor has something wrong to say, and says it soon.
    command
        .args(options)
        .env("PATH", sandbox.folder("empty"))
        .env("TERM", "xterm");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    if !on_a_terminal {
        return run_to_its_end(&mut command).exited(status).stdout;
    }
    let (mut person, process) = terminal();
    let mut child = command
        .stdout(process)
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let watchdog = Watchdog::over(child.id());
    // What it holds of the terminal would keep that open.
    drop(command);
    let mut shown = Vec::new();
    // A terminal that nobody has at its other end any more says so by an error.
    let _ = person.read_to_end(&mut shown);
    assert_eq!(child.wait().expect("it ends").code(), Some(status));
    assert!(!watchdog.fired());
    String::from_utf8_lossy(&shown).into_owned()
}

/// Sees that something is coloured just where it should be. `is_colored` takes options, whether
/// NO_COLOR is set, and whether there is a terminal.
fn is_where_it_should_be(is_colored: impl Fn(&[&str], bool, bool) -> bool) {
    assert!(is_colored(&[], false, true));
    assert!(!is_colored(&[], true, true), "NO_COLOR");
    assert!(!is_colored(&["--color", "never"], false, true));
    assert!(is_colored(&["--color", "always"], true, true));
    assert!(!is_colored(&[], false, false), "a pipe");
    assert!(is_colored(&["--color", "always"], false, false));
}

#[test]
fn the_doctor_has_colours_where_a_terminal_has_them() {
    let sandbox = Sandbox::new();
    is_where_it_should_be(|options, no_color, on_a_terminal| {
        let told = shown(&sandbox, ("doctor", 1), options, no_color, on_a_terminal);
        let red = told.contains("\u{1b}[31mwrong") || told.contains("\u{1b}[1m\u{1b}[31mwrong");
        assert_eq!(red, told.contains('\u{1b}'), "{told:?}");
        // What is said is the same.
        assert!(told.contains("ok") && told.contains("store: "), "{told:?}");
        red
    });
    let wrong = sandbox.run(&["doctor", "--color", "blue"]).exited(2).stderr;
    assert!(wrong.contains("never"), "{wrong}");
}

#[test]
fn statistics_have_colours_where_a_terminal_has_them() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    is_where_it_should_be(|options, no_color, on_a_terminal| {
        let told = shown(&sandbox, ("stats", 0), options, no_color, on_a_terminal);
        let head = told.contains("\u{1b}[1mby scope");
        assert_eq!(head, told.contains('\u{1b}'), "{told:?}");
        assert!(
            told.contains("by scope") && told.contains("1 object"),
            "{told:?}"
        );
        head
    });
}
