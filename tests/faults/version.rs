//! A VERSION that a crash has blanked: written again by the next session, never over another
//! program's, and not by a look.

use super::*;

/// A store with one entry whose VERSION is zeros; where that file is.
fn blanked(sandbox: &Sandbox) -> PathBuf {
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    let version = sandbox.store().join("VERSION");
    overwrite(&version, &[0; 2]);
    version
}

#[test]
fn a_blank_version_is_written_again_by_a_session_and_not_by_a_look() {
    for blank in [&[][..], &[0], &[0; 2], &[0; 50]] {
        let sandbox = Sandbox::new();
        let version = blanked(&sandbox);
        overwrite(&version, blank);
        let before = listing(&sandbox.store());
        for look in [&["stats"][..], &["verify"], &["prune", "--dry-run"]] {
            sandbox.run(look).succeeded();
            assert_eq!(
                listing(&sandbox.store()),
                before,
                "{look:?} changes something"
            );
        }
        let mut helper = sandbox.helper(&[]);
        assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
        assert_eq!(helper.close(), "");
        assert_eq!(fs::read(&version).expect("the version"), b"2\n");
        audit(&sandbox.store()).whole();
    }
}

#[test]
fn a_version_that_another_program_writes_meanwhile_stays() {
    // A newer program may replace the file, or write into it.
    for replaced in [true, false] {
        let sandbox = Sandbox::new();
        let version = blanked(&sandbox);
        let lock = File::open(&version).expect("the version");
        lock.lock().expect("nobody has it");
        // It has seen a blank, and waits to write.
        let mut helper = sandbox.helper(&[]);
        waits_for_a_lock(helper.process());
        if replaced {
            replace(&version, b"999\n");
        } else {
            fs::write(&version, b"999\n").expect("it can be written");
        }
        drop(lock);
        helper.get(&action("known")).miss();
        let said = helper.close();
        assert!(said.contains("999"), "{said}");
        assert_eq!(fs::read(&version).expect("the version"), b"999\n");
    }
}

#[test]
fn whoever_is_stopped_with_the_lock_on_a_blank_version_stops_no_build() {
    let sandbox = Sandbox::new();
    let version = blanked(&sandbox);
    let lock = File::open(&version).expect("the version");
    lock.lock().expect("nobody has it");
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("known")).miss();
    helper.put(&action("new"), b"new").kept();
    let said = helper.close();
    assert!(said.contains("VERSION is blank"), "{said}");
    drop(lock);
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    helper.close();
}
