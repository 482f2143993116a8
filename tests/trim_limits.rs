//! What a limit costs: what is above it and no more, whenever the store was used. What is removed
//! is free at once, or it is said when it will be.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::*;

/// Objects of a store, of different sizes.
const COUNT: usize = 100;

const SECOND: Duration = Duration::from_secs(1);

fn name(number: usize) -> Digest {
    action(&format!("limited {number}"))
}

fn body(number: usize) -> Vec<u8> {
    number.to_be_bytes().repeat(100 + number * 7919 % 2500)
}

fn size(number: usize) -> u64 {
    body(number).len() as u64
}

/// Puts these bodies into a scope.
fn put(sandbox: &Sandbox, scope: &str, numbers: impl IntoIterator<Item = usize>) {
    let mut helper = sandbox.helper(&["--scope", scope]);
    for number in numbers {
        helper.put(&name(number), &body(number)).kept();
    }
    assert_eq!(helper.close(), "");
}

fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    put(&sandbox, "main", 0..COUNT);
    sandbox.settle();
    sandbox
}

fn entry_of(sandbox: &Sandbox, scope: &str, number: usize) -> std::path::PathBuf {
    entry_path(&sandbox.store(), scope, &name(number))
}

fn object_of(sandbox: &Sandbox, number: usize) -> std::path::PathBuf {
    object_path(&sandbox.store(), &sha256(&body(number)))
}

/// Lets everything look as if it had been used last so long ago.
fn age_all(sandbox: &Sandbox, age: Duration) {
    sandbox.settle();
    for folder in ["objects", "scopes"] {
        for file in files_below(&sandbox.store().join(folder)) {
            make_older(&file, age);
        }
    }
}

/// Bytes of all objects.
fn bytes(sandbox: &Sandbox) -> u64 {
    let objects = files_below(&sandbox.store().join("objects"));
    objects
        .iter()
        .map(|path| fs::metadata(path).expect("an object").len())
        .sum()
}

/// The store is whole, and each of its objects is named by an entry; how many entries and objects.
#[track_caller]
fn counts(sandbox: &Sandbox) -> (usize, usize) {
    let audit = audit(&sandbox.store()).whole();
    let scopes = fs::read_dir(sandbox.store().join("scopes")).expect("scopes");
    let entries = scopes.flat_map(|scope| {
        let scope = scope.expect("a scope").file_name();
        entries(&sandbox.store(), scope.to_str().expect("UTF-8"))
    });
    let mut named: Vec<_> = entries
        .map(|entry| entry.object(&sandbox.store()))
        .collect();
    named.sort();
    named.dedup();
    assert_eq!(named, files_below(&sandbox.store().join("objects")));
    (audit.entries, audit.objects)
}

/// Prunes to a size, and checks what is said and what it costs against what is there before and
/// after.
#[track_caller]
fn prune_to(sandbox: &Sandbox, limit: u64, options: &[&str]) {
    let (before, all) = (bytes(sandbox), counts(sandbox));
    let largest = (0..COUNT).map(size).max().expect("some");
    let limit_text = format!("{limit}B");
    let arguments = [&["prune", "--max-size", &limit_text], options].concat();
    let would = sandbox
        .run(&[&arguments[..], &["--dry-run"]].concat())
        .succeeded();
    let pruned = sandbox.run(&arguments).succeeded();
    let (after, left) = (bytes(sandbox), counts(sandbox));
    assert!(
        after <= limit,
        "{after} bytes are left, not {limit}: {pruned:?}"
    );
    assert!(
        before - after < before - limit + largest,
        "{} of {before} bytes are gone for {}: {pruned:?}",
        before - after,
        before - limit
    );
    let said = format!("{} entries and {} objects", all.0 - left.0, all.1 - left.1);
    assert!(
        pruned.stdout.starts_with(&format!("Removed {said}")),
        "{pruned:?}"
    );
    assert!(
        would.stdout.starts_with(&format!("Would remove {said}")),
        "{would:?}"
    );
    assert_eq!(pruned.stdout.lines().count(), 1, "{pruned:?}");
}

