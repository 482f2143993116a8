//! The cache of compiled policies, attacked as another user of the machine would, and by a bad disk: what is run is what
//! this user compiled, or it is compiled again. And the compiler: bounded, and not asked twice for what it gave up on.
//!
//! A file there is the SHA-256 of a purpose, its own name, a zero and its content, and then the content (design.md). So
//! a test can make a file whose seal holds, and see that everything else is looked at too.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Instant, SystemTime};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mkfifoat, mknodat, renameat_with};
use rustix::process::{Signal, kill_process};

use crate::support::lookup::{HIT, MISS};
use crate::support::reach::LOCAL;
use crate::support::*;

const PURPOSE: &[u8] = b"cachewarden compiled policy, form 1\0";

/// A sandbox with a policy that answers as it is asked, compiled; where that is kept.
fn compiled() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &actions(), b"known");
    assert_decides(&sandbox);
    let [code] = &files(&sandbox, ".cwasm")[..] else {
        panic!("one policy, one file")
    };
    let code = code.clone();
    (sandbox, code)
}

fn actions() -> [Digest; 2] {
    [asking(HIT, LOCAL, "code"), asking(MISS, LOCAL, "code")]
}

fn files(sandbox: &Sandbox, ending: &str) -> Vec<PathBuf> {
    sandbox.files_ending("home/.cache/cachewarden-compiled", ending)
}

/// What was said, but for what is said where the compiler takes a second: that depends on the machine.
fn without_haste(said: &str) -> Vec<&str> {
    let depends = ["compiling the policy", "cannot be kept"];
    said.lines()
        .filter(|line| !depends.iter().any(|part| line.contains(part)))
        .collect()
}

#[track_caller]
fn closes_quietly(helper: Helper) {
    let said = helper.close();
    assert_eq!(without_haste(&said), Vec::<&str>::new());
}

/// Which of two actions are hits in a session under a policy that is asked to refuse the second one.
#[track_caller]
fn hits(sandbox: &Sandbox) -> [bool; 2] {
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
    let hits = actions().map(|action| !helper.get(&action).is_miss());
    closes_quietly(helper);
    hits
}

#[track_caller]
fn assert_decides(sandbox: &Sandbox) {
    assert_eq!(
        hits(sandbox),
        [true, false],
        "this is not the policy that was named"
    );
}

/// The compiled form of a policy that lets everything pass, in a file that claims to be `path` and whose seal holds.
fn forged(path: &Path) -> Vec<u8> {
    let other = Sandbox::new();
    other.helper(&["--policy", &policy("component")]).close();
    let [code] = &files(&other, ".cwasm")[..] else {
        panic!("one policy, one file")
    };
    let image = fs::read(code).unwrap().split_off(32);
    sealed(path, &image)
}

fn sealed(path: &Path, content: &[u8]) -> Vec<u8> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let parts = [PURPOSE, name.as_bytes(), &[0], content].concat();
    [&sha256(&parts)[..], content].concat()
}

#[test]
fn a_seal_is_made_as_documented() {
    let (sandbox, code) = compiled();
    let file = fs::read(&code).unwrap();
    assert_eq!(file, sealed(&code, &file[32..]));
    assert_eq!(mode(code.parent().unwrap()), 0o700);
    assert_eq!(mode(&code) & 0o022, 0);
    // What this user could do at any time: the tests below would see it if it were loaded.
    fs::write(&code, forged(&code)).unwrap();
    assert_eq!(hits(&sandbox), [true, true]);
}

#[test]
fn code_that_others_may_write_or_own_is_not_loaded() {
    let (sandbox, code) = compiled();
    let forged = forged(&code);
    let modes: [&dyn Fn(); 3] = [
        &|| set_mode(&code, 0o620),
        &|| set_mode(&code, 0o602),
        // Only root can give a file away; to everybody else's test it is one that others may write.
        &|| chown(&code, Some(4242), None).unwrap_or_else(|_| set_mode(&code, 0o666)),
    ];
    for give in modes {
        fs::write(&code, &forged).unwrap();
        give();
        assert_decides(&sandbox);
        assert_ne!(
            fs::read(&code).unwrap(),
            forged,
            "it was compiled again, and replaced"
        );
        assert_eq!(mode(&code) & 0o022, 0);
    }
}

