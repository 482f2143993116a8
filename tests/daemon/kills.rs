//! `kill -9` of the daemon at any moment of a build.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::world::*;
use crate::support::*;

#[test]
fn a_daemon_killed_at_any_moment_leaves_a_whole_store_and_no_wrong_build() {
    if !is_root() {
        return;
    }
    let mut world = World::with(&format!(
        "[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n"
    ));
    world.check_out(MAIN, RUNES);
    let output = world.sandbox.path(&format!("home-{MAIN}/lib.a"));
    let build = ["build", "-o", "../lib.a", "./lib"];
    world.go(MAIN, "", &build).succeeded();
    let right = fs::read(&output).expect("the archive");
    let scope = world.store().join("scopes/main");
    let most = files_below(&scope).len();
    rounds("daemons killed", 6, |round| {
        // Else on what the last round left: a build that is killed while it reads and writes.
        if round.chance.u8(..4) > 0 {
            world.ask(&["revoke", "--scope", "main"]).succeeded();
        }
        fs::remove_file(&output).expect("the last archive");
        let mut go = world.go_command(MAIN, "", &build);
        let mut go = go
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("go starts");
        let watchdog = Watchdog::over(go.id());
        let wanted = round.chance.usize(..most);
        soon(|| {
            let has_ended = go.try_wait().expect("it can be waited for").is_some();
            has_ended || files_below(&scope).len() >= wanted
        });
        // Not a wait for anything: it spreads the kills over what happens between two requests.
        thread::sleep(Duration::from_micros(round.chance.u64(..20_000)));
        world.end_with(Signal::KILL);
        let ended = go.wait_with_output().expect("go ends");
        assert!(!watchdog.fired(), "go does not end without the daemon");
        let said = String::from_utf8_lossy(&ended.stderr);
        // As cmd/go ends it: with an error that is told, or after a build that is right.
        match ended.status.success() {
            true => assert!(fs::read(&output).expect("the archive") == right, "{said}"),
            false => assert!(!said.is_empty()),
        }
        let left = audit(&world.store()).whole();
        round.count("entries checked", left.entries);
        round.count("objects hashed", left.objects);
        let store = text(world.store());
        run_to_its_end(&mut world.program(&["verify", "--dir", &store])).succeeded();
        world.start();
        world.go(MAIN, "", &build).succeeded();
        assert!(
            fs::read(&output).expect("the archive") == right,
            "the next build is right"
        );
    });
}
