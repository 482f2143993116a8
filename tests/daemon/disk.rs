//! A disk of the daemon's that is full.

use std::fs;

use super::world::*;
use crate::support::*;

fn tenant() -> String {
    format!(
        "[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n"
    )
}

const BUILD: [&str; 4] = ["build", "-o", "../lib.a", "./lib"];

/// The archive that a build comes to where there is room.
#[track_caller]
fn right_archive() -> Vec<u8> {
    let world = World::with(&tenant());
    world.check_out(MAIN, RUNES);
    world.go(MAIN, "", &BUILD).succeeded();
    archive(&world)
}

#[track_caller]
fn archive(world: &World) -> Vec<u8> {
    fs::read(world.sandbox.path(&format!("home-{MAIN}/lib.a"))).expect("the archive")
}

#[test]
fn a_full_disk_costs_no_build_where_overflow_is_elsewhere() {
    if !is_root() {
        return;
    }
    let right = right_archive();
    // Some of the build finds room, or next to nothing.
    for kibibytes in [200, 60] {
        let mut world = World::without_daemon();
        if !world.mount_tiny("disk", kibibytes) {
            return;
        }
        world.keep_in("disk");
        let overflow = world.sandbox.folder("overflow");
        world.configure(&format!(
            "overflow = \"{}\"\n{}",
            overflow.display(),
            tenant()
        ));
        world.start();
        world.check_out(MAIN, RUNES);
        for _ in 0..2 {
            let build = world.go(MAIN, "-v", &BUILD).succeeded();
            assert!(archive(&world) == right, "{kibibytes} KiB: {build:?}");
            let said = build.stderr.lines().count();
            assert!(said <= 6, "some texts, not one a put: {build:?}");
        }
        world.wait_for_the_end_of_sessions();
        assert!(!files_below(&overflow).is_empty(), "{kibibytes} KiB");
        let left = audit(&world.store());
        assert!(
            left.damage.is_empty() && left.temporaries.is_empty(),
            "{left:?}"
        );
        assert!(!world.log().contains("panicked"), "{}", world.log());
    }
}

#[test]
fn a_full_disk_without_overflow_elsewhere_never_makes_a_build_wrong() {
    if !is_root() {
        return;
    }
    let right = right_archive();
    let mut world = World::without_daemon();
    if !world.mount_tiny("disk", 200) {
        return;
    }
    world.keep_in("disk");
    world.configure(&tenant());
    world.start();
    world.check_out(MAIN, RUNES);
    let build = world.go(MAIN, "", &BUILD);
    match build.status.success() {
        true => assert!(archive(&world) == right),
        // A put that has no file anywhere is an error, which can end a build.
        false => assert!(build.stderr.contains("cannot be written"), "{build:?}"),
    }
    let left = audit(&world.store());
    assert!(left.damage.is_empty(), "{left:?}");
    // The daemon goes on: what is there is read, and what finds no room is an error.
    world.whoami(MAIN).succeeded();
    let mut session = world.helper(MAIN, &[]);
    session.get(&action("unknown")).miss();
    let refused = session.put(&action("large"), &[7; 300_000]).error();
    assert!(refused.contains("cannot be written"), "{refused}");
    session.get(&action("large")).miss();
    let said = session.close();
    assert_eq!(said.lines().count(), 1, "one text: {said}");
}
