//! `verify` while others are at work: what they mend in time is no damage, and it takes nothing
//! from them.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use crate::support::*;

#[test]
fn repairing_takes_nothing_from_a_build() {
    const OBJECTS: u32 = 20;
    let sandbox = Sandbox::new();
    let made = |number: u32| {
        (
            action(&number.to_string()),
            number.to_be_bytes().repeat(500),
        )
    };
    let mut helper = sandbox.helper(&[]);
    thread::scope(|threads| {
        let repairing = threads.spawn(|| {
            let mut found = 0;
            while found < 3 {
                let outcome = sandbox.run(&["verify", "--repair"]);
                found += u32::from(outcome.status.code() == Some(1));
            }
        });
        while !repairing.is_finished() {
            for number in 0..OBJECTS {
                let (action, body) = made(number);
                let path = helper.put(&action, &body).kept();
                assert_eq!(fs::read(&path).expect("the object"), body);
            }
            for number in (0..OBJECTS).step_by(2) {
                spoil_in_place(&object_path(&sandbox.store(), &sha256(&made(number).1)));
            }
        }
        for number in 0..OBJECTS {
            let (action, body) = made(number);
            helper.put(&action, &body).kept();
        }
    });
    helper.close();
    sandbox.run(&["verify"]).succeeded();
    let mut helper = sandbox.helper(&[]);
    for number in 0..OBJECTS {
        let (action, body) = made(number);
        assert_eq!(helper.get(&action).hit().bytes(), body, "{number}");
    }
    helper.close();
}

#[test]
fn a_trim_that_is_under_way_is_no_damage() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("trimmed")], b"trimmed");
    let entry = entry_path(&sandbox.store(), "default", &action("trimmed"));
    let object = object_path(&sandbox.store(), &sha256(b"trimmed"));
    sandbox.settle();
    let trimmer = File::open(sandbox.store().join("trim")).unwrap();
    trimmer.lock().unwrap();
    fs::remove_file(&object).unwrap();
    let mut verify = sandbox.cachewarden(&["verify"]);
    verify.stdout(Stdio::piped()).stderr(Stdio::piped());
    let verify = verify.spawn().unwrap();
    waits_for_a_lock(verify.id());
    fs::remove_file(&entry).unwrap();
    drop(trimmer);
    let verified = verify.wait_with_output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

/// What a pipe has at the least. What a reader takes from it at once is another two of these.
const PIPE: usize = 4096;

#[test]
fn what_a_put_has_healed_by_then_is_no_damage_of_its_entry() {
    const OBJECTS: u32 = 200;
    let sandbox = Sandbox::new();
    let made = |number: u32| (action(&number.to_string()), number.to_be_bytes().repeat(10));
    let mut helper = sandbox.helper(&[]);
    for number in 0..OBJECTS {
        let (action, body) = made(number);
        helper.put(&action, &body).kept();
        damage(&object_path(&sandbox.store(), &sha256(&body)));
    }
    let mut verify = sandbox
        .cachewarden(&["verify"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let stdout = verify.stdout.take().expect("stdout");
    rustix::pipe::fcntl_setpipe_size(&stdout, PIPE).expect("a small pipe");
    let mut stdout = BufReader::with_capacity(PIPE, stdout);
    let mut told = String::new();
    stdout.read_line(&mut told).expect("a finding");
    // It cannot have told of all the other objects yet, and looks at entries only then.
    let (action, body) = (0..OBJECTS)
        .map(made)
        .find(|(_, body)| told.contains(&hex(&sha256(body))))
        .unwrap_or_else(|| panic!("an object was expected first: {told}"));
    assert!(told.contains("damaged object"), "{told}");
    helper.put(&action, &body).kept();
    stdout.read_to_string(&mut told).expect("it ends");
    assert_eq!(verify.wait().expect("it ends").code(), Some(1), "{told}");
    helper.close();
    assert!(told.len() > 8 * PIPE, "it has waited: {told}");
    let lines = told.lines().count();
    assert_eq!(
        lines,
        2 * OBJECTS as usize,
        "all but one entry, and the totals: {told}"
    );
    assert!(!told.contains(&format!("{}: ", hex(&action))), "{told}");
}

/// Changes bytes of a file that may be gone by now.
fn spoil_in_place(path: &Path) {
    let spoil = || {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
        let file = fs::OpenOptions::new().write(true).open(path)?;
        file.write_all_at(b"damage", 10)
    };
    if let Err(error) = spoil() {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
    }
}
