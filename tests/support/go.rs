//! Real go commands on a small real module, with the helper as their cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Outcome, PROGRAM, run_to_its_end};
use super::sandbox::Sandbox;

/// The one for tests in which the version does not matter.
pub(crate) const GO: &str = "go1.26";

/// A file below the target folder that a chore of the repository prepares.
#[track_caller]
fn prepared(path: &str, chore: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("the target folder");
    let path = target.join(path);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask {chore}`",
        path.display()
    );
    path
}

/// A policy of examples/, compiled.
#[track_caller]
pub(crate) fn guest(name: &str) -> PathBuf {
    prepared(&format!("guests/{name}.wasm"), "guests")
}

/// The folder of the commands that an author in a language has; none where nothing but a text
/// editor is needed.
pub(crate) fn tools(language: &str) -> Option<PathBuf> {
    if language == "wat" {
        return None;
    }
    Some(prepared(&format!("tools/{language}/bin"), "guests"))
}

/// A program of target/toolchains/bin.
#[track_caller]
pub(crate) fn tool(name: &str) -> PathBuf {
    prepared(&format!("toolchains/bin/{name}"), "toolchains")
}

/// The folder of a Go version.
#[track_caller]
pub(crate) fn toolchain(version: &str) -> PathBuf {
    prepared(&format!("toolchains/{version}"), "toolchains")
}

/// A small module: a program that uses a library, with a test.
pub(crate) const GREETING: &[(&str, &str)] = &[
    ("go.mod", "module example.org/greeting\n\ngo 1.21\n"),
    (
        "main.go",
        "package main\n\nimport \"example.org/greeting/lib\"\n\nfunc main() { println(lib.Greet(\" world \")) }\n",
    ),
    (
        "lib/lib.go",
        "package lib\n\nimport \"strings\"\n\nfunc Greet(name string) string { return \"hello, \" + strings.TrimSpace(name) }\n",
    ),
    (
        "lib/lib_test.go",
        "package lib\n\nimport \"testing\"\n\nfunc TestGreet(t *testing.T) {\n\tif got := Greet(\"you\"); got != \"hello, you\" {\n\t\tt.Fatal(got)\n\t}\n}\n",
    ),
];

/// A library that needs next to nothing of the standard library: its cold build takes a moment.
pub(crate) const RUNES: &[(&str, &str)] = &[
    ("go.mod", "module example.org/runes\n\ngo 1.21\n"),
    (
        "lib/lib.go",
        "package lib\n\nimport \"unicode/utf8\"\n\nfunc Count(text string) int { return utf8.RuneCountInString(text) }\n",
    ),
];

/// A module in a sandbox, and the go command that builds it.
pub(crate) struct GoProject<'a> {
    sandbox: &'a Sandbox,
    goroot: PathBuf,
    folder: PathBuf,
    gocache: PathBuf,
    helper: String,
    cgo: bool,
}

impl<'a> GoProject<'a> {
    /// Writes the sources into the sandbox's folder `project`.
    #[track_caller]
    pub(crate) fn new(sandbox: &'a Sandbox, version: &str, sources: &[(&str, &str)]) -> Self {
        for (name, source) in sources {
            sandbox.file(&format!("project/{name}"), source);
        }
        // Go's telemetry would write into this home after the go command has ended.
        sandbox.file("home/.config/go/telemetry/mode", "off");
        let project = Self {
            sandbox,
            goroot: toolchain(version),
            folder: sandbox.path("project"),
            gocache: sandbox.path("gocache"),
            helper: String::new(),
            cgo: false,
        };
        project.with_helper("-v")
    }

    /// With these options for the helper, as one would write them in GOCACHEPROG; the store is the
    /// sandbox's, unless they name another.
    pub(crate) fn with_helper(self, options: &str) -> Self {
        let store = self.sandbox.store();
        let store = if options.contains("--dir ") {
            String::new()
        } else {
            format!("--dir '{}'", store.display())
        };
        let helper = format!("'{PROGRAM}' {store} {options}");
        Self { helper, ..self }
    }

    /// With another $GOCACHE than the sandbox's: go fills a new one with folders, which takes
    /// longer than a small build.
    pub(crate) fn with_gocache(self, gocache: PathBuf) -> Self {
        Self { gocache, ..self }
    }

    /// With cgo.
    pub(crate) fn with_cgo(self) -> Self {
        Self { cgo: true, ..self }
    }

    /// Where the module is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds or replaces a source.
    pub(crate) fn write(&self, name: &str, source: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("its folder");
        fs::write(path, source).expect("a source");
    }

    /// Runs the go command in the module's folder.
    #[track_caller]
    pub(crate) fn go(&self, arguments: &[&str]) -> Outcome {
        run_to_its_end(self.command(&self.goroot.join("bin/go")).args(arguments))
    }

    /// A command in the module's folder that knows this Go and this cache.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = self.sandbox.command(program);
        let search = std::env::var("PATH").expect("PATH");
        command
            .current_dir(&self.folder)
            .env(
                "PATH",
                format!("{}:{search}", self.goroot.join("bin").display()),
            )
            .env("GOROOT", &self.goroot)
            .env("GOPATH", self.sandbox.path("gopath"))
            .env("GOCACHE", &self.gocache)
            .env("GOCACHEPROG", &self.helper)
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("GOFLAGS", "-mod=mod")
            .env("CGO_ENABLED", if self.cgo { "1" } else { "0" });
        command
    }
}

/// What a helper's `-v` line says.
#[derive(Debug, PartialEq)]
pub(crate) struct Totals {
    pub(crate) gets: u64,
    pub(crate) hits: u64,
    pub(crate) refused_gets: u64,
    pub(crate) puts: u64,
    pub(crate) refused_puts: u64,
}

impl Totals {
    /// Finds the line, which must be the only one of its kind, and reads it by its documented form.
    #[track_caller]
    pub(crate) fn of(stderr: &str) -> Self {
        let lines: Vec<_> = stderr
            .lines()
            .filter(|line| Self::parse(line).is_some())
            .collect();
        let [line] = lines[..] else {
            panic!("one -v line was expected in {stderr:?}")
        };
        Self::parse(line).expect("it was read before")
    }

    fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix("cachewarden: ")?;
        let mut parts = line.split("; ");
        let (gets, puts) = (parts.next()?, parts.next()?);
        let mut gets = gets.split(", ");
        let mut puts = puts.split(", ");
        let count = |part: Option<&str>, unit: &str| {
            let (number, found) = part?.split_once(' ')?;
            let number: u64 = number.parse().ok()?;
            let is_unit = match number {
                1 => found == unit.trim_end_matches('s'),
                _ => found == unit,
            };
            is_unit.then_some(number)
        };
        Some(Self {
            gets: count(gets.next(), "gets")?,
            hits: count(gets.next(), "hits")?,
            refused_gets: count(gets.next(), "refused")?,
            puts: count(puts.next(), "puts")?,
            refused_puts: count(puts.next(), "refused")?,
        })
    }
}