#[test]
fn a_folder_that_others_may_write_or_own_is_not_used() {
    let (sandbox, code) = compiled();
    let folder = code.parent().unwrap();
    fs::write(&code, forged(&code)).unwrap();
    let before = listing(folder);
    let elsewhere = sandbox.path("elsewhere");
    type Change<'a> = &'a dyn Fn();
    let gives: [(Change, Change); 4] = [
        (&|| set_mode(folder, 0o770), &|| set_mode(folder, 0o700)),
        (&|| set_mode(folder, 0o1777), &|| set_mode(folder, 0o700)),
        (
            &|| chown(folder, Some(4242), None).unwrap_or_else(|_| set_mode(folder, 0o707)),
            &|| {
                set_mode(folder, 0o700);
                // It is this user's where it could not be given away.
                let _ = chown(folder, Some(rustix::process::geteuid().as_raw()), None);
            },
        ),
        (
            &|| {
                fs::rename(folder, &elsewhere).unwrap();
                symlink(&elsewhere, folder).unwrap();
            },
            &|| {
                fs::remove_file(folder).unwrap();
                fs::rename(&elsewhere, folder).unwrap();
            },
        ),
    ];
    for (give, take_back) in gives {
        give();
        assert_decides(&sandbox);
        let compile = sandbox
            .run(&["policy", "compile", &policy("as-asked")])
            .exited(2);
        assert!(compile.stderr.contains("cannot be kept"), "{compile:?}");
        take_back();
        assert_eq!(listing(folder), before, "nothing was written there");
    }
}

#[test]
fn a_user_who_is_unknown_here_trusts_no_file() {
    let (mut sandbox, code) = compiled();
    fs::write(&code, forged(&code)).unwrap();
    // All users that a namespace does not know look alike: the file seems to be its user's.
    sandbox.drop_privileges();
    assert_decides(&sandbox);
}

#[test]
fn other_things_in_a_files_place_are_neither_followed_nor_waited_for() {
    let (sandbox, code) = compiled();
    let forged_elsewhere = sandbox.file("elsewhere", forged(&code));
    let lock = files(&sandbox, ".lock").pop().unwrap();
    let refusal = code.with_extension("refused");
    let pipe = |path: &Path| mkfifoat(CWD, path, Mode::RWXU).unwrap();
    let plants: [&dyn Fn(&Path); 4] = [
        &|path| symlink(&forged_elsewhere, path).unwrap(),
        &pipe,
        &|path| mknodat(CWD, path, FileType::Socket, Mode::RWXU, 0).unwrap(),
        &|path| fs::create_dir(path).unwrap(),
    ];
    for plant in plants {
        for path in [&code, &lock, &refusal] {
            let _ = fs::remove_file(path);
            plant(path);
        }
        assert_decides(&sandbox);
        for path in [&code, &lock, &refusal] {
            // One that stands where nothing can be put in its place.
            let _ = fs::remove_dir(path);
        }
    }
    assert!(forged_elsewhere.exists());
}

#[test]
fn flipped_cut_and_lengthened_code_is_compiled_again() {
    const PLACES: usize = 40;
    let (sandbox, code) = compiled();
    let policy = policy("as-asked");
    let whole = fs::read(&code).unwrap();
    let mut spoiled: Vec<_> = (0..PLACES)
        .map(|place| {
            let mut bytes = whole.clone();
            let position = place * (whole.len() - 1) / (PLACES - 1);
            bytes[position] ^= 1 << (place % 8);
            bytes
        })
        .collect();
    for length in [0, 1, 31, 32, 33, whole.len() / 2, whole.len() - 1] {
        spoiled.push(whole[..length].to_vec());
    }
    spoiled.push([&whole[..], b"x"].concat());
    spoiled.push(vec![0; whole.len()]);
    for bytes in &spoiled {
        fs::write(&code, bytes).unwrap();
        sandbox.run(&["policy", "compile", &policy]).succeeded();
        assert!(fs::read(&code).unwrap() == whole, "it is whole again");
    }
    for bytes in spoiled.iter().step_by(10) {
        fs::write(&code, bytes).unwrap();
        assert_decides(&sandbox);
    }
}

