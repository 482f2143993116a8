//! A scope that somebody poisoned, and the real go that reads it.
//!
//! Each test has a scope `main` that the real go filled, and a poisoner who puts other objects
//! under the keys that a reader will ask for: through the protocol alone, as any job can that may
//! write `main`. Then the real go reads it, once for each shipped policy. That an attack is real
//! shows where nothing forbids it: in the poisoner's own scope, or, where the host itself forbids
//! it, with go's own cache in place of ours.

mod archive;
mod checks;
mod fix;
mod index;
mod kinds;
mod other_kinds;
mod output;
mod program;
mod source_list;
mod vet;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

/// Who reads `main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A session that writes `main`, too, without a policy.
    NoPolicy,
    /// The same with `allow-all`.
    AllowAll,
    /// The same with `slim`.
    Slim,
    /// `trusted-branches`, for a pull request.
    PullRequest,
    /// `release`.
    Release,
}

/// Every one.
const READERS: [Reader; 5] = [
    Reader::NoPolicy,
    Reader::AllowAll,
    Reader::Slim,
    Reader::PullRequest,
    Reader::Release,
];

impl Reader {
    /// Its options.
    fn options(self) -> Vec<String> {
        let options = |policy: &str, more: &[&str]| {
            let mut options = vec!["--policy".to_owned(), text(guest(policy))];
            options.extend(more.iter().map(ToString::to_string));
            options
        };
        match self {
            Self::NoPolicy => vec!["--scope".to_owned(), "main".to_owned()],
            Self::AllowAll => options("allow-all", &["--scope", "main"]),
            Self::Slim => options("slim", &["--scope", "main"]),
            Self::PullRequest => options(
                "trusted-branches",
                &[
                    "--settings",
                    r#"{"repository": null, "event": null}"#,
                    "--label",
                    "GITHUB_REF=refs/pull/17/merge",
                ],
            ),
            Self::Release => options(
                "release",
                &["--settings", r#"{"repository": null, "audit_one_in": 0}"#],
            ),
        }
    }

    /// Whether it writes `main`, as the poisoner does.
    fn shares_the_scope(self) -> bool {
        matches!(self, Self::NoPolicy | Self::AllowAll | Self::Slim)
    }
}

/// A library in which vet finds a mistake, and which needs nothing of the standard library.
const MISTAKEN: &[(&str, &str)] = &[
    ("go.mod", "module example.org/runes\n\ngo 1.21\n"),
    (
        "lib/lib.go",
        "package lib\n\nfunc Same(text string) string {\n\ttext = text\n\treturn text\n}\n",
    ),
];

/// Options as one writes them in GOCACHEPROG.
fn quoted(options: &[String]) -> String {
    let quoted: Vec<_> = options.iter().map(|option| format!("'{option}'")).collect();
    quoted.join(" ")
}

/// A module, a store whose scope `main` is filled, and what a poisoner put there.
struct Scene {
    sandbox: Sandbox,
    poison: Vec<(Digest, Vec<u8>)>,
    cgo: bool,
}

impl Scene {
    fn new(sources: &[(&str, &str)]) -> Self {
        let scene = Self {
            sandbox: Sandbox::with_kept_policies(),
            poison: Vec::new(),
            cgo: false,
        };
        scene.write(sources);
        scene
    }

    /// With cgo, which needs a C compiler.
    fn with_cgo(self) -> Self {
        Self { cgo: true, ..self }
    }

    /// Adds or replaces sources.
    fn write(&self, sources: &[(&str, &str)]) {
        GoProject::new(&self.sandbox, GO, sources);
    }

    fn project(&self, options: &[String]) -> GoProject<'_> {
        let project = GoProject::new(&self.sandbox, GO, &[]).with_helper(&quoted(options));
        if self.cgo {
            project.with_cgo()
        } else {
            project
        }
    }

    /// Runs go as one who writes `main`.
    #[track_caller]
    fn go(&self, arguments: &[&str]) -> Outcome {
        self.project(&Reader::NoPolicy.options()).go(arguments)
    }

