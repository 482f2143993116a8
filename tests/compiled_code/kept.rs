//! What is kept, attacked as another user of the machine would, and by a bad disk: what is run is
//! what this user compiled, or it is compiled again.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mkfifoat, mknodat, renameat_with};

use super::*;

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
    // One that was made for another machine is refused by the engine itself, whatever its seal
    // says.
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
fn what_is_kept_has_a_bound_and_what_was_not_used_for_the_longest_time_goes_first() {
    let (sandbox, code) = compiled();
    let folder = code.parent().unwrap();
    let large = |name: &str, age| {
        let path = folder.join(name);
        // All hole: it takes no room here, and has the size of the largest ones.
        let file = fs::File::create(&path).unwrap();
        file.set_len(400 << 20).unwrap();
        sandbox.set_age(&path, age);
        path
    };
    let [oldest, older, newer] = [("oldest.cwasm", 4), ("older.cwasm", 3), ("newer.cwasm", 1)]
        .map(|(name, hours)| large(name, hours * HOUR));
    sandbox.set_age(&code, 2 * HOUR);
    closes_quietly(sandbox.helper(&["--policy", &policy("component")]));
    assert!(!oldest.exists(), "all together are too large");
    assert!(
        older.exists() && newer.exists() && code.exists(),
        "and now they are not"
    );
    assert_eq!(
        files(&sandbox, ".cwasm").len(),
        4,
        "with the one that was made now"
    );
}