#[test]
fn code_of_another_engine_or_policy_stands_for_no_other() {
    let (sandbox, code) = compiled();
    let other = sandbox.helper(&["--policy", &policy("component")]);
    closes_quietly(other);
    let name = code.file_name().unwrap().to_str().unwrap();
    let others = files(&sandbox, ".cwasm");
    let other = others.iter().find(|path| **path != code).unwrap();
    // Both are this user's, both have a seal that holds: for another name.
    fs::copy(other, &code).unwrap();
    assert_decides(&sandbox);
    let (module, engine) = name.trim_end_matches(".cwasm").split_once('-').unwrap();
    let engine = u64::from_str_radix(engine, 16).unwrap();
    let older = code.with_file_name(format!("{module}-{:016x}.cwasm", engine ^ 1));
    fs::write(&older, forged(&older)).unwrap();
    fs::copy(&older, &code).unwrap();
    assert_decides(&sandbox);
    // One that was made for another machine is refused by the engine itself, whatever its seal says.
    let mut image = fs::read(&code).unwrap().split_off(32);
    let triple = b"-linux-";
    let place = image
        .windows(triple.len())
        .position(|bytes| bytes == triple);
    image[place.expect("what it was made for")] = b'+';
    fs::write(&code, sealed(&code, &image)).unwrap();
    assert_decides(&sandbox);
}

#[test]
fn what_is_swapped_between_look_and_load_is_not_run() {
    let (sandbox, code) = compiled();
    let folder = code.parent().unwrap();
    let (bad, other) = (sandbox.path("bad"), sandbox.path("other"));
    fs::write(&bad, forged(&code)).unwrap();
    set_mode(&bad, 0o666);
    fs::create_dir(&other).unwrap();
    fs::write(other.join(code.file_name().unwrap()), forged(&code)).unwrap();
    set_mode(&other, 0o777);
    for (here, there) in [(code.as_path(), bad.as_path()), (folder, other.as_path())] {
        let over = AtomicBool::new(false);
        thread::scope(|threads| {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // It fails where the other has just been replaced.
                    let _ = renameat_with(CWD, here, CWD, there, RenameFlags::EXCHANGE);
                }
            });
            let mut decided = Vec::new();
            for _ in 0..20 {
                decided.push(hits(&sandbox));
            }
            over.store(true, Ordering::Relaxed);
            assert_eq!(decided, [[true, false]; 20]);
        });
    }
}

#[test]
fn a_disk_without_room_costs_the_next_session_its_time_only() {
    let mut sandbox = Sandbox::new();
    sandbox.fill(&[], &actions(), b"known");
    sandbox.mount_tiny(&sandbox.path("home/.cache"), 16);
    assert_decides(&sandbox);
    let compile = sandbox
        .run(&["policy", "compile", &text(guest("slim"))])
        .exited(2);
    assert!(compile.stderr.contains("cannot be kept"), "{compile:?}");
}

#[test]
fn a_limit_on_files_is_a_full_disk() {
    let sandbox = Sandbox::new();
    let limited = |arguments: &[&str]| {
        let mut command = sandbox.command(Path::new("sh"));
        command
            .args(["-c", "ulimit -f 8; exec \"$0\" \"$@\"", PROGRAM])
            .args(arguments)
            .env("CACHEWARDEN_DIR", sandbox.store());
        command
    };
    let policy = text(guest("slim"));
    let compile = run_to_its_end(&mut limited(&["policy", "compile", &policy])).exited(2);
    assert!(compile.stderr.contains("cannot be kept"), "{compile:?}");
    let mut helper = Helper::start(limited(&["--policy", &policy]));
    helper.put(&action("small"), b"small").kept();
    helper.get(&action("small")).hit();
    helper.close();
    assert_eq!(files(&sandbox, ".cwasm"), Vec::<PathBuf>::new());
}

#[test]
fn a_home_that_cannot_be_written_is_no_reason_to_stop() {
    let mut sandbox = Sandbox::new();
    sandbox.fill(&[], &actions(), b"known");
    sandbox.mount_read_only(&sandbox.path("home"));
    assert_decides(&sandbox);
}

