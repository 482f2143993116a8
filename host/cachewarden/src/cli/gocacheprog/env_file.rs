//! What `go env -w` has kept, without a go command: one may have to be fetched first, and leaves
//! files behind.

use std::fs;
use std::path::PathBuf;

use crate::cli::paths::{user_config_folder, variable};

/// The variable that names the file, or says that there is none.
const VARIABLE: &str = "GOENV";

/// The value of a variable in the user's file.
pub(super) fn value(name: &str) -> Option<String> {
    in_text(&fs::read_to_string(file()?).ok()?, name)
}

/// The file, as cmd/go finds it.
fn file() -> Option<PathBuf> {
    match variable(VARIABLE) {
        Some(named) if named == "off" => None,
        Some(named) => Some(named.into()),
        None => Some(user_config_folder()?.join("go/env")),
    }
}

/// The value in a text of lines `NAME=VALUE`, of which the last one counts.
fn in_text(text: &str, name: &str) -> Option<String> {
    let mut values = text.lines().filter_map(|line| {
        let (variable, value) = line.split_once('=')?;
        (variable == name).then(|| value.to_owned())
    });
    values.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_variable_counts() {
        let text = "# GOCACHEPROG=no\nGOFLAGS=-v\nGOCACHEPROG=a --b='c=d'\nGOCACHEPROG=e f\nODD\n";
        assert_eq!(in_text(text, "GOCACHEPROG").as_deref(), Some("e f"));
        assert_eq!(in_text(text, "GOFLAGS").as_deref(), Some("-v"));
        assert_eq!(in_text(text, "ODD"), None);
    }
}
