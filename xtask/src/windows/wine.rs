//! wine, and a folder of ours that it takes for a computer's drive C and its registry.
//!
//! An installed wine is used as it is; otherwise Debian's packages are unpacked.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{debian, folders, guests, process};

/// Where an installed wine for 64-bit programs is. Debian's is not in PATH.
const INSTALLED: [&str; 2] = ["/usr/lib/wine/wine64", "/usr/bin/wine64"];

/// Debian's packages, unpacked: libwine is named because it would be left out where it is installed.
const PACKAGES: [&str; 3] = ["wine64", "libwine", "libz-mingw-w64"];

/// Below the folder of the unpacked packages.
const UNPACKED: &str = "usr/lib/wine/wine64";

/// Where the packages keep the libraries that wine itself needs.
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// The file with this name is made anew where the file's own content is another.
const SOURCE: &str = include_str!("bcryptprimitives.c");
const LIBRARY: &str = "bcryptprimitives.dll";

/// How many times the machine was started: Windows counts, and wine does not. Without it nothing is
/// known of the boot, and no module index would count.
const BOOTS: [&str; 2] = [
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters",
    "BootId",
];

/// How long wine's server stays after the last program, in seconds: each start of it costs one or
/// two.
const SERVER_STAYS: &str = "30";

/// After this word the launcher hands its words to wine's server.
const TO_SERVER: &str = "--server";

/// Runs programs for Windows.
pub(crate) struct Wine {
    launcher: PathBuf,
    drive_c: PathBuf,
}

impl Wine {
    /// Finds or fetches wine, and makes its folder, unless a folder of the same wine is there.
    pub(super) fn prepare(workspace: &Workspace) -> Result<Wine> {
        let folder = workspace.windows();
        let loader = match INSTALLED
            .map(PathBuf::from)
            .into_iter()
            .find(|file| file.exists())
        {
            Some(loader) => loader,
            None => fetch(&folder.join("debian")).context(
                "wine for 64-bit programs is missing (on Debian: `apt-get install wine64`)",
            )?,
        };
        let launcher = folder.join("bin/wine");
        let prefix = folder.join("prefix");
        write_launcher(&launcher, &loader, &folder)?;
        let wine = Wine {
            drive_c: prefix.join("drive_c"),
            launcher,
        };
        let version = process::read(wine.launch().arg("--version"))?;
        let parts = format!("{version}\n{SOURCE}{}", BOOTS.concat());
        let stamp = prefix.join("stamp");
        if !super::is_made_of(&stamp, &parts) {
            println!("making a folder for {version}");
            if prefix.exists() {
                // It would serve the new folder with what it knows of the old one.
                wine.server("-k");
            }
            folders::remove(&prefix)?;
            wine.make(workspace, &prefix)?;
            fs::write(&stamp, parts)
                .with_context(|| format!("cannot write {}", stamp.display()))?;
        }
        Ok(wine)
    }

    /// The script that runs a program; cargo takes it as a runner, too.
    pub(crate) fn launcher(&self) -> &Path {
        &self.launcher
    }

    /// The folder that programs know as `C:\`.
    pub(super) fn drive_c(&self) -> &Path {
        &self.drive_c
    }

    /// The folder of the one user that there is.
    pub(super) fn profile(&self) -> Result<PathBuf> {
        let users = self.drive_c.join("users");
        let found = fs::read_dir(&users).with_context(|| users.display().to_string())?;
        let mut names = found.filter_map(|entry| Some(entry.ok()?.path()));
        names
            .find(|path| !path.ends_with("Public"))
            .with_context(|| format!("{} has no user", users.display()))
    }

    /// What programs see as a path of this machine: drive Z is the root.
    pub(crate) fn path(&self, path: &Path) -> String {
        let (drive, path) = match path.strip_prefix(&self.drive_c) {
            Ok(path) => ("C:\\", path),
            Err(_) => ("Z:", path),
        };
        format!("{drive}{}", path.display()).replace('/', "\\")
    }

    /// A command that runs a program, which is named as here or as on Windows.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.launch();
        command.arg(program);
        command
    }

    fn launch(&self) -> Command {
        Command::new(&self.launcher)
    }

    /// Says that the machine was started once more than before.
    pub(super) fn count_a_start(&self) -> Result<()> {
        let [key, value] = BOOTS;
        let question = ["query", key, "/v", value];
        let answer = process::ask(self.command("reg").args(question)).unwrap_or_default();
        let last = answer.split_whitespace().last().unwrap_or_default();
        let last = u32::from_str_radix(last.trim_start_matches("0x"), 16).unwrap_or(0);
        let next = (last + 1).to_string();
        let words = [
            "add",
            key,
            "/v",
            value,
            "/t",
            "REG_DWORD",
            "/d",
            &next,
            "/f",
        ];
        process::output(self.command("reg").args(words))?;
        Ok(())
    }

    /// Ends the server (`-k`), or waits until it has ended (`-w`). It fails where none runs.
    fn server(&self, option: &str) {
        process::ask(self.launch().args([TO_SERVER, option]));
    }

    /// Makes the folder, with what wine lacks.
    fn make(&self, workspace: &Workspace, prefix: &Path) -> Result<()> {
        // The folder is not there yet, so the server of this ends at once.
        let boot = self.command("wineboot").arg("--init").output();
        let boot = boot.with_context(|| format!("cannot start {}", self.launcher.display()))?;
        let system = self.drive_c.join("windows/system32");
        ensure!(
            boot.status.success() && system.join("kernel32.dll").exists(),
            "wine cannot make {}: {}",
            prefix.display(),
            String::from_utf8_lossy(&boot.stderr)
        );
        self.server("-w");
        self.count_a_start()?;
        build_library(
            workspace,
            &prefix.with_file_name(LIBRARY),
            &system.join(LIBRARY),
        )
    }
}