/// How long ago an object's entry and the object itself were marked as used.
type Ages = fn(usize) -> (Duration, Duration);

const USES: [(&str, Ages); 3] = [
    ("at one moment", |_| (20 * HOUR, 20 * HOUR)),
    ("over an hour", |number| {
        let half_minutes = |number| 20 * HOUR + 30 * SECOND * shuffled(number);
        (half_minutes(number), half_minutes(COUNT - number))
    }),
    ("over days", |number| {
        let age = 4 * HOUR + HOUR * shuffled(number);
        (age, age + HOUR)
    }),
];

/// Any order but that of the names.
fn shuffled(number: usize) -> u32 {
    u32::try_from(number * 37 % COUNT).expect("few")
}

#[test]
fn a_limit_costs_what_is_above_it_and_at_most_one_object_more() {
    for (when, ages) in USES {
        for percent in [1, 10, 60] {
            let sandbox = filled();
            let now = std::time::SystemTime::now();
            for number in 0..COUNT {
                let (entry, object) = ages(number);
                set_time(&entry_of(&sandbox, "main", number), now - entry);
                set_time(&object_of(&sandbox, number), now - object);
            }
            prune_to(&sandbox, bytes(&sandbox) * (100 - percent) / 100, &[]);
            // The least recently used, and of equals the largest.
            let mut order: Vec<_> = (0..COUNT).collect();
            order.sort_by_key(|number| {
                let (entry, object) = ages(*number);
                std::cmp::Reverse((entry.min(object), size(*number)))
            });
            let is_there: Vec<_> = order
                .iter()
                .map(|number| entry_of(&sandbox, "main", *number).exists())
                .collect();
            assert!(
                is_there.is_sorted(),
                "used {when}, {percent} %: {is_there:?}"
            );
        }
    }
}

#[test]
fn an_object_counts_as_used_when_any_scope_has_used_it_and_goes_from_all_of_them() {
    let sandbox = filled();
    put(&sandbox, "pr-1", 0..COUNT / 2);
    put(&sandbox, "pr-2", COUNT / 4..COUNT / 2);
    age_all(&sandbox, 30 * HOUR);
    for number in 0..COUNT / 4 {
        make_older(&entry_of(&sandbox, "pr-1", number), 5 * HOUR);
    }
    let lately: u64 = (0..COUNT / 4).map(size).sum();
    // All may go but what one of three scopes has used later.
    prune_to(&sandbox, lately, &[]);
    for number in 0..COUNT {
        for scope in ["main", "pr-1"] {
            let is_there = entry_of(&sandbox, scope, number).exists();
            assert_eq!(is_there, number < COUNT / 4, "{number} of {scope}");
        }
    }
    assert!(!sandbox.store().join("scopes/pr-2").exists());
}

#[test]
fn a_scope_that_goes_frees_what_no_other_scope_names() {
    let sandbox = Sandbox::new();
    put(&sandbox, "main", [1, 2]);
    put(&sandbox, "pr-1", [2, 3]);
    age_all(&sandbox, 4 * HOUR);
    let pruned = sandbox
        .run(&["prune", "--scope", "pr-1", "--all"])
        .succeeded();
    assert!(
        pruned.stdout.starts_with("Removed 2 entries and 1 objects"),
        "{pruned:?}"
    );
    assert_eq!(counts(&sandbox), (2, 2));
    assert!(!object_of(&sandbox, 3).exists());
}

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
    let said = format!("{COUNT} more entries are as old as asked for and stay");
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
        "in 2h 59m or later",
        "--now",
    ] {
        assert!(pruned.stdout.contains(part), "{part}: {pruned:?}");
    }
    // Three hours go by; a day has not.
    let gone_by = 3 * HOUR;
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

