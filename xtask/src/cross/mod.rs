//! Builds for systems whose standard library the compiler in PATH does not have.
//!
//! Where `rustup target add` has installed the library, our own cargo builds. Otherwise Debian's
//! Rust does: its packages have the source of the library, which is compiled with the program.
//! Zig links, and compiles the sources in C, since it has the C libraries of other systems.
//! Everything is unpacked into target/toolchains/cross/, and nothing is installed on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use crate::private_paths::PrivatePaths;
use crate::workspace::{Workspace, host};
use crate::{folders, guests, process, pypi};

mod debian_rust;
pub(crate) mod emulator;
mod frameworks;
mod mingw;

/// The systems that a release is made for: a static program runs on every Linux.
pub(crate) const STATIC_TARGETS: [&str; 2] =
    ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// How the triple of each of macOS's targets ends.
pub(crate) const MACOS: &str = "-apple-darwin";

/// Windows with the C library of mingw, which comes with Zig.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// What hands the linker's arguments to Zig, from PyPI.
const CARGO_ZIGBUILD: &str = "0.24.1";

/// A profile of Cargo.toml, and the part of the standard library that its `panic` needs.
#[derive(Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) panic: &'static str,
}

/// The C library comes with Zig, and not with the compiler's target.
const LINK_WITH_ZIG: &str = "-Clink-self-contained=no";

/// Zig does not know `-static-pie`, which the compiler asks for, and makes one of both.
const AT_ANY_ADDRESS: &str = "-Clink-arg=-pie";

/// What Go 1.24 runs on, the oldest with GOCACHEPROG.
const OLDEST_MACOS: &str = "11.0";

/// Leaves out what only a debugger reads.
const WITHOUT_SYMBOLS: &str = "-Clink-arg=-Wl,-S,-x";

/// Neither rustup nor this machine's package clients have what another system needs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unavailable(String);

/// How to build for another system.
pub(crate) enum Toolchain {
    /// Our own cargo: rustup has installed the library.
    Own,
    /// Debian's cargo and Zig.
    Fetched { zig: PathBuf },
}

impl Toolchain {
    /// Finds how to build for a target, and fetches what that needs. The error is [`Unavailable`]
    /// if it cannot be fetched.
    pub(crate) fn find(workspace: &Workspace, triple: &str) -> Result<Toolchain> {
        // Only a Mac has what rustup's library for macOS is linked with, and Zig what is needed for
        // Windows.
        let links_itself =
            triple != WINDOWS && (cfg!(target_os = "macos") || !triple.ends_with(MACOS));
        if links_itself && is_installed(triple)? {
            return Ok(Toolchain::Own);
        }
        match fetch(workspace) {
            Ok(zig) => Ok(Toolchain::Fetched { zig }),
            Err(error) => Err(anyhow!(Unavailable(format!(
                "the compiler has no standard library for {triple}, and another one could not be \
                 fetched ({error:#}); run `rustup target add {triple}`"
            )))),
        }
    }

    /// A cargo command that builds for a target; what to build is still to be added. The program has
    /// no path of this machine in it. `options` are for the compiler.
    pub(crate) fn build(
        &self,
        workspace: &Workspace,
        triple: &str,
        profile: Profile,
        options: &[&str],
    ) -> Result<Command> {
        self.cargo("build", workspace, triple, profile, options)
    }