/// Unpacks wine, and returns what starts it.
fn fetch(folder: &Path) -> Result<PathBuf> {
    let loader = folder.join(UNPACKED);
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(loader);
    }
    folders::remove(folder)?;
    debian::unpack(&PACKAGES, folder)?;
    let libraries = folder.join(LIBRARIES).join("wine/x86_64-windows");
    let zlib = "zlib1.dll";
    let source = folder.join("usr/x86_64-w64-mingw32/lib").join(zlib);
    // Debian's is a script, which looks for an installed one.
    let server = loader.with_file_name("wineserver");
    fs::remove_file(&server)
        .and_then(|()| symlink("wineserver64", &server))
        .with_context(|| format!("cannot replace {}", server.display()))?;
    fs::read(&source)
        .map(marked_as_wines_own)
        .and_then(|bytes| fs::write(libraries.join(zlib), bytes))
        .and_then(|()| fs::write(&complete, ""))
        .with_context(|| format!("cannot copy {}", source.display()))?;
    ensure!(loader.exists(), "{} is missing", loader.display());
    Ok(loader)
}

/// A library that wine takes for one of its own, as Debian's package makes it when it is installed:
/// the place of what DOS would run has this mark.
fn marked_as_wines_own(mut library: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = b"Wine builtin DLL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const AT: usize = 64;
    if let Some(place) = library.get_mut(AT..AT + MARK.len()) {
        place.copy_from_slice(MARK);
    }
    library
}

/// Writes the script that runs wine with its folder.
fn write_launcher(launcher: &Path, loader: &Path, folder: &Path) -> Result<()> {
    let place = loader.strip_prefix(folder);
    let loader = match place {
        Ok(place) => format!("$here/{}", place.display()),
        Err(_) => loader.display().to_string(),
    };
    let libraries = match place {
        Ok(_) => "export LD_LIBRARY_PATH=\"$here/debian/usr/lib/x86_64-linux-gnu\"\n",
        Err(_) => "",
    };
    let server = loader.replace("wine64", "wineserver64");
    let script = format!(
        "#!/bin/sh\n\
         # Runs a program for Windows: `cargo xtask windows` made this.\n\
         here=$(cd \"$(dirname \"$0\")/..\" && pwd -P)\n\
         {libraries}\
         export WINEPREFIX=\"$here/prefix\" WINEARCH=win64 HOME=\"$here\" LC_ALL=C.UTF-8\n\
         export WINESERVER=\"{server}\" WINEDEBUG=\"${{WINEDEBUG:--all}}\"\n\
         # Neither menus of a desktop, nor questions in windows.\n\
         export WINEDLLOVERRIDES=\"winemenubuilder.exe,mscoree,mshtml=d\"\n\
         if [ \"${{1-}}\" = {TO_SERVER} ]; then shift; exec \"$WINESERVER\" \"$@\"; fi\n\
         [ ! -d \"$WINEPREFIX\" ] || \"$WINESERVER\" -p{SERVER_STAYS} 2>/dev/null\n\
         exec \"{loader}\" \"$@\"\n"
    );
    if super::is_made_of(launcher, &script) {
        return Ok(());
    }
    folders::write_script(launcher, &script)
}

/// Compiles the library, by Zig.
fn build_library(workspace: &Workspace, built: &Path, place: &Path) -> Result<()> {
    let source = built.with_extension("c");
    fs::write(&source, SOURCE).with_context(|| format!("cannot write {}", source.display()))?;
    let mut output = OsString::from("-o");
    output.push(built);
    let mut zig = Command::new(guests::fetch_zig(workspace)?);
    zig.env("ZIG_GLOBAL_CACHE_DIR", guests::zig_cache(workspace))
        .env("ZIG_LOCAL_CACHE_DIR", guests::zig_cache(workspace))
        .args([
            "cc",
            "-target",
            "x86_64-windows-gnu",
            "-shared",
            "-s",
            "-O2",
        ])
        .arg(output)
        .arg(&source)
        .arg("-ladvapi32");
    process::run(&mut zig)?;
    if let Err(error) = fs::copy(built, place) {
        bail!(
            "cannot copy {} to {}: {error}",
            built.display(),
            place.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_of_drive_c_or_z() {
        let wine = Wine {
            launcher: PathBuf::new(),
            drive_c: "/p/drive_c".into(),
        };
        assert_eq!(wine.path(Path::new("/a b/c.d")), r"Z:\a b\c.d");
        assert_eq!(wine.path(Path::new("/p/drive_c/a/b")), r"C:\a\b");
    }

    #[test]
    fn the_mark_takes_no_room() {
        let marked = marked_as_wines_own(vec![7; 128]);
        assert_eq!((marked.len(), marked[63], marked[96]), (128, 7, 7));
        assert_eq!(&marked[64..80], b"Wine builtin DLL");
        assert_eq!(marked_as_wines_own(vec![7; 70]), vec![7; 70]);
    }
}