#[test]
fn what_cannot_be_read_may_name_any_object() {
    let mut sandbox = Sandbox::new();
    put(&sandbox, "main", [1]);
    put(&sandbox, "other", [2]);
    age_all(&sandbox, 20 * HOUR);
    sandbox.drop_privileges();
    let entry = entry_of(&sandbox, "main", 1);
    for closed in [entry.ancestors().nth(1), entry.ancestors().nth(2)] {
        let closed = closed.expect("a folder");
        set_mode(closed, 0);
        let pruned = sandbox.run(&["prune"]);
        set_mode(closed, 0o700);
        assert_eq!(pruned.status.code(), Some(2), "{pruned:?}");
        assert_eq!(counts(&sandbox), (2, 2));
    }
    sandbox.run(&["prune"]).succeeded();
    assert_eq!(counts(&sandbox), (2, 2));
}

#[test]
fn a_limit_costs_real_builds_next_to_nothing_also_beside_them() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let build = |output: &str| {
        let build = project.go(&["build", "-o", output, "./lib"]).succeeded();
        let archive = fs::read(project.folder().join(output)).expect("the archive");
        (archive, Totals::of(&build.stderr))
    };
    let (right, _) = build("right.a");
    age_all(&sandbox, 20 * HOUR);
    let sizes = files_below(&sandbox.store().join("objects"));
    let sizes = sizes
        .iter()
        .map(|path| fs::metadata(path).expect("an object").len());
    let largest = sizes.max().expect("some");
    let limit = bytes(&sandbox) * 99 / 100;
    let prune = || {
        sandbox
            .run(&["prune", "--max-size", &format!("{limit}B")])
            .succeeded()
    };
    prune();
    assert!(bytes(&sandbox) + largest > limit);
    let (archive, totals) = build("again.a");
    assert!(
        archive == right && 2 * totals.hits > totals.gets,
        "{totals:?}"
    );

    age_all(&sandbox, 20 * HOUR);
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let pruning = threads.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                prune();
            }
        });
        let build = &build;
        let builds =
            [0, 1, 2, 3].map(|number| threads.spawn(move || build(&format!("{number}.a"))));
        let built = builds.map(thread::ScopedJoinHandle::join);
        over.store(true, Ordering::SeqCst);
        pruning.join().expect("it prunes");
        for build in built {
            assert!(build.expect("it builds").0 == right);
        }
    });
    sandbox.settle();
    assert!(bytes(&sandbox) + largest > limit);
    audit(&sandbox.store()).whole();
    sandbox.run(&["verify"]).succeeded();
}

/// What a prune of a store takes at the most, in bytes: looked at when it is about to remove the
/// last object.
#[track_caller]
fn memory_of_a_prune(sandbox: &Sandbox, last: &Path) -> u64 {
    let bucket = File::open(last.parent().expect("a bucket")).expect("the last bucket");
    bucket.lock().expect("its lock");
    let mut command = sandbox.cachewarden(&["prune", "--max-size", "1B", "--dry-run"]);
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    waits_for_a_lock(child.id());
    let memory = peak_memory(child.id()) * 1024;
    drop(bucket);
    assert!(child.wait().expect("it ends").success());
    memory
}

#[test]
fn a_trim_keeps_some_bytes_for_each_object_and_none_for_an_entry() {
    const OBJECTS: usize = 20_000;
    const SCOPES: [&str; 2] = ["main", "pr-1"];
    let sandbox = filled();
    let store = sandbox.store();
    let last = object_path(&store, &[0xff; 32]);
    let template = entry(&store, "main", &name(0));
    let line = fs::read_to_string(&template.path).expect("an entry");
    let write = |path: &Path, content: &str| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("its folder");
        File::create(path)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .expect("a file");
    };
    write(&last, "last");
    age_all(&sandbox, 20 * HOUR);
    let before = memory_of_a_prune(&sandbox, &last);
    for number in 0..OBJECTS {
        let output = action(&number.to_string());
        write(&object_path(&store, &output), "");
        let line = line.replace(template.field("output"), &hex(&output));
        for scope in SCOPES {
            write(&entry_path(&store, scope, &output), &line);
        }
    }
    age_all(&sandbox, 20 * HOUR);
    let each = memory_of_a_prune(&sandbox, &last).saturating_sub(before) / OBJECTS as u64;
    // 64 for itself and 8 for its place among those that go first; the rest is what its folder's
    // names take.
    assert!(each <= 200, "{each} bytes an object");
}