#[test]
fn code_that_nobody_uses_goes_and_other_folders_keep_theirs() {
    let (sandbox, code) = compiled();
    let folder = code.parent().unwrap();
    let unused = folder.join("unused.cwasm");
    let half = folder.join(".tmpHalf");
    let kept = sandbox.file("kept/old", "mine");
    for old in [&unused, &half] {
        fs::write(old, "old").unwrap();
    }
    symlink(kept.parent().unwrap(), folder.join("link")).unwrap();
    for old in [&unused, &half, &kept, &code] {
        sandbox.set_age(old, 31 * 24 * HOUR);
    }
    // It is used, and so it stays; another one is compiled, and so the rest is swept.
    assert_decides(&sandbox);
    closes_quietly(sandbox.helper(&["--policy", &policy("component")]));
    assert!(code.exists() && kept.exists());
    assert!(!unused.exists() && !half.exists());
}

#[test]
fn many_that_begin_at_once_compile_once_though_some_are_killed() {
    let sandbox = Sandbox::new();
    let policy = text(guest("slim"));
    let start = || sandbox.helper(&["--policy", &policy]);
    let mut helpers: Vec<_> = (0..12).map(|_| start()).collect();
    for doomed in helpers.split_off(8) {
        doomed.announced();
        doomed.signal(Signal::KILL);
        doomed.ending();
    }
    for mut helper in helpers {
        helper.put(&action("x"), b"x").kept();
        closes_quietly(helper);
    }
    assert_eq!(files(&sandbox, ".cwasm").len(), 1);
}

/// A policy that takes a while to compile: many functions, each of its own.
fn slow_policy(sandbox: &Sandbox) -> String {
    let mut text = String::from("(module (memory (export \"memory\") 1)");
    for number in 0..3000 {
        text += &format!(
            "(func (param i32) (result i32) local.get 0 i32.const {number} i32.mul i32.const {number} i32.xor)"
        );
    }
    text += "(func (export \"close\") (param i64 i64 i64 i64 i64 i64 i64)))";
    crate::support::text(sandbox.file("slow.wat", text))
}

/// That a policy cannot be loaded with these options; the one text that says why.
#[track_caller]
fn is_refused(sandbox: &Sandbox, policy: &str, options: &[&str]) -> String {
    let mut all = vec!["--policy", policy];
    all.extend(options);
    let ending = sandbox.helper(&all).ending();
    assert_eq!(ending.status.code(), Some(2), "{ending:?}");
    let [line] = without_haste(&ending.stderr)[..] else {
        panic!("one text: {ending:?}")
    };
    line.to_owned()
}

#[test]
fn what_the_compiler_gave_up_on_is_not_tried_by_every_build() {
    const AGAIN: &str = "cachewarden policy compile '";
    let sandbox = Sandbox::new();
    let policy = slow_policy(&sandbox);
    for (options, reason) in [
        (
            ["--policy-compile-time", "1ms"],
            "takes longer than 0.001 s",
        ),
        (
            ["--policy-compile-memory", "1MiB"],
            "takes more than 1 MiB of memory",
        ),
    ] {
        let first = is_refused(&sandbox, &policy, &options);
        assert!(first.contains(reason) && !first.contains(AGAIN), "{first}");
        let again = is_refused(&sandbox, &policy, &options);
        assert!(again.contains(reason) && again.contains(AGAIN), "{again}");
        // Who asks for it in so many words gets another try.
        let mut compile = vec!["policy", "compile", &policy];
        let mut bounded = options.to_vec();
        bounded.append(&mut compile);
        let asked = sandbox.run(&bounded).exited(2);
        assert!(
            asked.stderr.contains(reason) && !asked.stderr.contains(AGAIN),
            "{asked:?}"
        );
    }
    // So does who gives more; from then on it is there for all.
    let mut helper = sandbox.helper(&["--policy", &policy]);
    helper.put(&action("x"), b"x").kept();
    helper.close();
    assert_eq!(files(&sandbox, ".refused"), Vec::<PathBuf>::new());
    let options = ["--policy", &policy, "--policy-compile-time", "1ms"];
    closes_quietly(sandbox.helper(&options));
}

