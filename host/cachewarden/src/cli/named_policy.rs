//! Policies that come with the program, by their names: `--policy trusted-branches`.
//!
//! Packages put them beside the program or where the system shares files. A name has no `/` and no
//! dot, so that it cannot be taken for a path; whoever means a file of that name writes `./NAME`.

use std::fs;
use std::path::{Path, PathBuf};

use super::gocacheprog::own_program;

/// Where they are, as seen from the program's folder: in an archive and an npm package, and in a
/// package of a system or of Python.
const FOLDERS: [&str; 2] = ["policies", "../share/cachewarden/policies"];

const ENDING: &str = "wasm";

/// The file of the policy, if this is a name; `None` where it is a path.
///
/// # Errors
/// Where no policy of this name is there, with those that are.
pub(super) fn find(text: &Path) -> Result<Option<PathBuf>, String> {
    let Some(name) = text.to_str().filter(|text| is_name(text)) else {
        return Ok(None);
    };
    let program = own_program().map_err(|failure| failure.text().to_owned())?;
    find_beside(&program, name).map(Some)
}

fn is_name(text: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    !text.is_empty() && text.chars().all(letters)
}

fn find_beside(program: &Path, name: &str) -> Result<PathBuf, String> {
    let folders = FOLDERS.map(|folder| folder_of(program).join(folder));
    let files = folders
        .iter()
        .map(|folder| folder.join(name).with_extension(ENDING));
    if let Some(file) = files.into_iter().find(|file| file.is_file()) {
        return Ok(fs::canonicalize(&file).unwrap_or(file));
    }
    let names = names_in(&folders);
    let there = match names.is_empty() {
        true => format!(
            "and none are here: neither {} nor {} is a folder with policies",
            folders[0].display(),
            folders[1].display()
        ),
        false => format!("and these are here: {}", names.join(", ")),
    };
    Err(format!(
        "a name without `/` and `.{ENDING}` is one of the policies that come with cachewarden, {there}. A policy of yours is a path, such as /PATH/{name}.{ENDING}"
    ))
}

/// A link to the program is not where its package is.
fn folder_of(program: &Path) -> PathBuf {
    let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    program.parent().unwrap_or(Path::new("/")).to_owned()
}

fn names_in(folders: &[PathBuf]) -> Vec<String> {
    let files = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let files = files.flatten().flatten().map(|file| file.path());
    let policies = files.filter(|file| file.extension().is_some_and(|end| end == ENDING));
    let mut names: Vec<_> = policies
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        for name in ["trusted-branches", "allow_all", "x2"] {
            assert!(is_name(name), "{name}");
        }
        for path in [
            "",
            "./slim",
            "slim.wasm",
            "a/b",
            "~",
            "$HOME",
            "s3://x",
            "-/",
        ] {
            assert!(!is_name(path), "{path}");
        }
    }

    #[test]
    fn a_policy_is_found_as_each_package_has_it() {
        for layout in ["bin/policies", "share/cachewarden/policies"] {
            let package = tempfile::tempdir().unwrap();
            let program = package.path().join("bin/cachewarden");
            fs::create_dir(package.path().join("bin")).unwrap();
            fs::write(&program, "").unwrap();
            let told = find_beside(&program, "slim").unwrap_err();
            assert!(told.contains("none are here"), "{told}");
            let folder = package.path().join(layout);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("slim.wasm"), "").unwrap();
            fs::write(folder.join("README"), "").unwrap();
            let file = fs::canonicalize(folder.join("slim.wasm")).unwrap();
            assert_eq!(find_beside(&program, "slim"), Ok(file.clone()), "{layout}");
            // On Windows a link needs a right that few users have.
            #[cfg(unix)]
            {
                let link = package.path().join("link");
                std::os::unix::fs::symlink(&program, &link).unwrap();
                assert_eq!(find_beside(&link, "slim"), Ok(file), "{layout}");
            }
            let told = find_beside(&program, "slimm").unwrap_err();
            assert!(told.contains("are here: slim."), "{told}");
        }
    }
}
