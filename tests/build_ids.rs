//! The host reads an object's build ID as go's own reader does: whenever it says that the ID names
//! the action, go reads that very ID.

use std::fs;
use std::path::PathBuf;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use crate::support::*;

/// The last version whose distribution has the reader as a program; it has not changed since.
const WITH_READER: &str = "go1.24";

/// Bytes of an object in which both readers look, and some more.
const LOOKED_AT: usize = 64 * 1024;

/// Where changes are made: an archive's ID is in the first 200 bytes, a program's in the first
/// 4,096.
const HEAD: usize = 4096;

/// Variants of each object.
const VARIANTS: usize = 150;

/// A go command that puts into a scope, its reader of IDs, and a session under which variants are
/// put.
struct Readers<'a> {
    project: GoProject<'a>,
    reader: PathBuf,
    sandbox: &'a Sandbox,
    helper: Helper,
}

impl<'a> Readers<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let project = GoProject::new(sandbox, WITH_READER, GREETING);
        let tools = project.go(&["env", "GOTOOLDIR"]).succeeded().stdout;
        Self {
            project,
            reader: PathBuf::from(tools.trim()).join("buildid"),
            sandbox,
            // It writes `main`, and admits programs.
            helper: sandbox.helper(&["--policy", &policy("admits-programs")]),
        }
    }

    /// Puts a variant; where the host says that its ID names the action, go must read an ID that
    /// does. Whether it says so.
    #[track_caller]
    fn agree(&mut self, action: &Digest, variant: &[u8]) -> bool {
        let _ = fs::remove_file(entry_path(&self.sandbox.store(), "main", action));
        self.helper.put(action, variant).kept();
        let entry = find_entry(&self.sandbox.store(), "main", action);
        if !entry.is_some_and(|entry| entry.names_its_action()) {
            return false;
        }
        let file = self.sandbox.file("variant", variant);
        let mut command = self.project.command(&self.reader);
        let read = run_to_its_end(command.arg(file));
        if !read.status.success() {
            // go takes what it cannot read for nothing.
            return true;
        }
        let read = read.stdout;
        let shown = String::from_utf8_lossy(&variant[..variant.len().min(400)]).into_owned();
        let first = read.split('/').next();
        assert_eq!(
            first,
            Some(id_part(action).as_str()),
            "go reads {read:?}: {shown:?}"
        );
        true
    }
}

/// An action that has this part of a build ID.
#[track_caller]
fn action_of(part: &str) -> Digest {
    let mut action = Digest::default();
    let kept = BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .expect("a part of an ID");
    action[..kept.len()].copy_from_slice(&kept);
    action
}

/// The object with a change in its head, as a forger or an accident makes one: a byte, a bit, a
/// piece that is missing, one that stands twice, one of another object.
fn changed(object: &[u8], donor: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut object = object.to_vec();
    let at = random.usize(..HEAD);
    let piece = at..at + random.usize(1..120);
    match random.u8(..5) {
        0 => object[at] = random.u8(..),
        1 => object[at] ^= 1 << random.u8(..8),
        2 => drop(object.drain(piece)),
        3 => {
            let twice = object[piece].to_vec();
            let place = random.usize(..HEAD);
            object.splice(place..place, twice);
        }
        _ => {
            let place = random.usize(..HEAD);
            let end = place + piece.len();
            object.splice(place..end, donor[piece].iter().copied());
        }
    }
    object
}

/// A head made of the lines that an archive has, some of them in other forms or places.
fn assembled(id: &str, decoy: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    let long = "x".repeat(random.usize(900..1100));
    let lines = [
        "!<arch>\n",
        "__.PKGDEF       0           0     0     644     1000      `\n",
        "go object linux amd64 go1.24 X:none\n",
        &format!("build id \"{id}\"\n"),
        &format!("go object linux build id \"{decoy}\"\n"),
        &format!("go object linux build id \"{id}\"\n"),
        &format!("build id \"{decoy}\"\n"),
        &format!("build id `{id}`\n"),
        &format!("build id \"{id}\" \n"),
        &format!("build id \"{id}\"\r\n"),
        &format!("build id \"\\x{:x}{}\"\n", id.as_bytes()[0], &id[1..]),
        &format!("go object {long}\n"),
        "\n",
    ];
    let mut head = String::new();
    for usual in 0..4 {
        if random.u8(..10) == 0 {
            head += lines[random.usize(..lines.len())];
        }
        let is_usual = random.u8(..5) != 0;
        head += lines[if is_usual {
            usual
        } else {
            random.usize(..lines.len())
        }];
    }
    (head + "\n\n!\n").into_bytes()
}

