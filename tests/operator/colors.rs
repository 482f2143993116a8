//! Colours of `doctor`: on a terminal, unless somebody wants none.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::*;

/// What the doctor prints, to a terminal or not.
#[track_caller]
fn shown(sandbox: &Sandbox, options: &[&str], no_color: bool, on_a_terminal: bool) -> String {
    let mut command = sandbox.cachewarden(&["doctor"]);
    // Without a go command it has something wrong to say, and says it soon.
    command
        .args(options)
        .env("PATH", sandbox.folder("empty"))
        .env("TERM", "xterm");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    if !on_a_terminal {
        return run_to_its_end(&mut command).exited(1).stdout;
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
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert!(!watchdog.fired());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn the_doctor_has_colours_where_a_terminal_has_them() {
    let sandbox = Sandbox::new();
    let is_colored = |options: &[&str], no_color, on_a_terminal| {
        let told = shown(&sandbox, options, no_color, on_a_terminal);
        let red = told.contains("\u{1b}[31mwrong") || told.contains("\u{1b}[1m\u{1b}[31mwrong");
        assert_eq!(red, told.contains('\u{1b}'), "{told:?}");
        // What is said is the same.
        assert!(told.contains("ok") && told.contains("store: "), "{told:?}");
        red
    };
    assert!(is_colored(&[], false, true));
    assert!(!is_colored(&[], true, true), "NO_COLOR");
    assert!(!is_colored(&["--color", "never"], false, true));
    assert!(is_colored(&["--color", "always"], true, true));
    assert!(!is_colored(&[], false, false), "a pipe");
    assert!(is_colored(&["--color", "always"], false, false));
    let wrong = sandbox.run(&["doctor", "--color", "blue"]).exited(2).stderr;
    assert!(wrong.contains("never"), "{wrong}");
}
