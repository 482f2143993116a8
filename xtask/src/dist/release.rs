//! What is released: a program, the files around it, and what both are named after.

use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use crate::cross::MACOS;
use crate::cross::emulator::{self, Runner};
use crate::process;
use crate::workspace::Workspace;

use super::build::Built;
use super::provenance::Source;
use super::tree::Tree;
use super::{PACKAGE, documents, files};

/// What is released.
pub(super) struct Release {
    pub(super) version: String,
    pub(super) triple: String,
    /// The time of every file, in seconds since 1970.
    pub(super) time: u64,
    /// How the program runs on this machine; none does on which that of another system would.
    pub(super) runner: Option<Runner>,
    /// What the program was built from, if that is known.
    pub(super) source: Option<Source>,
    /// The files of the archive, without their folder.
    pub(super) files: Tree,
}

impl Release {
    /// The folder in the archive, and the archive's name without its ending.
    pub(super) fn name(&self) -> String {
        format!("{PACKAGE}-{}-{}", self.version, self.triple)
    }

    /// How the program runs on this machine.
    ///
    /// # Errors
    /// When it is for another system.
    pub(super) fn runner(&self) -> Result<&Runner> {
        let runner = self.runner.as_ref();
        runner.with_context(|| format!("no program for {} runs here", self.triple))
    }

    /// Of a program that was built; `triple` is its target.
    pub(super) fn of(workspace: &Workspace, built: &Built, triple: String) -> Result<Release> {
        let version = workspace.version(PACKAGE)?;
        let runner = match triple.ends_with(MACOS) {
            true => None,
            false => Some(emulator::runner(workspace, &triple)?.with_context(|| {
                format!(
                    "a program for {triple} writes its own manual pages, and there is no {} here: \
                     on Debian `apt-get install {}`",
                    emulator::PROGRAM,
                    emulator::PACKAGE
                )
            })?),
        };
        // This machine's own program writes the same about itself.
        let (writer, program) = match &runner {
            Some(runner) => (runner, built.program.clone()),
            None => (&Runner::Directly, workspace.build_debug()?),
        };
        let reported = process::read(writer.command(&program).arg("--version"))?;
        ensure!(
            reported.lines().next() == Some(&format!("{PACKAGE} {version}")),
            "{} reports another version than {version}, which Cargo.toml has: {reported}",
            program.display()
        );
        let time = time_of_commit(workspace)?;
        let mut files = files::collect(workspace, &built.program, &triple, &rfc3339(time))?;
        files.extend(documents::write(writer, &program)?);
        Ok(Release {
            version,
            triple,
            time,
            runner,
            source: built.source.clone(),
            files,
        })
    }
}

/// The time of the commit, or SOURCE_DATE_EPOCH, which whoever packages a tarball sets.
fn time_of_commit(workspace: &Workspace) -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => process::read(Command::new("git").current_dir(workspace.root()).args([
            "log",
            "-1",
            "--format=%ct",
        ]))
        .context("set SOURCE_DATE_EPOCH where there is no git")?,
    };
    text.parse()
        .with_context(|| format!("`{text}` is no time: SOURCE_DATE_EPOCH is in seconds"))
}

pub(super) fn rfc3339(time: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time)).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::{ARCHIVE, HOMEPAGE};
    use super::*;

    /// `cargo binstall` finds an archive by these templates.
    #[test]
    fn binstall_is_told_where_the_program_is() {
        let manifest = include_str!("../../../host/cachewarden/Cargo.toml");
        let manifest: toml::Table = toml::from_str(manifest).unwrap();
        let told = &manifest["package"]["metadata"]["binstall"];
        let release = Release {
            version: "1.2.3".into(),
            triple: "aarch64-unknown-linux-musl".into(),
            time: 0,
            runner: Some(Runner::Directly),
            source: None,
            files: Tree::default(),
        };
        let filled = |field: &str| {
            let template = told[field].as_str().unwrap();
            template
                .replace("{ repo }", HOMEPAGE)
                .replace("{ version }", &release.version)
                .replace("{ target }", &release.triple)
                .replace("{ bin }", PACKAGE)
        };
        let name = release.name();
        let expected = format!("{HOMEPAGE}/releases/download/v1.2.3/{name}{ARCHIVE}");
        assert_eq!(filled("pkg-url"), expected);
        assert_eq!(filled("bin-dir"), format!("{name}/{PACKAGE}"));
        assert_eq!(told["pkg-fmt"].as_str(), Some("tgz"));
    }
}
