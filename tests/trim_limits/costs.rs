//! What a limit costs builds, and a trim costs in memory.

use super::*;

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
    // Two of its four gets may find the object that went.
    assert!(
        archive == right && 2 * totals.hits >= totals.gets,
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
