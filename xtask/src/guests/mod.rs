//! `cargo xtask guests`: builds policies in every language, one file a language.
//!
//! The policies that every language has are written to target/guests/<language>/, and the Rust ones
//! of examples/ to target/guests/. A file there is only replaced when its bytes change, and in one
//! step. The tools of a language are in target/tools/<language>/.

mod assemblyscript;
mod c;
mod d;
mod go;
mod javascript;
mod missing;
mod npm;
mod packaging;
mod python;
mod rust;
mod shims;
mod typescript;
mod up_to_date;
mod versions;
mod wat;
mod zig;
mod zig_compiler;

pub(crate) use rust::PROFILE;
pub(crate) use versions::SETUPTOOLS;
pub(crate) use zig_compiler::{cache as zig_cache, fetch_program as fetch_zig};

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::workspace::Workspace;

use missing::MissingTool;

/// The policies that every language has: an example that people use, and one that logs its inputs.
const POLICIES: [&str; 2] = ["trusted-branches", "mirror"];

/// How the policies of one language are built.
pub(crate) struct Language {
    /// The name of its folders, and of `policy new --lang`.
    pub(crate) name: &'static str,
    /// Builds [`POLICIES`] into the language's folder, unless they are up to date.
    build: fn(&Workspace, &Path) -> Result<()>,
    /// Runs the tests of the SDK and of the example with the language's own tools, after they were
    /// built, and checks the SDK's package. Rust's tests run with the workspace's.
    test: Option<fn(&Workspace) -> Result<()>>,
    /// Returns the names and versions of the tools.
    pub(crate) tools: fn(&Workspace) -> Result<String>,
    /// Whether there is an SDK for it, and so a `policy new`.
    pub(crate) has_sdk: bool,
    /// Whether it is only built on request.
    on_demand: bool,
}

/// Every language, in the order of the tables.
pub(crate) const LANGUAGES: &[Language] = &[
    Language::new("rust", rust::build, rust::tools).tested_by(rust::test),
    Language::new("go", go::build, go::tools).tested_by(go::test),
    Language::new("c", c::build, c::tools).tested_by(c::test),
    Language::new(
        "assemblyscript",
        assemblyscript::build,
        assemblyscript::tools,
    )
    .tested_by(assemblyscript::test),
    Language::new("javascript", javascript::build, javascript::tools).tested_by(javascript::test),
    Language::new("typescript", typescript::build, typescript::tools),
    Language::new("python", python::build, python::tools).tested_by(python::test),
    Language::new("wat", wat::build, wat::tools),
    Language::new("zig", zig::build, zig::tools)
        .tested_by(zig::test)
        .on_demand(),
    Language::new("d", d::build, d::tools)
        .without_sdk()
        .on_demand(),
];

/// Which languages to build.
#[derive(Args, Clone, Default)]
pub(crate) struct Choice {
    /// Only these
    #[arg(value_parser = LANGUAGES.iter().map(|language| language.name).collect::<Vec<_>>())]
    languages: Vec<String>,
    /// Those too that are otherwise left out: zig, d
    #[arg(long)]
    all: bool,
}

impl Choice {
    /// The languages that are always tested, or all.
    pub(crate) fn for_tests(all: bool) -> Choice {
        Choice {
            languages: Vec::new(),
            all,
        }
    }

    fn includes(&self, language: &Language) -> bool {
        if self.languages.is_empty() {
            self.all || !language.on_demand
        } else {
            self.languages.iter().any(|name| name == language.name)
        }
    }
}

/// A language that was not built.
pub(crate) struct LeftOut {
    pub(crate) language: &'static str,
    /// The reason: a missing tool, or the option that includes it.
    pub(crate) reason: String,
}

/// The result of building policies.
pub(crate) struct Built {
    /// The languages that were not built, each with the reason; complete even after an error.
    pub(crate) left_out: Vec<LeftOut>,
    /// Whether all others were built.
    pub(crate) result: Result<()>,
}

