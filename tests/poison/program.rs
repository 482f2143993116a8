//! Programs: cmd/go never puts one, but it asks for each, and runs what it is told. What the helper
//! takes itself from a go command is the theme of `tests/programs/`.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const PROGRAM_SOURCES: &[(&str, &str)] = &[
    ("go.mod", "module example.org/program\n\ngo 1.21\n"),
    (
        "main.go",
        "package main\n\nfunc main() { println(\"honest program\") }\n",
    ),
];

const SCRIPT: &[u8] = b"#!/bin/sh\necho poisoned script >&2\n";

/// The options of a session that admits programs in `main`.
fn admitting() -> Vec<String> {
    vec!["--policy".to_owned(), policy("admits-programs")]
}

struct Programs {
    scene: Scene,
    target: String,
    /// The link actions of `go build` and of `go run`.
    built: Digest,
    run: Digest,
    /// The program that go links.
    honest: Vec<u8>,
}

impl Programs {
    fn new() -> Self {
        let scene = Scene::new(PROGRAM_SOURCES);
        let target = text(scene.sandbox.path("linked"));
        let mut programs = Self {
            scene,
            target,
            built: Digest::default(),
            run: Digest::default(),
            honest: Vec::new(),
        };
        programs.scene.go(&programs.build()).succeeded();
        programs.honest = fs::read(&programs.target).expect("a program");
        programs.scene.go(&["run", "."]).succeeded();
        // The helper has taken this one itself. Here it must come from a poisoner, or be linked.
        let [taken] = &programs.scene.entries_of("executable")[..] else {
            panic!("one program was expected");
        };
        fs::remove_file(&taken.path).expect("its entry");
        programs.run = taken.action();
        programs.scene.keep();
        programs.built = programs.asked_and_never_put(&programs.build());
        programs
    }

    fn build(&self) -> [&str; 4] {
        ["build", "-o", self.target.as_str(), "."]
    }

    /// The one key that a warm build misses.
    fn asked_and_never_put(&self, arguments: &[&str]) -> Digest {
        let record = text(self.scene.sandbox.path("record.jsonl"));
        let _ = fs::remove_file(&record);
        let _ = fs::remove_file(&self.target);
        let mut options = Reader::NoPolicy.options();
        options.extend(["--record".to_owned(), record.clone()]);
        self.scene.read_with(&options, arguments).succeeded();
        let lines = recording(Path::new(&record));
        let missed: Vec<_> = lines
            .iter()
            .filter(|line| line.to_string().contains("\"absent\""))
            .collect();
        let [missed] = missed[..] else {
            panic!("one miss was expected: {missed:?}");
        };
        from_hex(missed["action"].as_str().expect("an action"))
    }

    /// What a reader's build installs.
    fn installed(&self, reader: Reader) -> Vec<u8> {
        let _ = fs::remove_file(&self.target);
        self.scene.read(reader, &self.build()).succeeded();
        fs::read(&self.target).expect("it is there")
    }

    /// What is printed by the program that a reader builds, and by `go run`.
    fn printed(&self, options: &[String]) -> [String; 2] {
        let _ = fs::remove_file(&self.target);
        self.scene.read_with(options, &self.build()).succeeded();
        let mut built = self.scene.sandbox.command(Path::new(&self.target));
        let built = run_to_its_end(&mut built).succeeded();
        let run = self.scene.read_with(options, &["run", "."]).succeeded();
        [built.stderr, run.stderr]
    }

    #[track_caller]
    fn is_honest_for_all_readers(&self) {
        for reader in READERS {
            for printed in self.printed(&reader.options()) {
                assert_eq!(printed, "honest program\n", "{reader:?}");
            }
        }
    }
}

#[test]
fn a_script_or_a_program_of_another_action_is_neither_run_nor_installed() {
    let mut programs = Programs::new();
    let (built, run) = (programs.built, programs.run);
    for options in [Reader::NoPolicy.options(), admitting()] {
        let honest = programs.honest.clone();
        for body in [SCRIPT, &honest] {
            // The program's own ID names the action of `go build`, and not that of `go run`.
            let objects = if body == SCRIPT {
                vec![(built, body), (run, body)]
            } else {
                vec![(run, body)]
            };
            programs.scene.poison_with(&options, &[], &objects);
            for (key, _) in objects {
                assert!(find_entry(&programs.scene.sandbox.store(), "main", &key).is_none());
            }
        }
    }
    programs.scene.poison.retain(|(_, body)| body == SCRIPT);
    programs.is_honest_for_all_readers();

    let build = programs.build().map(str::to_owned);
    let build: Vec<_> = build.iter().map(String::as_str).collect();
    fs::remove_file(&programs.target).expect("the program");
    programs.scene.read_plainly(&build).succeeded();
    assert_eq!(
        fs::read(&programs.target).expect("it is there"),
        SCRIPT,
        "go's own cache installs it"
    );
}

