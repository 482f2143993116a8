//! What a repository has for a CI service already, and where in it the lines belong.
//!
//! The repository may be what others have committed: no link is followed, nothing but a regular file
//! is opened, and a file that is too large or no text is passed over.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use cachewarden_system::safe_open::follow_no_link;

/// Bytes of a file that is looked into: GitHub takes workflows of half of it.
const MAX_SIZE: u64 = 1024 * 1024;

/// Files of a folder that are looked into; who has more knows where he has put what.
const MAX_FILES: usize = 100;

/// Lines of a file that are named: they show what the others are like, and a screen has room for them.
const MAX_LINES: usize = 20;

/// The commands of go that use the cache.
const COMMANDS: [&str; 7] = ["build", "generate", "install", "list", "run", "test", "vet"];

/// A file that does not name this program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From the folder that was given.
    pub(super) path: PathBuf,
    /// The first lines that are wanted, from 1 on.
    pub(super) lines: Vec<usize>,
}

/// The first lines in each file that are wanted. `path` names a file, or a folder of YAML files, in the
/// folder `start`.
pub(super) fn places(start: &Path, path: &Path, is_wanted: fn(&str) -> bool) -> Vec<Place> {
    let mut paths = match fs::read_dir(start.join(path)) {
        Ok(files) => yaml_files(files, path),
        Err(_) => vec![path.to_owned()],
    };
    paths.sort();
    let place = |path: PathBuf| {
        let text = String::from_utf8(read(&start.join(&path), MAX_SIZE)?).ok()?;
        let is_set_up = text.contains("cachewarden");
        let lines = (1..).zip(text.lines());
        let lines = lines.filter(|(_, line)| is_wanted(line));
        let lines = lines.map(|(number, _)| number).take(MAX_LINES).collect();
        (!is_set_up).then_some(Place { path, lines })
    };
    paths.into_iter().filter_map(place).collect()
}

fn yaml_files(files: fs::ReadDir, folder: &Path) -> Vec<PathBuf> {
    let paths = files.flatten().map(|file| folder.join(file.file_name()));
    let is_yaml = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| end == "yml" || end == "yaml")
    };
    paths.filter(is_yaml).take(MAX_FILES).collect()
}

/// Reads a regular file of at most so many bytes; `None` for everything else.
pub(super) fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    // A pipe or a device is not even opened.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let file = follow_no_link(File::options().read(true)).open(path).ok()?;
    let mut bytes = Vec::new();
    // One byte more tells a longer file.
    file.take(most + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= most).then_some(bytes)
}

/// Whether a line of a workflow is the step that installs Go.
pub(super) fn sets_up_go(line: &str) -> bool {
    !is_comment(line) && line.contains("actions/setup-go@")
}

/// Whether a line of a script runs a go command that uses the cache.
pub(super) fn runs_go(line: &str) -> bool {
    let words: Vec<&str> = line
        .split(|character: char| !character.is_ascii_alphanumeric() && !"-_./".contains(character))
        .collect();
    let is_go = |pair: &[&str]| pair[0] == "go" && COMMANDS.contains(&pair[1]);
    !is_comment(line) && words.windows(2).any(is_go)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_runs_go_is_told_from_others() {
        for line in [
            "    - go test -trimpath ./...",
            "RUN go build -o /out/ .",
            "RUN --mount=type=cache,target=/x CGO_ENABLED=0 go build .",
            "  script: [\"go vet ./...\"]",
            "make && go generate ./...",
        ] {
            assert!(runs_go(line), "{line}");
        }
        for line in [
            "# go test ./...",
            "RUN go mod download",
            "image: golang:1.26",
            "  - cargo test",
            "  - ./go test",
            "name: go-test",
            "",
        ] {
            assert!(!runs_go(line), "{line}");
        }
        assert!(sets_up_go("      - uses: actions/setup-go@v6"));
        assert!(!sets_up_go("      # - uses: actions/setup-go@v6"));
        assert!(!sets_up_go("      - uses: actions/setup-node@v4"));
    }
}