    /// The same for another verb of cargo than `build`.
    pub(crate) fn cargo(
        &self,
        verb: &str,
        workspace: &Workspace,
        triple: &str,
        profile: Profile,
        options: &[&str],
    ) -> Result<Command> {
        let mut paths = PrivatePaths::of_this_machine(workspace)?;
        let mut options = options.to_vec();
        let frameworks;
        let mingw;
        let mut command = match self {
            Toolchain::Own => {
                let mut command = workspace.cargo();
                command.arg(verb);
                command
            }
            Toolchain::Fetched { zig } => {
                let rust = debian_rust::folder(workspace);
                let mut command = Command::new(zigbuild(workspace));
                debian_rust::use_in(&mut command, &rust);
                command
                    .current_dir(workspace.root())
                    .env("CARGO_TARGET_DIR", workspace.cross_build())
                    .env("CARGO_ZIGBUILD_ZIG_PATH", zig)
                    .env("CARGO_ZIGBUILD_CACHE_DIR", folder(workspace).join("cache"))
                    .env("ZIG_GLOBAL_CACHE_DIR", guests::zig_cache(workspace))
                    .arg(if verb == "build" { "zigbuild" } else { verb })
                    .arg(format!("-Zbuild-std=std,{}", profile.panic));
                paths.add(rust, "/rust");
                if triple.contains("-musl") {
                    options.extend([LINK_WITH_ZIG, AT_ANY_ADDRESS]);
                }
                if triple.ends_with(MACOS) {
                    frameworks = frameworks::write(&folder(workspace))?;
                    options.extend([&frameworks[..], WITHOUT_SYMBOLS]);
                    command.env("MACOSX_DEPLOYMENT_TARGET", OLDEST_MACOS);
                }
                if triple == WINDOWS {
                    mingw = mingw::write(&folder(workspace), zig)?;
                    options.push(LINK_WITH_ZIG);
                    options.extend(mingw.iter().map(String::as_str));
                }
                command
            }
        };
        command.args(["--locked", "--target", triple, "--profile", profile.name]);
        paths.hide(&mut command, &options);
        Ok(command)
    }

    /// What the compiler says of itself.
    pub(crate) fn compiler(&self, workspace: &Workspace) -> Result<String> {
        match self {
            Toolchain::Own => process::read(Command::new("rustc").arg("--version")),
            Toolchain::Fetched { .. } => debian_rust::says(&debian_rust::folder(workspace))
                .context("the compiler that was fetched does not run"),
        }
    }

    /// Where the command writes a program.
    pub(crate) fn program(
        &self,
        workspace: &Workspace,
        triple: &str,
        profile: Profile,
        name: &str,
    ) -> PathBuf {
        match self {
            Toolchain::Own => workspace.program_for(triple, profile.name, name),
            // Another compiler: cargo would build everything anew in one folder for both.
            Toolchain::Fetched { .. } => workspace
                .cross_build()
                .join(triple)
                .join(profile.name)
                .join(name),
        }
    }
}

/// Fetches everything, and says where it is.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let zig = fetch(workspace)?;
    println!("Rust in {}", debian_rust::folder(workspace).display());
    println!("Zig in {}", zig.display());
    Ok(())
}

/// The static target of this machine.
pub(crate) fn static_target() -> Result<String> {
    Ok(host()?.replace("-gnu", "-musl"))
}

/// Whether the compiler in PATH has the standard library for a target.
pub(crate) fn is_installed(target: &str) -> Result<bool> {
    let mut command = Command::new("rustc");
    let folder = process::read(command.args(["--print=target-libdir", "--target", target]))?;
    Ok(Path::new(&folder).is_dir())
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.toolchains().join("cross")
}

/// Builds a package's program once more, from nothing and in another folder, and fails unless it has
/// these bytes: what is not the same then depends on the machine or on the time.
pub(crate) fn check_again(
    workspace: &Workspace,
    triple: &str,
    profile: Profile,
    package: &str,
    first: &[u8],
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Toolchain::find(workspace, triple)?.build(workspace, triple, profile, &[])?;
    command.args(["--package", package, "--bin", package]);
    process::run(command.arg("--target-dir").arg(folder.path()))?;
    let second = folder.path().join(triple).join(profile.name).join(package);
    let second = fs::read(&second).with_context(|| format!("cannot read {}", second.display()))?;
    ensure!(
        second == first,
        "two builds of {package} have different bytes"
    );
    Ok(())
}

fn zigbuild(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("zigbuild/bin/cargo-zigbuild")
}

/// Fetches what is not there yet. Returns the path of Zig.
fn fetch(workspace: &Workspace) -> Result<PathBuf> {
    let folder = folder(workspace);
    let _lock = folders::lock(&folder)?;
    debian_rust::fetch(workspace)?;
    let program = zigbuild(workspace);
    let version = format!("cargo-zigbuild {CARGO_ZIGBUILD}");
    if process::ask(Command::new(&program).arg("--version")).is_none_or(|said| said != version) {
        println!("fetching {version}");
        let place = folder.join("zigbuild");
        folders::remove(&place)?;
        pypi::unpack(workspace, &version.replace(' ', "=="), &place)?;
    }
    let zig = guests::fetch_zig(workspace)?;
    ensure!(zig.is_file(), "{} is missing", zig.display());
    Ok(zig)
}
