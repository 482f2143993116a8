//! `kill -9` at any moment of a cold build.

use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::process::{PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};

use super::*;

#[test]
fn a_build_killed_at_any_moment_leaves_a_whole_store() {
    let sandbox = Sandbox::new();
    let recording = sandbox.file("recording", "");
    let project = numbers(&sandbox).with_helper(&format!("-v --record '{}'", recording.display()));
    let right = archive(&project);
    let moments = lines_of(&recording);
    let kept = audit(&sandbox.store()).whole().entries;
    assert!(kept > 20, "there is something to lose: {kept}");

    rounds("kills survived", 8, |round| {
        // Else on what the last round left: a build that is killed while it reads and writes.
        if round.chance.u8(..4) > 0 {
            fs::remove_dir_all(sandbox.store()).expect("the store can be removed");
        }
        File::create(&recording).expect("a new recording");
        let mut go = project
            .command(Path::new("go"))
            .args(["build", "-o", "out.a", "./lib"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("go starts");
        let watchdog = Watchdog::over(go.id());
        wait_for_lines(&recording, round.chance.usize(..moments), &go);
        // Not a wait for anything: it spreads the kills over what happens between two requests.
        thread::sleep(Duration::from_micros(round.chance.u64(..3000)));
        let go_id = process_id(go.id());
        if round.chance.bool() {
            for helper in helpers_of(&sandbox.store()) {
                // It may have ended by itself.
                let _ = kill_process(helper, Signal::KILL);
            }
            if round.chance.bool() {
                let _ = kill_process_group(go_id, Signal::KILL);
            }
        } else {
            let _ = kill_process(go_id, Signal::KILL);
        }
        go.wait().expect("it can be waited for");
        assert!(!watchdog.fired(), "go does not end without its helper");
        sandbox.settle();

        let left = audit(&sandbox.store()).whole();
        // A helper that is killed at once has made no store yet.
        if sandbox.store().exists() {
            sandbox.run(&["verify"]).succeeded();
        }
        for action in kept_for_certain(&recording) {
            assert!(
                find_entry(&sandbox.store(), "default", &action).is_some(),
                "{} was kept",
                hex(&action)
            );
        }
        round.count("entries checked", left.entries);
        round.count("objects hashed", left.objects);
        round.count("files left half-written", left.temporaries.len());
        let (bytes, totals) = built(&project);
        assert!(bytes == right, "the next build is right");
        assert!(
            totals.hits > 0 || left.entries == 0,
            "what was there is used"
        );
        sweep(&sandbox);
        let (bytes, totals) = built(&project);
        assert!(bytes == right, "and the one after it");
        // What cmd/go does not need it does not make again, so not all are hits.
        assert!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
        audit(&sandbox.store()).whole();
    });
}

#[test]
fn a_prune_killed_at_any_moment_leaves_what_it_did_not_remove() {
    let sandbox = Sandbox::new();
    let names: Vec<_> = (0..150).map(|number| action(&number.to_string())).collect();
    rounds("prunes killed", 6, |round| {
        let mut helper = sandbox.helper(&[]);
        for name in &names {
            helper.put(name, name).kept();
        }
        helper.close();
        let known = outputs(&sandbox.store());
        assert_eq!(known.len(), names.len());
        let [objects, scopes] = ["objects", "scopes"].map(|name| sandbox.store().join(name));
        for path in [files_below(&objects), files_below(&scopes)].concat() {
            make_older(&path, 240 * HOUR);
        }
        let mut prune = sandbox
            .cachewarden(&["prune", "--all"])
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        // Not a wait for anything: it spreads the kills over the folders.
        thread::sleep(Duration::from_micros(round.chance.u64(..12_000)));
        let _ = prune.kill();
        prune.wait().expect("it can be waited for");
        // Entries go before their objects.
        let left = audit(&sandbox.store()).whole();
        round.count("entries left by them", left.entries);
        assert_eq!(check_answers(&sandbox, &known), left.entries);
        sandbox.run(&["verify"]).succeeded();
    });
}

/// The actions whose entries were written: a get writes those of all puts before it, and is over when
/// the next command is written down.
fn kept_for_certain(file: &Path) -> Vec<Digest> {
    let lines = recording(file);
    let commands = lines.iter().filter(|line| line["command"].is_string());
    let mut commands: Vec<_> = commands.collect();
    commands.pop();
    let (mut put, mut written) = (Vec::new(), 0);
    for line in commands {
        let action = || from_hex(line["action"].as_str().expect("an action"));
        match line["command"].as_str() {
            Some("put") => put.push(action()),
            // What the session has put itself it finds without the store.
            Some("get") if !put.contains(&action()) => written = put.len(),
            _ => {}
        }
    }
    put.truncate(written);
    put
}

/// The lines of a recording so far.
fn lines_of(recording: &Path) -> usize {
    let bytes = fs::read(recording).expect("the recording");
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Returns once the session has come so far, or has ended before.
fn wait_for_lines(recording: &Path, count: usize, go: &Child) {
    let events = inotify::init(inotify::CreateFlags::CLOEXEC).expect("inotify");
    inotify::add_watch(&events, recording, inotify::WatchFlags::MODIFY).expect("it can be watched");
    let Ok(process) = pidfd_open(process_id(go.id()), PidfdFlags::empty()) else {
        return;
    };
    let mut buffer = [MaybeUninit::uninit(); 4096];
    while lines_of(recording) < count {
        let mut awaited = [
            PollFd::new(&events, PollFlags::IN),
            PollFd::new(&process, PollFlags::IN),
        ];
        // The watchdog ends go, and so this, where nothing happens.
        poll(&mut awaited, None).expect("poll");
        if !awaited[1].revents().is_empty() {
            return;
        }
        inotify::Reader::new(&events, &mut buffer)
            .next()
            .expect("an event");
    }
}

/// The helpers at work on a store.
fn helpers_of(store: &Path) -> impl Iterator<Item = rustix::process::Pid> {
    let program = fs::canonicalize(PROGRAM).expect("the program");
    processes_of(store)
        .into_iter()
        .filter(move |id| fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == program))
        .map(process_id)
}