/// Builds the policies in the chosen languages.
///
/// If a tool chain is missing and cannot be fetched, its language is left out; in CI this is an
/// error, so that no language is left out there by mistake.
pub(crate) fn run(workspace: &Workspace, choice: &Choice) -> Built {
    let is_ci = is_ci();
    let (mut left_out, mut failed) = (Vec::new(), Vec::new());
    for language in LANGUAGES {
        let mut leave_out = |reason: String| {
            left_out.push(LeftOut {
                language: language.name,
                reason,
            });
        };
        if !choice.includes(language) {
            leave_out("it was not asked for; --all does".into());
            continue;
        }
        match language.build(workspace) {
            Ok(()) => {}
            Err(error) if !is_ci && error.is::<MissingTool>() => {
                println!("not built here: policies in {}: {error:#}", language.name);
                leave_out(format!("{error:#}"));
            }
            Err(error) => failed.push(format!("the policies in {}: {error:#}", language.name)),
        }
    }
    let result = if failed.is_empty() {
        println!("policies in {}", workspace.guests().display());
        Ok(())
    } else {
        Err(anyhow!("{}", failed.join("\n")))
    };
    Built { left_out, result }
}

/// Installs the npm packages of a lock into target/tools/<name>/, for tests that are no policies.
///
/// Returns the reason if they cannot be installed here; in CI this is an error.
pub(crate) fn install_packages(workspace: &Workspace, name: &str) -> Result<Option<String>> {
    match npm::install(&workspace.tools(name), &npm::lock(workspace, name)) {
        Ok(()) => Ok(None),
        Err(error) if !is_ci() && error.is::<MissingTool>() => Ok(Some(format!("{error:#}"))),
        Err(error) => Err(error),
    }
}

/// Whether this runs in CI, where nobody reads which languages were left out.
pub(crate) fn is_ci() -> bool {
    says_ci(std::env::var_os("CI").as_deref())
}

/// Whether this value of the variable CI means continuous integration. Services set `true`, `1` or
/// their own name.
fn says_ci(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no))
}

/// The PATH of an author who uses one language: the language's own commands first.
pub(crate) fn search_path(workspace: &Workspace, language: &str) -> OsString {
    let mut path = workspace.tools(language).join("bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

/// Builds the policies in Rust alone, which needs no other compiler.
pub(crate) fn run_rust(workspace: &Workspace) -> Result<()> {
    let choice = Choice {
        languages: vec!["rust".into()],
        all: false,
    };
    run(workspace, &choice).result
}

impl Language {
    const fn new(
        name: &'static str,
        build: fn(&Workspace, &Path) -> Result<()>,
        tools: fn(&Workspace) -> Result<String>,
    ) -> Language {
        Language {
            name,
            build,
            test: None,
            tools,
            has_sdk: true,
            on_demand: false,
        }
    }

    const fn tested_by(self, test: fn(&Workspace) -> Result<()>) -> Language {
        Language {
            test: Some(test),
            ..self
        }
    }

    const fn without_sdk(self) -> Language {
        Language {
            has_sdk: false,
            ..self
        }
    }

    const fn on_demand(self) -> Language {
        Language {
            on_demand: true,
            ..self
        }
    }

    /// The tests with the language's own tools, if it has some.
    pub(crate) fn test(&self) -> Option<fn(&Workspace) -> Result<()>> {
        self.test
    }

    fn build(&self, workspace: &Workspace) -> Result<()> {
        let folder = workspace.guests().join(self.name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        (self.build)(workspace, &folder)
    }
}

/// Copies `built` to `guest`, in one step for readers.
fn publish(built: &Path, guest: &Path) -> Result<()> {
    let bytes = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    if fs::read(guest).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let temporary = guest.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, guest))
        .with_context(|| format!("cannot write {}", guest.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_may_say_in_many_ways_that_it_is_one() {
        for (value, expected) in [
            (None, false),
            (Some(""), false),
            (Some("0"), false),
            (Some("false"), false),
            (Some("true"), true),
            (Some("1"), true),
            (Some("woodpecker"), true),
        ] {
            assert_eq!(says_ci(value.map(OsStr::new)), expected, "{value:?}");
        }
    }
}
