//! Many builds at once on one store, with what is old removed under them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// As a large CI machine may have them.
const BUILDS: usize = 16;

#[test]
fn sixteen_builds_share_a_store_that_is_trimmed_under_them() {
    let sandbox = Sandbox::new();
    let right = archive(&numbers(&sandbox));
    rounds("crowds served", 1, |round| {
        fs::remove_dir_all(sandbox.store()).expect("the store can be removed");
        let at_once = |wave: &str| at_once(&sandbox, &right, wave);
        // Cold: all put the same at once.
        let puts: u64 = at_once("cold").iter().map(|totals| totals.puts).sum();
        assert!(puts > 0);
        let cold = audit(&sandbox.store()).whole();
        // Warm, and all of it so old that it may go the moment that a build wants it.
        for path in files_below(&sandbox.store()) {
            sandbox.set_age(&path, 10 * 24 * HOUR);
        }
        at_once("old");
        sandbox.settle();
        let old = audit(&sandbox.store());
        assert_eq!(old.damage, Vec::<String>::new());
        // Warm, and all of it in use: nothing goes.
        for totals in at_once("warm") {
            assert!(totals.hits > 0, "{totals:?}");
        }
        // Meanwhile a newer cachewarden has the folder: builds work beside it.
        let version = sandbox.store().join("VERSION");
        overwrite(&version, b"999\n");
        sandbox.settle();
        let before = listing(&sandbox.store());
        for totals in at_once("newer") {
            assert_eq!(totals.hits, 0, "{totals:?}");
        }
        assert_eq!(
            listing(&sandbox.store()),
            before,
            "a newer store is left alone"
        );
        overwrite(&version, b"1\n");
        at_once("back");
        let left = audit(&sandbox.store());
        assert_eq!(left.damage, Vec::<String>::new());
        round.count("builds in crowds", 5 * BUILDS);
        round.count("entries checked", cold.entries + left.entries);
    });
}

/// Builds the library so often at once, each in a folder of its own, while the store is pruned; every one is right.
fn at_once(sandbox: &Sandbox, right: &[u8], wave: &str) -> Vec<Totals> {
    let (project, over) = (numbers(sandbox), AtomicBool::new(false));
    thread::scope(|threads| {
        let pruning = threads.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let prune = sandbox.run(&["prune", "--max-size", "100KB"]);
                let refused = wave == "newer" && prune.stderr.contains("999");
                assert!(prune.status.success() || refused, "{prune:?}");
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
                    assert!(bytes == right, "{wave}: {build:?}");
                    Totals::of(&build.stderr)
                })
            })
            .collect();
        let built: Vec<_> = builds
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        over.store(true, Ordering::SeqCst);
        pruning.join().expect("pruning works");
        built
            .into_iter()
            .map(|build| build.expect("every build is right"))
            .collect()
    })
}
