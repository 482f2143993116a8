//! Power loss, and stores that come from elsewhere: nothing is synced to the disk at a put, so a
//! crash may cut or blank what was written last. After another boot no answer names other bytes
//! than were put.

use super::*;

/// What may happen to a file on the way through a crash, or through somebody's backup.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Damage {
    Emptied,
    Cut,
    EndBlanked,
    PartBlanked,
    Flipped,
    Grown,
    Removed,
}

/// What a file system may do that had no time to write.
const CRASH: &[Damage] = &[
    Damage::Emptied,
    Damage::Cut,
    Damage::EndBlanked,
    Damage::PartBlanked,
];

/// What may happen on a way that nobody watches.
const TRANSPORT: &[Damage] = &[
    Damage::Emptied,
    Damage::Cut,
    Damage::PartBlanked,
    Damage::Flipped,
    Damage::Grown,
    Damage::Removed,
];

#[test]
fn after_a_power_loss_no_answer_names_wrong_bytes() {
    survives("power losses survived", CRASH, 4);
}

#[test]
fn after_a_transport_no_answer_names_wrong_bytes() {
    survives("damaged copies survived", TRANSPORT, 4);
}

fn survives(what: &'static str, kinds: &[Damage], ordinary: usize) {
    let mut sandbox = Sandbox::new();
    let right = archive(&numbers(&sandbox));
    sandbox.settle();
    let (store, whole) = (sandbox.store(), sandbox.path("whole"));
    fs::rename(&store, &whole).expect("it can be moved");
    let known = outputs(&whole);
    assert!(known.len() > 20, "there is something to lose");

    let mut answered = 0;
    rounds(what, ordinary, |round| {
        // A copy has times of its own, as one that was carried here has.
        run_to_its_end(
            sandbox
                .command(Path::new("cp"))
                .arg("-r")
                .args([&whole, &store]),
        )
        .succeeded();
        let mut files = files_below(&store.join("objects"));
        files.extend(files_below(&store.join("scopes")));
        let own = ["CACHEDIR.TAG", "trim", "sessions.jsonl"];
        files.extend(own.map(|name| store.join(name)));
        // Without a VERSION that says what the store is, nothing else in it counts.
        let version = store.join("VERSION");
        let is_known = round.chance.u8(..4) > 0;
        if !is_known {
            files.push(version.clone());
        }
        round.chance.shuffle(&mut files);
        let number = round.chance.usize(1..=files.len());
        for path in &files[..number] {
            let kind = *round.chance.choice(kinds).expect("there are some");
            spoil(path, kind, &mut round.chance);
        }
        sandbox.boot_anew();
        if round.chance.bool() {
            let hits = check_answers(&sandbox, &known);
            round.count("answers checked", hits);
        }
        let project = numbers(&sandbox);
        assert!(archive(&project) == right, "the next build is right");
        let (bytes, totals) = built(&project);
        assert!(bytes == right, "and the one after it");
        if is_known || kinds == CRASH {
            // A VERSION that was blanked is known for what it is: the store goes on. (What cmd/go
            // does not need it does not make again, so not all are hits.)
            assert!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
        }
        // The build healed what it needed; what is left is still never answered wrong, once the
        // store is known again.
        sandbox.settle();
        fs::write(&version, b"2\n").expect("it can be written");
        let hits = check_answers(&sandbox, &known);
        round.count("answers checked", hits);
        answered += hits;
        let repaired = sandbox.run(&["verify", "--repair"]);
        assert!(
            matches!(repaired.status.code(), Some(0 | 1)),
            "{repaired:?}"
        );
        sandbox.run(&["verify"]).succeeded();
        round.count("files damaged", number);
        sandbox.settle();
        fs::remove_dir_all(&store).expect("it can be removed");
    });
    assert!(answered > 0, "no answer was ever a hit");
}

fn spoil(path: &Path, kind: Damage, chance: &mut fastrand::Rng) {
    let mut bytes = fs::read(path).expect("the file");
    // A page is what a file system loses; entries have less than one.
    let somewhere = |chance: &mut fastrand::Rng| chance.usize(..bytes.len().max(1));
    let (one, other) = (somewhere(chance), somewhere(chance));
    let length = bytes.len();
    match kind {
        Damage::Emptied => bytes.clear(),
        Damage::Cut => bytes.truncate(one),
        Damage::EndBlanked => bytes[one.min(length)..].fill(0),
        Damage::PartBlanked => bytes[one.min(other)..one.max(other)].fill(0),
        Damage::Flipped if length > 0 => bytes[one] ^= 1 << chance.u8(..8),
        Damage::Flipped => {}
        Damage::Grown => bytes.extend_from_slice(b" and more"),
        Damage::Removed => return fs::remove_file(path).expect("it can be removed"),
    }
    overwrite(path, &bytes);
}
