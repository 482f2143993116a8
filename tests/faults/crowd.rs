//! Many builds at once on one store, with what is old removed under them, and another layout beside
//! them.
//!
//! A wave is sixteen builds. As soon as one of them has asked for something, what is underneath
//! begins, and goes on until the last build is over: trimmers that sessions start, by size; prunes
//! by size; and in some waves a newer cachewarden that takes the folder and gives it back. Every
//! build must come to the right archive.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// As a large CI machine may have them.
const BUILDS: usize = 16;

/// Less than one build needs.
const SMALL: &str = "100KB";

/// What goes on under a wave of builds, beside trims.
#[derive(Clone, Copy, PartialEq)]
enum Underneath {
    /// Nothing more.
    Trims,
    /// The store is of a newer layout, all the time.
    Newer,
    /// It becomes one, and is one of ours again, and so on.
    Changes,
}

#[test]
fn sixteen_builds_share_a_store_that_is_trimmed_under_them() {
    let sandbox = Sandbox::new();
    let right = archive(&numbers(&sandbox));
    rounds("crowds served", 1, |round| {
        sandbox.settle();
        fs::remove_dir_all(sandbox.store()).expect("the store can be removed");
        let version = sandbox.store().join("VERSION");
        let wave = |underneath| wave(&sandbox, &right, underneath);
        // Cold: all put the same at once.
        let puts: u64 = wave(Underneath::Trims)
            .iter()
            .map(|totals| totals.puts)
            .sum();
        assert!(puts > 0);
        let cold = whole(&sandbox);
        // Half of it is so old that it may go the moment that a build wants it; then all of it.
        for share in [2, 1] {
            make_unused(&sandbox, share, &mut round.chance);
            let again = wave(Underneath::Trims)
                .iter()
                .map(|totals| totals.puts)
                .sum::<u64>();
            round.count("objects built again", usize::try_from(again).expect("few"));
            whole(&sandbox);
        }
        // All of it is in use: nothing goes.
        for totals in wave(Underneath::Trims) {
            assert!(totals.hits > 0, "{totals:?}");
        }
        // A newer cachewarden comes and goes while builds begin, work and end.
        make_unused(&sandbox, 2, &mut round.chance);
        wave(Underneath::Changes);
        replace(&version, b"2\n");
        whole(&sandbox);
        // And it stays: builds work beside it.
        replace(&version, b"999\n");
        let before = listing(&sandbox.store());
        for totals in wave(Underneath::Newer) {
            assert_eq!(totals.hits, 0, "{totals:?}");
        }
        sandbox.settle();
        assert_eq!(
            listing(&sandbox.store()),
            before,
            "a newer store is left alone"
        );
        replace(&version, b"2\n");
        wave(Underneath::Trims);
        let left = whole(&sandbox);
        round.count("builds in crowds", 7 * BUILDS);
        round.count("entries checked", cold.entries + left.entries);
    });
}

/// Looks at the store once all is quiet; the program's own look finds nothing either.
#[track_caller]
fn whole(sandbox: &Sandbox) -> Audit {
    sandbox.settle();
    let audit = audit(&sandbox.store()).whole();
    sandbox.run(&["verify"]).succeeded();
    audit
}

/// Lets one in so many objects look as if it had not been used for long, and all entries that name
/// it with it.
fn make_unused(sandbox: &Sandbox, share: usize, chance: &mut fastrand::Rng) {
    sandbox.settle();
    let entries = entries(&sandbox.store(), "default");
    for object in files_below(&sandbox.store().join("objects")) {
        if chance.usize(..share) > 0 {
            continue;
        }
        let named_by = entries
            .iter()
            .filter(|entry| entry.object(&sandbox.store()) == object);
        for path in named_by.map(|entry| &entry.path).chain([&object]) {
            make_older(path, 240 * HOUR);
        }
    }
}

/// Builds the library so often at once, while other things go on underneath; every archive is
/// right.
fn wave(sandbox: &Sandbox, right: &[u8], underneath: Underneath) -> Vec<Totals> {
    let recording = sandbox.file("recording", "");
    let project = numbers(sandbox).with_helper(&format!(
        "-v --max-size {SMALL} --record '{}'",
        recording.display()
    ));
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let beneath = threads.spawn(|| {
            if underneath != Underneath::Changes {
                wait_for_a_request(&recording);
            }
            let mut newer = underneath == Underneath::Newer;
            while !over.load(Ordering::SeqCst) {
                if underneath == Underneath::Changes {
                    newer = !newer;
                    let version: &[u8] = if newer { b"999\n" } else { b"2\n" };
                    replace(&sandbox.store().join("VERSION"), version);
                }
                trim(sandbox);
                let prune = sandbox.run(&["prune", "--max-size", SMALL]);
                let refused = newer && prune.stderr.contains("999");
                assert!(prune.status.success() != refused, "{prune:?}");
            }
        });
        let builds: Vec<_> = (0..BUILDS)
            .map(|number| {
                let project = &project;
                threads.spawn(move || {
                    let output = format!("out-{number}.a");
                    let build = project.go(&["build", "-o", &output, "./lib"]).succeeded();
                    let output = project.folder().join(output);
                    let bytes = fs::read(&output).expect("the archive");
                    fs::remove_file(&output).expect("it can be removed");
                    assert!(bytes == right, "{build:?}");
                    Totals::of(&build.stderr)
                })
            })
            .collect();
        let built: Vec<_> = builds
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        over.store(true, Ordering::SeqCst);
        beneath.join().expect("what goes on underneath works");
        built
            .into_iter()
            .map(|build| build.expect("every build is right"))
            .collect()
    })
}

/// Has a session start a trimmer that goes by size; so do the builds that end from then on.
fn trim(sandbox: &Sandbox) {
    make_older(&sandbox.store().join("trim"), 72 * HOUR);
    sandbox.helper(&["--max-size", SMALL]).close();
}

/// Returns once some build has been answered.
fn wait_for_a_request(recording: &Path) {
    let asked = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        text.contains("\"get\"") || text.contains("\"put\"")
    };
    let growth = GrowthWatch::over(recording);
    growth.wait_until(asked);
}