#[test]
fn a_program_that_names_its_link_action_runs_only_where_a_policy_admits_programs() {
    let mut programs = Programs::new();
    let poisoned = replaced(&programs.honest, b"honest program", b"poison program");
    let for_run = replaced(
        &poisoned,
        id_part(&programs.built).as_bytes(),
        id_part(&programs.run).as_bytes(),
    );
    let objects = [
        (programs.built, &poisoned[..]),
        (programs.run, &for_run[..]),
    ];
    programs.scene.poison_with(&admitting(), &[], &objects);
    let store = programs.scene.sandbox.store();
    for (key, _) in objects {
        let entry = entry(&store, "main", &key);
        assert_eq!((entry.kind(), entry.role()), ("executable", "output"));
        let object = fs::metadata(entry.object(&store)).expect("the object");
        assert_eq!(object.permissions().mode() & 0o777, 0o555);
    }
    programs.is_honest_for_all_readers();
    for printed in programs.printed(&admitting()) {
        assert_eq!(printed, "poison program\n");
    }
}

/// What go takes for the result of a link action, though it is no program.
struct NoProgram {
    kind: &'static str,
    /// Its bytes, for a link action.
    body: fn(&Digest) -> Vec<u8>,
    /// Who takes its kind from the poisoned scope.
    is_taken_by: fn(Reader) -> bool,
    /// Whether a shell that is given the file does what it says.
    is_run_by_a_shell: bool,
}

/// In the order of who takes them: a reader that has not taken one links the program and keeps it, and
/// finds its own from then on.
const NO_PROGRAMS: [NoProgram; 3] = [
    NoProgram {
        kind: "package-archive",
        body: |action| archive_around(action, b"\necho poisoned\n"),
        is_taken_by: |_| true,
        is_run_by_a_shell: false,
    },
    NoProgram {
        kind: "test-record",
        body: |_| b"# test log\necho poisoned\n".to_vec(),
        is_taken_by: |reader| reader != Reader::Release,
        is_run_by_a_shell: true,
    },
    NoProgram {
        kind: "other",
        body: |_| b"echo poisoned\n".to_vec(),
        is_taken_by: Reader::shares_the_scope,
        is_run_by_a_shell: true,
    },
];

/// What docs/threat-model.md says does not hold: nothing shows the host, before it answers, that a
/// key is that of a link action, and cmd/go installs whatever it is answered there.
#[test]
fn what_is_no_program_is_installed_from_a_link_action_where_its_kind_counts_and_go_does_not_run_it()
{
    let mut programs = Programs::new();
    let (built, run) = (programs.built, programs.run);
    for no_program in &NO_PROGRAMS {
        let kind = no_program.kind;
        let (body, run_body) = ((no_program.body)(&built), (no_program.body)(&run));
        let objects = [(built, &body[..]), (run, &run_body[..])];
        programs.scene.poison(&[], &objects);
        let entry = entry(&programs.scene.sandbox.store(), "main", &built);
        assert_eq!(entry.kind(), kind);
        for reader in READERS {
            let is_taken = (no_program.is_taken_by)(reader);
            let installed = programs.installed(reader);
            let expected = if is_taken { &body } else { &programs.honest };
            assert!(installed == *expected, "{kind} for {reader:?}");

            let run = programs.scene.read(reader, &["run", "."]);
            assert_eq!(run.status.success(), !is_taken, "{kind}: {run:?}");
            assert!(!run.stdout.contains("poisoned"), "{kind}: {run:?}");
        }
        fs::write(&programs.target, &body).expect("what was installed");
        let mut shell = programs.scene.sandbox.command(Path::new("sh"));
        let shell = run_to_its_end(shell.args(["-c", &programs.target]));
        assert_eq!(
            shell.stdout.contains("poisoned"),
            no_program.is_run_by_a_shell,
            "{kind}: {shell:?}"
        );
    }
}
