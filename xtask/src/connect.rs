//! Builds `cachewarden-connect`, which go starts for every command: it must be small, and run in
//! any container, with whatever C library or none.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::cross::emulator::{self, Runner};
use crate::cross::{self, MACOS, Profile, STATIC_TARGETS, Toolchain, Unavailable};
use crate::needs::needs;
use crate::workspace::{Workspace, host};
use crate::{guests, process};

const PACKAGE: &str = "cachewarden-connect";

/// The profile in Cargo.toml.
const PROFILE: Profile = Profile {
    name: "connect",
    panic: "panic_abort",
};

/// The system of the other kind that it is built for, which shows that the compiler and the linker
/// of a release for macOS are right. Nothing here runs it.
const FOR_MACOS: &str = "aarch64-apple-darwin";

/// What cargo is asked to build.
const WHAT: [&str; 4] = ["--package", PACKAGE, "--bin", PACKAGE];

/// The most bytes of the program with musl, as it is released.
const MOST_WITH_MUSL: u64 = 1_000_000;

/// The most bytes with glibc: a program that prints one line has 1.1 MB.
const MOST_WITH_GLIBC: u64 = 1_500_000;

/// What to build.
#[derive(Args)]
pub(crate) struct ConnectOptions {
    /// Build it for each system of a release, and check that it is static, small, and runs
    #[arg(long)]
    check: bool,
    /// Build it twice, the second time from nothing in another folder, and stop if a byte differs
    #[arg(long, conflicts_with = "check")]
    twice: bool,
}

/// Builds the program for this machine, and says where it is.
pub(crate) fn run(workspace: &Workspace, options: &ConnectOptions) -> Result<()> {
    if options.check {
        for reason in check(workspace)? {
            println!("NOT CHECKED: {reason}");
        }
        return Ok(());
    }
    if options.twice
        && let Some(reason) = check_again(workspace)?
    {
        println!("NOT CHECKED: {reason}");
    }
    let built = build(workspace)?;
    println!("{}: {} bytes", built.program.display(), built.size()?);
    Ok(())
}

/// Finds what [`check`] compiles with and runs programs by, and fetches what is missing.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    for triple in STATIC_TARGETS {
        Toolchain::find(workspace, triple)?;
        emulator::runner(workspace, triple)?;
    }
    Toolchain::find(workspace, FOR_MACOS).map(drop)
}

/// Builds the program for each system of a release, and checks that it is static and small, and
/// that it runs. Returns what could not be checked.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut unchecked = Vec::new();
    for triple in STATIC_TARGETS {
        let built = match build_for(workspace, triple) {
            Ok(built) => built,
            // Without the other compiler nothing is below 1 MB; the program is checked with glibc.
            Err(error) if !guests::is_ci() && error.is::<Unavailable>() => {
                unchecked.push(format!("cachewarden-connect below 1 MB: {error:#}"));
                build_with_glibc(workspace)?.check(MOST_WITH_GLIBC)?;
                break;
            }
            Err(error) => return Err(error),
        };
        built.check(MOST_WITH_MUSL)?;
        match emulator::runner(workspace, triple)? {
            Some(runner) => built.runs(&runner)?,
            None => unchecked.push(format!(
                "cachewarden-connect for {triple} as a running program: there is no {}; \
                 on Debian `apt-get install {}`",
                emulator::PROGRAM,
                emulator::PACKAGE
            )),
        }
    }
    match build_for(workspace, FOR_MACOS) {
        Ok(built) => built.check(MOST_WITH_MUSL)?,
        Err(error) if !guests::is_ci() && error.is::<Unavailable>() => {
            unchecked.push(format!("cachewarden-connect for {FOR_MACOS}: {error:#}"));
        }
        Err(error) => return Err(error),
    }
    Ok(unchecked)
}

pub(crate) struct Built {
    triple: String,
    pub(crate) program: PathBuf,
    pub(crate) has_musl: bool,
}

impl Built {
    fn size(&self) -> Result<u64> {
        let metadata = fs::metadata(&self.program);
        let metadata = metadata.with_context(|| self.program.display().to_string())?;
        Ok(metadata.len())
    }

    /// Checks that the program is static, and has no more than `most` bytes.
    fn check(&self, most: u64) -> Result<()> {
        let program = self.program.display();
        let needs = needs(&fs::read(&self.program)?, &self.triple)?;
        // macOS has no static programs: every one is linked with libraries of the system.
        let is_right = self.triple.ends_with(MACOS) || needs.is_static();
        ensure!(is_right, "{program} is linked dynamically: {needs:?}");
        let size = self.size()?;
        ensure!(
            size <= most,
            "{program} has {size} bytes; {most} is the most"
        );
        println!("{program}: {size} bytes");
        Ok(())
    }

    /// Checks that the program runs, by `runner` if another machine than this one does.
    fn runs(&self, runner: &Runner) -> Result<()> {
        let mut command = runner.command(&self.program);
        let said = process::read(command.arg("--version"))?;
        ensure!(
            said.starts_with(PACKAGE),
            "{} prints: {said}",
            self.program.display()
        );
        Ok(())
    }
}

/// With musl where this can be had, else with glibc.
pub(crate) fn build(workspace: &Workspace) -> Result<Built> {
    match build_for(workspace, &cross::static_target()?) {
        Err(error) if error.is::<Unavailable>() => {
            println!("{error:#}");
            build_with_glibc(workspace)
        }
        result => result,
    }
}

fn build_for(workspace: &Workspace, triple: &str) -> Result<Built> {
    let toolchain = Toolchain::find(workspace, triple)?;
    process::run(toolchain.build(workspace, triple, PROFILE, &[])?.args(WHAT))?;
    Ok(Built {
        triple: triple.to_owned(),
        program: toolchain.program(workspace, triple, PROFILE, PACKAGE),
        has_musl: true,
    })
}

/// Checks that another build, in another folder and from nothing, has the same bytes. The first
/// build is that of [`check`]. Returns the reason if this cannot be built here.
pub(crate) fn check_again(workspace: &Workspace) -> Result<Option<String>> {
    let triple = cross::static_target()?;
    let first = match build_for(workspace, &triple) {
        Ok(built) => fs::read(built.program)?,
        Err(error) if !guests::is_ci() && error.is::<Unavailable>() => {
            return Ok(Some(format!("the same bytes from two builds: {error:#}")));
        }
        Err(error) => return Err(error),
    };
    cross::check_again(workspace, &triple, PROFILE, PACKAGE, &first)?;
    Ok(None)
}

fn build_with_glibc(workspace: &Workspace) -> Result<Built> {
    let host = host()?;
    let options = ["-Ctarget-feature=+crt-static"];
    process::run(
        Toolchain::Own
            .build(workspace, &host, PROFILE, &options)?
            .args(WHAT),
    )?;
    Ok(Built {
        program: workspace.program_for(&host, PROFILE.name, PACKAGE),
        triple: host,
        has_musl: false,
    })
}
