//! Keeps the paths of this machine out of what is built to be given away: the compiler writes them
//! into texts of panics, and then no other machine builds the same bytes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Options of the compiler, and what cargo has between them: a path may contain a space.
const OPTIONS: &str = "CARGO_ENCODED_RUSTFLAGS";
const SEPARATOR: &str = "\x1f";

/// The folders of this machine, and what stands for each. The most special is last: it wins.
pub(crate) struct PrivatePaths(Vec<(PathBuf, &'static str)>);

impl PrivatePaths {
    pub(crate) fn of_this_machine(workspace: &Workspace) -> Result<PrivatePaths> {
        let home = std::env::home_dir().context("this user has no home folder")?;
        let cargo = std::env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty());
        let cargo = cargo.map_or_else(|| home.join(".cargo"), PathBuf::from);
        let sysroot = process::read(Command::new("rustc").args(["--print", "sysroot"]))?;
        Ok(PrivatePaths(vec![
            (home, "/home"),
            (cargo, "/cargo"),
            (sysroot.into(), "/rust"),
            (workspace.root().to_owned(), "/cachewarden"),
        ]))
    }

    /// Adds a folder, and what stands for it.
    pub(crate) fn add(&mut self, folder: PathBuf, name: &'static str) {
        self.0.push((folder, name));
    }

    /// Lets a command of cargo write other names, and gives the compiler `options` as well.
    /// Options that the user has set do not count: they would be in the program.
    pub(crate) fn hide(&self, command: &mut Command, options: &[&str]) {
        let all = |option: &str, separator: &str| {
            let map = |(from, to): &(PathBuf, &str)| format!("{option}={}={to}", from.display());
            self.0.iter().map(map).collect::<Vec<_>>().join(separator)
        };
        let mut rust = vec![all("--remap-path-prefix", SEPARATOR)];
        rust.extend(options.iter().map(|option| (*option).to_owned()));
        command
            .env_remove("RUSTFLAGS")
            .env(OPTIONS, rust.join(SEPARATOR))
            // Sources in C have their own paths in assertions.
            .env("CFLAGS", all("-ffile-prefix-map", " "));
    }

    /// The first folder whose name is in a program.
    pub(crate) fn find_in(&self, program: &[u8]) -> Option<&Path> {
        let is_there = |path: &Path| {
            // Followed by a slash: `/root` alone is a part of many texts.
            let name = format!("{}/", path.display());
            let mut places = program.windows(name.len());
            places.any(|place| place == name.as_bytes())
        };
        let mut paths = self.0.iter().map(|(path, _)| path.as_path());
        paths.find(|path| is_there(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_machine_is_found_in_a_program() {
        let paths = PrivatePaths(vec![
            ("/home/user".into(), "/home"),
            ("/src/cachewarden".into(), "/cachewarden"),
        ]);
        let found = paths.find_in(b"\0/src/cachewarden/host/a.rs\0");
        assert_eq!(found, Some(Path::new("/src/cachewarden")));
        assert_eq!(paths.find_in(b"\0/cachewarden/host/a.rs\0"), None);
    }

    /// A checkout is mostly in the home folder, and the last option that fits counts.
    #[test]
    fn a_folder_in_the_home_folder_has_a_name_of_its_own() {
        let workspace = Workspace::find().unwrap();
        let mut command = Command::new("cargo");
        let paths = PrivatePaths::of_this_machine(&workspace).unwrap();
        paths.hide(&mut command, &["-Cone"]);
        let mut variables = command.get_envs();
        let options = variables.find_map(|(name, value)| (name == OPTIONS).then_some(value?));
        let options = options.unwrap().to_str().unwrap();
        assert!(options.starts_with("--remap-path-prefix="), "{options}");
        let end = format!("=/cachewarden{SEPARATOR}-Cone");
        assert!(options.ends_with(&end), "{options}");
    }
}