/// The same with a content part that fits, if the ID with all zeros in its place is there.
fn completed(part: &str, open: &str, object: &[u8]) -> Vec<u8> {
    let zeroed = replaced(object, open.as_bytes(), &[0; 41]);
    let id = format!("{part}/{}", id_part(&sha256(&zeroed)));
    replaced(object, open.as_bytes(), id.as_bytes())
}

#[test]
fn go_reads_the_id_of_an_archive_that_the_host_says_names_the_action() {
    let sandbox = Sandbox::with_kept_policies();
    let mut readers = Readers::new(&sandbox);
    let list = [
        "list",
        "-export",
        "-f",
        "{{.Export}}",
        "unicode",
        "unicode/utf8",
    ];
    let list = readers.project.go(&list).succeeded().stdout;
    let archives: Vec<_> = list
        .lines()
        .map(|path| fs::read(path).expect("an archive"))
        .collect();
    let [donor, archive] = &archives[..] else {
        panic!("two archives were expected: {list}");
    };
    let start = id_position(archive);
    let id = String::from_utf8_lossy(&archive[start..start + 41]).into_owned();
    let (part, _) = id.split_once('/').expect("two parts");
    let action = action_of(part);
    assert!(readers.agree(&action, archive));

    let mut random = fastrand::Rng::with_seed(1);
    let mut matches = 0;
    for _ in 0..VARIANTS {
        // A forger makes the content part fit; `completed` does so wherever the ID still is.
        let variant = changed(archive, donor, &mut random);
        matches += u32::from(readers.agree(&action, &completed(part, &id, &variant)));
        let decoy = format!(
            "{}/{}",
            id_part(&random_digest(&mut random)),
            "d".repeat(20)
        );
        let variant = assembled(&id, &decoy, &mut random);
        matches += u32::from(readers.agree(&action, &completed(part, &id, &variant)));
    }
    assert!(
        (60..240).contains(&matches),
        "some match, and some do not: {matches}"
    );
    assert_eq!(readers.helper.close(), "");
}

#[test]
fn go_reads_the_id_of_a_program_that_the_host_says_names_the_action() {
    let sandbox = Sandbox::with_kept_policies();
    let mut readers = Readers::new(&sandbox);
    sandbox.file(
        "project/main.go",
        "package main\n\nfunc main() { println() }\n",
    );
    let target = text(sandbox.path("linked"));
    readers
        .project
        .go(&["build", "-o", &target, "."])
        .succeeded();
    let mut program = fs::read(target).expect("a program");
    let mut donor = program.split_off(LOOKED_AT);
    donor.truncate(LOOKED_AT);
    // The note's name, behind the lengths and its type.
    let note = b"\x04\0\0\0Go\0\0";
    let start = program
        .windows(note.len())
        .position(|window| window == note);
    let start = start.expect("the linker's note") + note.len();
    let part = String::from_utf8_lossy(&program[start..start + 20]).into_owned();
    let action = action_of(&part);

    assert!(readers.agree(&action, &program));
    let mut random = fastrand::Rng::with_seed(2);
    let other = id_part(&random_digest(&mut random));
    let mut matches = 0;
    for _ in 0..VARIANTS {
        let mut variant = changed(&program, &donor, &mut random);
        if random.u8(..3) == 0 {
            // One of several IDs names another action.
            let found = variant
                .windows(20)
                .position(|window| window == part.as_bytes());
            let at = found.map_or(0, |at| at);
            variant.splice(at..at + 20, other.bytes());
        }
        matches += u32::from(readers.agree(&action, &variant));
    }
    assert!(matches > 0, "{matches}");
    readers.helper.close();
}

fn random_digest(random: &mut fastrand::Rng) -> Digest {
    std::array::from_fn(|_| random.u8(..))
}
