//! The fixture of the demo: a store, two checkouts of a module, and go builds in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::folders;
use crate::go::{self, Go};
use crate::helper::Helper;
use crate::process;
use crate::totals::Totals;

use super::files::Files;

/// The module: two packages of its own, and what they import of the standard library.
const SOURCES: [(&str, &str); 3] = [
    ("go.mod", include_str!("site/go.mod")),
    ("main.go", include_str!("site/main.go")),
    (
        "greeting/greeting.go",
        include_str!("site/greeting/greeting.go"),
    ),
];

/// The options of every build, in the demo and by hand. A path in the binary would differ between
/// checkouts, and the state of this repository must not be part of it.
pub(super) const FLAGS: [&str; 2] = ["-trimpath", "-buildvcs=false"];

/// The folder of the demo.
pub(super) struct Fixture {
    folder: PathBuf,
    go: Go,
    program: PathBuf,
}

/// The result of one build.
pub(super) struct Build {
    pub(super) totals: Totals,
    pub(super) time: Duration,
    /// The program that was built.
    pub(super) binary: PathBuf,
    /// The standard error of the build.
    pub(super) stderr: String,
    /// The lines of the session's recording.
    pub(super) recording: Vec<Value>,
}

impl Fixture {
    /// Clears `folder` and sets it up; `program` is the cachewarden to use.
    pub(super) fn new(folder: PathBuf, go: Go, program: PathBuf) -> Result<Fixture> {
        folders::remove(&folder)?;
        let fixture = Fixture {
            folder,
            go,
            program,
        };
        go::prepare_home(&fixture.path("home"))?;
        Ok(fixture)
    }

    /// A file or folder of the demo.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a checkout of the module, whose program greets with this word.
    pub(super) fn check_out(&self, checkout: &str, word: &str) -> Result<()> {
        for (name, source) in SOURCES {
            self.write(
                &format!("{checkout}/{name}"),
                &source.replace("hello", word),
            )?;
        }
        Ok(())
    }

    /// Writes a file as a source of a module.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        go::write_source(&path, text)?;
        Ok(path)
    }

    /// The cache program with the demo's store and a policy.
    pub(super) fn helper(&self, policy: &Path) -> Helper {
        Helper::new(&self.program)
            .with("--dir")
            .with(self.path("store"))
            .with("--policy")
            .with(policy)
    }

    /// Builds a checkout through a cache program; `name` is that of the binary.
    pub(super) fn build(&self, name: &str, checkout: &str, helper: Helper) -> Result<Build> {
        let recording = self.path(&format!("recordings/{name}.jsonl"));
        let recordings = self.path("recordings");
        fs::create_dir_all(&recordings)
            .with_context(|| format!("cannot make {}", recordings.display()))?;
        let helper = helper.with("--record").with(&recording);
        let build = self.build_with_daemon(name, checkout, helper, &self.path("store"))?;
        Ok(Build {
            recording: read_recording(&recording)?,
            ..build
        })
    }

    /// The same with any cache program, of which no recording is read, and which has its store in
    /// `store`.
    pub(super) fn build_with_daemon(
        &self,
        name: &str,
        checkout: &str,
        helper: Helper,
        store: &Path,
    ) -> Result<Build> {
        let binary = self.path(&format!("bin/{name}"));
        let mut command = self.go.command(&self.path("home"));
        command
            .current_dir(self.path(checkout))
            .env("GOCACHEPROG", helper.to_gocacheprog()?)
            .arg("build")
            .args(FLAGS)
            .arg("-o")
            .arg(&binary)
            .arg(".");
        let started = Instant::now();
        let output = command
            .output()
            .with_context(|| process::cannot_start(&command))?;
        let time = started.elapsed();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("the build `{name}` failed ({}):\n{stderr}", output.status);
        }
        Ok(Build {
            totals: Totals::of_last_session(store)?,
            time,
            binary,
            stderr,
            recording: Vec::new(),
        })
    }

    /// The program that is shown.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The files of a scope; empty where there is no such scope.
    pub(super) fn scope(&self, name: &str) -> Result<Files> {
        Files::below(&self.path("store/scopes").join(name))
    }

    /// The names of all scopes.
    pub(super) fn scopes(&self) -> Result<Vec<String>> {
        let folder = self.path("store/scopes");
        let problem = || format!("cannot read {}", folder.display());
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).with_context(problem)? {
            let name = entry.with_context(problem)?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

impl Build {
    /// The output of the program.
    pub(super) fn output(&self) -> Result<String> {
        process::read(&mut Command::new(&self.binary))
    }

    /// Whether it built the same program as another one, byte for byte.
    pub(super) fn is_same_program(&self, other: &Build) -> Result<bool> {
        let read =
            |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        Ok(read(&self.binary)? == read(&other.binary)?)
    }

    /// The write scope in the policy's grant.
    pub(super) fn write_scope(&self) -> Option<&str> {
        self.lines("open").next()?["grant"]["write"].as_str()
    }

    /// The lines of one kind in its recording.
    pub(super) fn lines(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.recording
            .iter()
            .filter(move |line| line["line"] == kind)
    }
}

fn read_recording(file: &Path) -> Result<Vec<Value>> {
    let problem = || format!("cannot read the recording {}", file.display());
    let text = fs::read_to_string(file).with_context(problem)?;
    let lines: Result<Vec<_>, _> = text.lines().map(serde_json::from_str).collect();
    let lines = lines.with_context(problem)?;
    ensure!(!lines.is_empty(), "{} is empty", file.display());
    Ok(lines)
}