#[test]
fn a_refusal_is_believed_for_a_day_and_only_if_it_is_ours() {
    let (sandbox, code) = compiled();
    fs::remove_file(&code).unwrap();
    let refusal = code.with_extension("refused");
    let plant = |age: u64| {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let time = now.as_secs() - age;
        let line = format!(
            r#"{{"reason":"somebody says so","time":{time},"compile_milliseconds":120000,"compile_memory":1073741824}}"#
        );
        let _ = fs::remove_file(&refusal);
        fs::write(&refusal, sealed(&refusal, line.as_bytes())).unwrap();
        set_mode(&refusal, 0o600);
    };
    plant(3600);
    let said = is_refused(&sandbox, &policy("as-asked"), &[]);
    assert!(said.contains("somebody says so"), "{said}");
    let spoils: [&dyn Fn(); 5] = [
        &|| plant(25 * 3600),
        &|| set_mode(&refusal, 0o622),
        &|| damage(&refusal),
        &|| fs::write(&refusal, sealed(&refusal, b"no JSON")).unwrap(),
        &|| fs::write(&refusal, b"").unwrap(),
    ];
    for spoil in spoils {
        let _ = fs::remove_file(&code);
        plant(3600);
        spoil();
        assert_decides(&sandbox);
    }
}

#[test]
fn a_policy_that_is_none_is_no_compilers_failure() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        let said = is_refused(&sandbox, &policy("nothing"), &[]);
        assert!(said.contains("exports none of"), "{said}");
    }
    assert_eq!(files(&sandbox, ".refused"), Vec::<PathBuf>::new());
}

/// The process that compiles for a helper, once there is one.
#[track_caller]
fn compiler_of(sandbox: &Sandbox, helper: &Helper) -> u32 {
    let is_compiler = |process: &u32| {
        *process != helper.process()
            && fs::read(format!("/proc/{process}/cmdline"))
                .is_ok_and(|words| String::from_utf8_lossy(&words).contains("compile-for-parent"))
    };
    let deadline = Instant::now() + BOUND;
    loop {
        // Asked first: where it is over by now, it may have been seen until then.
        let is_over = !files(sandbox, ".cwasm").is_empty();
        let others = processes_of(&sandbox.path("home"));
        if let Some(process) = others.into_iter().find(is_compiler) {
            return process;
        }
        assert!(!is_over, "the compiler was over before it was seen");
        assert!(Instant::now() < deadline, "no compiler is started");
        thread::yield_now();
    }
}

#[test]
fn a_compiler_dies_with_its_parent_and_not_by_ctrl_c() {
    let sandbox = Sandbox::new();
    // Seconds of work.
    let policy = text(guest("go/trusted-branches"));
    let helper = sandbox.helper(&["--policy", &policy]);
    let compiler = compiler_of(&sandbox, &helper);
    helper.signal(Signal::KILL);
    helper.ending();
    assert!(has_ended(compiler));
    assert_eq!(files(&sandbox, ".cwasm"), Vec::<PathBuf>::new());

    // Killed by somebody: said, and not held against the policy.
    let helper = sandbox.helper(&["--policy", &policy]);
    let compiler = compiler_of(&sandbox, &helper);
    kill_process(process_id(compiler), Signal::KILL).unwrap();
    let ending = helper.ending();
    assert_eq!(ending.status.code(), Some(2), "{ending:?}");
    assert!(
        ending.stderr.contains("the compiler failed on it"),
        "{ending:?}"
    );
    assert_eq!(files(&sandbox, ".refused"), Vec::<PathBuf>::new());

    let mut helper = sandbox.helper(&["--policy", &policy]);
    compiler_of(&sandbox, &helper);
    helper.signal(Signal::INT);
    helper.put(&action("x"), b"x").kept();
    helper.close();
    assert_eq!(files(&sandbox, ".cwasm").len(), 1);
}

#[test]
fn who_holds_the_lock_and_is_stopped_holds_nobody_up_for_ever() {
    let (sandbox, code) = compiled();
    fs::remove_file(&code).unwrap();
    let lock = files(&sandbox, ".lock").pop().unwrap();
    let lock = fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let mut command = sandbox.cachewarden(&[
        "--policy",
        &policy("as-asked"),
        "--policy-compile-time",
        "2s",
    ]);
    command.stdin(Stdio::piped());
    let mut helper = Helper::start(command);
    helper.get(&actions()[0]).hit();
    closes_quietly(helper);
    assert!(code.exists());
}
