//! zsh, fish, elvish and groff, in target/toolchains/bin/: programs that read what `cachewarden
//! completions` and `cachewarden man` write.
//!
//! Each has a launcher there. It starts the program of this machine, or else Debian's, which is
//! unpacked into target/toolchains/readers/ and not installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{debian, folders, guests, process};

/// A program, and Debian's package of it.
struct Reader {
    name: &'static str,
    package: &'static str,
    /// What it needs to find its own files where it was not installed; `$here` is where they are.
    settings: &'static str,
}

const READERS: [Reader; 4] = [
    Reader::new("zsh", "zsh"),
    Reader {
        name: "fish",
        package: "fish",
        settings: "functions=\"$here/usr/share/fish/functions\"
set -- --init-command=\"set -p fish_function_path '$functions'\" \"$@\"
",
    },
    Reader::new("elvish", "elvish"),
    Reader {
        name: "groff",
        package: "groff-base",
        settings: "export GROFF_BIN_PATH=\"$here/usr/bin\"
export GROFF_FONT_PATH=\"$here/usr/share/groff/current/font\"
export GROFF_TMAC_PATH=\"$here/etc/groff:$here/usr/share/groff/current/tmac\"
export PATH=\"$here/usr/bin:$PATH\"
",
    },
];

/// Where a package may have its program.
const FOLDERS: [&str; 2] = ["bin", "usr/bin"];

/// A program that cannot be had here.
pub(crate) struct Missing {
    /// The tests that need it have this in their names.
    pub(crate) tests: String,
    /// Its name, and why.
    pub(crate) reason: String,
}

/// Makes the launchers in a folder of toolchains. Returns the programs that cannot be had here; in
/// CI one is an error.
pub(crate) fn install(toolchains: &Path) -> Result<Vec<Missing>> {
    let mut missing = Vec::new();
    for reader in &READERS {
        if let Err(error) = reader.install(toolchains) {
            let reason = format!("{}: {error:#}", reader.name);
            println!("not here: {reason}");
            let tests = format!("completions::{}_", reader.name);
            missing.push(Missing { tests, reason });
        }
    }
    if guests::is_ci() && !missing.is_empty() {
        let reasons: Vec<_> = missing.iter().map(|missing| &*missing.reason).collect();
        bail!("{}", reasons.join("\n"));
    }
    Ok(missing)
}

impl Reader {
    const fn new(name: &'static str, package: &'static str) -> Self {
        Self {
            name,
            package,
            settings: "",
        }
    }

    /// Makes the launcher, unless there is one.
    fn install(&self, toolchains: &Path) -> Result<()> {
        let launcher = toolchains.join("bin").join(self.name);
        if launcher.exists() {
            return Ok(());
        }
        let script = match process::find(self.name) {
            Some(program) => format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.display()),
            None => self.unpack(toolchains)?,
        };
        folders::write_script(&launcher, &script)
    }

    /// Unpacks the package; returns the launcher's text.
    fn unpack(&self, toolchains: &Path) -> Result<String> {
        let place = PathBuf::from("readers").join(self.name);
        let folder = toolchains.join(&place);
        folders::remove(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        debian::unpack(&[self.package], &folder)
            .with_context(|| format!("install {} to have it tested", self.name))?;
        let program = FOLDERS.map(|bin| Path::new(bin).join(self.name));
        let program = program.iter().find(|path| folder.join(path).exists());
        let program = program.with_context(|| format!("{} has no program", self.package))?;
        let libraries = format!("{}-linux-gnu", std::env::consts::ARCH);
        Ok(format!(
            "#!/bin/sh
here=$(dirname \"$0\")/../{}
export LD_LIBRARY_PATH=\"$here/usr/lib/{libraries}:$here/lib/{libraries}\"
{}exec \"$here/{}\" \"$@\"
",
            place.display(),
            self.settings,
            program.display()
        ))
    }
}
