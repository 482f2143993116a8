//! The compiler: bounded, not asked twice for what it gave up on, and asked once however many begin
//! at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Instant, SystemTime};

use rustix::process::{Signal, kill_process};

use super::*;

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

/// A user of whom no other process is.
const NOBODY_ELSE: &str = "61234";

/// Origin: a reader of commit 9d336eb, who was told to give the compiler more memory. A limit on
/// processes binds no root, so the program runs as another user.
#[test]
fn what_lacks_a_thread_is_told_to_lack_one() {
    let sandbox = Sandbox::new();
    let home = sandbox.folder("home");
    for folder in [sandbox.path(""), home.clone()] {
        set_mode(&folder, 0o777);
    }
    let program = sandbox.path("cachewarden");
    copy_program(&program);
    let source = sandbox.file("agrees.wat", fs::read(policy("agrees")).expect("it"));
    let mut is_enough = false;
    for most in 1..20 {
        let mut command = match rustix::process::geteuid().is_root() {
            true => {
                let mut command = sandbox.command(Path::new("setpriv"));
                command.args(["--reuid", NOBODY_ELSE, "--clear-groups"]);
                command
            }
            false => {
                let mut command = sandbox.command(Path::new("unshare"));
                command.arg("--user");
                command
            }
        };
        command
            .arg("prlimit")
            .arg(format!("--nproc={most}:{most}"))
            .arg(&program)
            .args(["policy", "compile"])
            .arg(&source);
        let told = run_to_its_end(&mut command);
        is_enough = told.status.success();
        if is_enough {
            break;
        }
        assert!(!told.stderr.contains("memory"), "{most}: {told:?}");
        if told.stderr.contains("cachewarden:") {
            assert!(told.stderr.contains("CW0205"), "{most}: {told:?}");
        }
    }
    assert!(is_enough, "with enough threads it is compiled");
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

/// The process that compiles for a helper, once there is one. It has no environment that would tell
/// whose it is.
#[track_caller]
fn compiler_of(sandbox: &Sandbox, helper: &Helper) -> u32 {
    let parent = format!("PPid:\t{}\n", helper.process());
    let is_compiler = |process: &u32| {
        let told = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}"));
        told("status").is_ok_and(|status| status.contains(&parent))
            && told("cmdline").is_ok_and(|words| words.contains("compile-for-parent"))
    };
    let deadline = Instant::now() + BOUND;
    loop {
        // Asked first: where it is over by now, it may have been seen until then.
        let is_over = !files(sandbox, ".cwasm").is_empty();
        let processes = fs::read_dir("/proc").unwrap();
        let mut processes =
            processes.filter_map(|item| item.ok()?.file_name().to_str()?.parse().ok());
        if let Some(process) = processes.find(is_compiler) {
            return process;
        }
        assert!(!is_over, "the compiler was over before it was seen");
        assert!(Instant::now() < deadline, "no compiler is started");
        thread::yield_now();
    }
}

#[test]
fn a_compiler_has_no_environment() {
    let sandbox = Sandbox::new();
    let policy = slow_policy(&sandbox);
    let mut command = sandbox.cachewarden(&["--policy", &policy]);
    command.env("SECRET", "of the job").stdin(Stdio::piped());
    let helper = Helper::start(command);
    let compiler = compiler_of(&sandbox, &helper);
    kill_process(process_id(compiler), Signal::STOP).unwrap();
    let environment = fs::read(format!("/proc/{compiler}/environ")).unwrap();
    kill_process(process_id(compiler), Signal::CONT).unwrap();
    let names: Vec<_> = environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| variable.split(|byte| *byte == b'=').next())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, [b"RAYON_NUM_THREADS"]);
    closes_quietly(helper);
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