    /// Entries of `main`, of one kind.
    fn entries_of(&self, kind: &str) -> Vec<Entry> {
        let mut entries = entries(&self.sandbox.store(), "main");
        entries.retain(|entry| entry.kind() == kind);
        entries
    }

    /// The action of a package's archive, and its bytes. It must have been built.
    #[track_caller]
    fn archive(&self, package: &str) -> (Digest, Vec<u8>) {
        let list = ["list", "-export", "-f", "{{.Export}}", package];
        let export = self.go(&list).succeeded().stdout;
        let archive = fs::read(export.trim()).expect("the archive");
        let output = hex(&sha256(&archive));
        let entries = self.entries_of("package-archive");
        let entry = entries.iter().find(|entry| entry.field("output") == output);
        (entry.expect("its entry").action(), archive)
    }

    /// Puts objects into `main` as a poisoner does, who first asks for `named`.
    #[track_caller]
    fn poison(&mut self, named: &[Digest], objects: &[(Digest, &[u8])]) {
        self.poison_with(&Reader::NoPolicy.options(), named, objects);
    }

    /// The same with other options.
    #[track_caller]
    fn poison_with(&mut self, options: &[String], named: &[Digest], objects: &[(Digest, &[u8])]) {
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let mut helper = self.sandbox.helper(&options);
        for action in named {
            helper.get(action);
        }
        for (action, body) in objects {
            helper.put(action, body).kept();
            self.poison.push((*action, body.to_vec()));
        }
        helper.close();
        self.keep();
    }

    /// Keeps the store as it is now: each reader gets a copy.
    fn keep(&self) {
        let kept = self.sandbox.path("kept");
        let _ = fs::remove_dir_all(&kept);
        copy(&self.sandbox.store(), &kept);
    }

    /// Restores the store that was kept.
    fn restore(&self) {
        fs::remove_dir_all(self.sandbox.store()).expect("the store");
        copy(&self.sandbox.path("kept"), &self.sandbox.store());
    }

    /// Runs go as a reader of the store that was kept.
    #[track_caller]
    fn read(&self, reader: Reader, arguments: &[&str]) -> Outcome {
        self.read_with(&reader.options(), arguments)
    }

    /// The same with other options.
    #[track_caller]
    fn read_with(&self, options: &[String], arguments: &[&str]) -> Outcome {
        self.restore();
        self.project(options).go(arguments)
    }

    /// Runs go with its own cache, which holds what `main` holds, and all that the poisoner put.
    #[track_caller]
    fn read_plainly(&self, arguments: &[&str]) -> Outcome {
        self.restore();
        let cache = self.sandbox.folder("plain");
        for entry in entries(&self.sandbox.store(), "main") {
            let content = fs::read(entry.object(&self.sandbox.store())).expect("the object");
            write_plainly(&cache, &entry.action(), &content);
        }
        for (action, body) in &self.poison {
            write_plainly(&cache, action, body);
        }
        let project = self.project(&[]).with_gocache(cache);
        let mut command = project.command(Path::new("go"));
        command.env_remove("GOCACHEPROG").args(arguments);
        run_to_its_end(&mut command)
    }
}

/// Files an object as cmd/go's own cache does (cmd/go/internal/cache).
fn write_plainly(cache: &Path, action: &Digest, content: &[u8]) {
    let place = |name: &Digest, ending: &str| -> PathBuf {
        let name = hex(name);
        let folder = cache.join(&name[..2]);
        fs::create_dir_all(&folder).expect("its folder");
        folder.join(name + ending)
    };
    let output = sha256(content);
    let line = format!(
        "v1 {} {} {:>20} {:>20}\n",
        hex(action),
        hex(&output),
        content.len(),
        nanoseconds(std::time::SystemTime::now()),
    );
    fs::write(place(action, "-a"), line).expect("an entry");
    fs::write(place(&output, "-d"), content).expect("an object");
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    run_to_its_end(command.arg("-a").args([from, to])).succeeded();
}
