//! What to type instead of a value: the program and its options, so that nothing is lost that the
//! value says.

use std::path::{Path, PathBuf};

use cachewarden_types::nearest_name;

use crate::cli::{daemon, shells};

use super::words::value;
use super::{
    CONNECT, CONNECT_PROGRAM, InUse, OWN_NAME, in_use, is_cachewarden, program_at, program_name,
    resolve,
};

/// What to type so that go uses this program with these options.
pub(in crate::cli) fn proposal(wanted: &InUse) -> String {
    match value_of(wanted) {
        Ok(value) => shells::set(&value),
        Err(word) => format!(
            "{word} has both kinds of quotes, and GOCACHEPROG cannot name it; put it into a file (--settings @FILE)"
        ),
    }
}

/// The value that starts this program with these options; the word that it cannot say otherwise.
fn value_of(wanted: &InUse) -> Result<String, String> {
    // What the file says stays there: its pin and its later versions go on counting.
    let mut words = match (&wanted.origins.file, &wanted.beside_file) {
        (Some(file), Some(options)) => {
            [vec!["--config".into(), file.word.clone()], options.words()].concat()
        }
        _ => wanted.options.words(),
    };
    // Every option is said, also one that came from a variable, which would be added to it.
    if wanted.no_env || !words.is_empty() {
        words.insert(0, "--no-env".into());
    }
    value(&wanted.program, &words)
}

/// The program of this project that a mistyped name is nearest to.
pub(super) fn nearest_program(name: &str) -> Option<&'static str> {
    nearest_name(&program_name(Path::new(name)), [OWN_NAME, CONNECT_PROGRAM])
}

/// What to type instead of a value whose program is not there: the nearest program with the same
/// options. Empty where none is near.
pub(super) fn instead(own: &Path, fields: &[String], value: &str) -> String {
    let Some((name, options)) = fields.split_first() else {
        return String::new();
    };
    let nearest = nearest_program(name);
    let connecting = match options.split_first() {
        Some((verb, options)) if nearest.is_some() && verb == CONNECT => Some(options),
        _ => (nearest == Some(CONNECT_PROGRAM)).then_some(options),
    };
    let connecting = connecting.and_then(|options| connecting_with(own, options));
    let helper = || {
        let meant = nearest.and_then(|_| in_use(own, fields.to_vec(), value).ok());
        value_of(&meant.or_else(|| with_a_space(own, fields, value))?).ok()
    };
    match (connecting.or_else(helper), nearest) {
        (Some(meant), _) => shells::set(&meant),
        // Without its options another cache would be proposed than is meant.
        (None, Some(nearest)) => {
            format!("name the program {nearest}, if that is meant, and ask again")
        }
        (None, None) => String::new(),
    }
}

/// The value that connects with these options; `None` where they are wrong.
fn connecting_with(own: &Path, options: &[String]) -> Option<String> {
    daemon::check_connection(CONNECT, options).ok()?;
    let beside = program_at(&own.with_file_name(CONNECT_PROGRAM));
    match beside.or_else(|| resolve(CONNECT_PROGRAM).ok()) {
        Some(program) => value(&program, options).ok(),
        // This program connects too.
        None => value(own, &[&[CONNECT.to_owned()], options].concat()).ok(),
    }
}

/// What a value means whose program has spaces in its path and no quotes.
fn with_a_space(own: &Path, fields: &[String], value: &str) -> Option<InUse> {
    (2..=fields.len()).find_map(|count| {
        let program = PathBuf::from(fields[..count].join(" "));
        let program = program_at(&program).filter(|program| program.is_absolute())?;
        is_cachewarden(&program, own, value).ok()?;
        in_use(&program, fields[count - 1..].to_vec(), value).ok()
    })
}
