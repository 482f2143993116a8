//! What was used in the last hours stays, is told, and goes with `--now`.

use super::*;

#[test]
fn what_was_used_lately_stays_and_prune_says_so() {
    let sandbox = filled();
    age_all(&sandbox, HOUR);
    let limit = bytes(&sandbox) * 99 / 100;
    let pruned = sandbox
        .run(&["prune", "--max-size", &format!("{limit}B")])
        .succeeded();
    assert!(
        pruned.stdout.starts_with("Removed 0 entries and 0 objects"),
        "{pruned:?}"
    );
    for part in ["larger than asked for", "used in the last 3h", "--now"] {
        assert!(pruned.stdout.contains(part), "{part}: {pruned:?}");
    }
    let pruned = sandbox.run(&["prune", "--older-than", "10min"]).succeeded();
    assert!(
        pruned.stdout.starts_with("Removed 0 entries and 0 objects"),
        "{pruned:?}"
    );
    let said = format!("{COUNT} entries more, as old as asked for, stay");
    assert!(pruned.stdout.contains(&said), "{pruned:?}");
    assert_eq!(counts(&sandbox), (COUNT, COUNT));

    prune_to(&sandbox, limit, &["--now"]);
    let pruned = sandbox
        .run(&["prune", "--older-than", "10min", "--now"])
        .succeeded();
    assert_eq!(pruned.stdout.lines().count(), 1, "{pruned:?}");
    assert_eq!(files_below(&sandbox.store().join("objects")).len(), 0);
}

#[test]
fn objects_that_a_build_may_still_read_follow_when_it_was_said() {
    let sandbox = filled();
    let pruned = sandbox.run(&["prune", "--all"]).succeeded();
    assert!(
        pruned
            .stdout
            .starts_with(&format!("Removed {COUNT} entries and 0 objects (0 B)")),
        "{pruned:?}"
    );
    let total = bytesize::ByteSize(bytes(&sandbox))
        .display()
        .si()
        .to_string();
    for part in [
        &format!("{total} more follow"),
        "in 3h 59m or later",
        "--now",
    ] {
        assert!(pruned.stdout.contains(part), "{part}: {pruned:?}");
    }
    // Four hours go by; a day has not.
    let gone_by = 4 * HOUR;
    let trim = sandbox.store().join("trim");
    for path in files_below(&sandbox.store().join("objects"))
        .iter()
        .chain([&trim])
    {
        set_time(path, modified(path) - gone_by);
    }
    sandbox.helper(&[]).close();
    sandbox.settle();
    assert_eq!(files_below(&sandbox.store().join("objects")).len(), 0);
}

#[test]
fn now_makes_room_on_a_full_disk() {
    let mut sandbox = Sandbox::new();
    let requests = (0..8).map(|number| {
        let body = vec![number as u8; 50_000];
        put_message(number, &name(number as usize), &sha256(&body), &body)
    });
    let requests = sandbox.file("requests", requests.collect::<String>());
    let small = sandbox.path("small");
    sandbox.mount_tiny(&small, 1000);
    let script = format!(
        "cd '{}' && '{PROGRAM}' --dir \"$PWD\"/store < '{}' > /dev/null && ! cat /dev/zero > full 2> /dev/null \
         && '{PROGRAM}' prune --dir store --all --now && find store/objects -type f && dd if=/dev/zero of=room bs=1k count=390 2> /dev/null",
        small.display(),
        requests.display()
    );
    let run = run_to_its_end(sandbox.command(Path::new("sh")).args(["-c", &script])).succeeded();
    assert!(
        run.stdout.starts_with("Removed 8 entries and 8 objects"),
        "{run:?}"
    );
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
}

/// Prunes all at once at a terminal, where a person answers; what the terminal shows, and what is
/// printed.
#[track_caller]
fn at_a_terminal(sandbox: &Sandbox, options: &[&str], answer: Option<&str>) -> (String, String) {
    let (mut person, process) = terminal();
    let mut command = sandbox.cachewarden(&["prune", "--all", "--now"]);
    command
        .args(options)
        .stdin(process.try_clone().expect("its other end"))
        .stderr(process)
        .stdout(Stdio::piped());
    let child = command.spawn().expect("it starts");
    let watchdog = Watchdog::over(child.id());
    // What it holds of the terminal would keep that open.
    drop(command);
    let mut shown = Vec::new();
    if let Some(answer) = answer {
        let mut byte = [0];
        while !shown.ends_with(b"[y/N] ") {
            person.read_exact(&mut byte).expect("a question");
            shown.extend(byte);
        }
        person.write_all(answer.as_bytes()).expect("an answer");
    }
    let output = child.wait_with_output().expect("it ends");
    assert!(!watchdog.fired() && output.status.success(), "{output:?}");
    // A terminal that nobody has at its other end any more says so by an error.
    let _ = person.read_to_end(&mut shown);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&shown), text(&output.stdout))
}

#[test]
fn a_person_is_asked_before_builds_may_fail() {
    let sandbox = filled();
    for answer in ["n\n", "\n", "\u{4}"] {
        let (shown, said) = at_a_terminal(&sandbox, &[], Some(answer));
        assert!(shown.contains("such a build fails"), "{shown}");
        assert_eq!(said, "Nothing was removed.\n");
        assert_eq!(counts(&sandbox), (COUNT, COUNT));
    }
    let (_, said) = at_a_terminal(&sandbox, &[], Some("y\n"));
    let removed = format!("Removed {COUNT} entries and {COUNT} objects");
    assert!(said.starts_with(&removed), "{said}");
    put(&sandbox, "main", 0..COUNT);
    let (shown, said) = at_a_terminal(&sandbox, &["--dry-run"], None);
    assert!(
        shown.is_empty() && said.starts_with("Would remove"),
        "{shown} {said}"
    );
    let (shown, said) = at_a_terminal(&sandbox, &["--yes"], None);
    assert!(
        shown.is_empty() && said.starts_with(&removed),
        "{shown} {said}"
    );
}
