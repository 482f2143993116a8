//! The value of GOCACHEPROG: what go would start, with which options, and what to type instead.

mod env_file;
mod program;
mod proposal;
mod words;

use std::path::{Path, PathBuf};

use super::advice::{Advice, advice, advice_on};
use super::arguments::{self, Arguments, HelperOptions, Origins, Stop};
use super::{CONNECT, daemon};

pub(super) use program::own_program;
use program::{is_cachewarden, is_same, program_at, program_name, resolve};
pub(super) use proposal::proposal;
use proposal::{instead, nearest_program};
use words::split;
pub(super) use words::value;

/// The variable.
pub(super) const VARIABLE: &str = "GOCACHEPROG";

/// The name of this program begins so, whatever its version or its folder.
const OWN_NAME: &str = "cachewarden";

const NO_ENV: &str = "--no-env";

/// The small program that only connects to a daemon.
const CONNECT_PROGRAM: &str = "cachewarden-connect";

/// What a value of GOCACHEPROG starts.
#[derive(Clone)]
pub(super) struct InUse {
    pub(super) program: PathBuf,
    pub(super) options: HelperOptions,
    /// Those that the configuration file does not say, where there is one.
    pub(super) beside_file: Option<HelperOptions>,
    pub(super) no_env: bool,
    /// Where the options are from that the value does not have.
    pub(super) origins: Origins,
}

/// Why a value names no store.
pub(super) enum NoStore {
    /// It starts another program.
    OtherHelper,
    /// It connects to a daemon, which has a store of its own.
    OfDaemon,
    /// It has a mistake, which this text tells.
    Mistake(String),
}

/// The value that go uses: the variable's, or what `go env -w` has kept. `None` where there is
/// none.
pub(super) fn in_force() -> Option<String> {
    exported().or_else(kept)
}

/// The value of the environment, which wins over what go keeps.
pub(super) fn exported() -> Option<String> {
    let of_variable = std::env::var(VARIABLE).ok();
    of_variable.filter(|value| !value.trim().is_empty())
}

/// The value that `go env -w` has kept.
pub(super) fn kept() -> Option<String> {
    env_file::value(VARIABLE).filter(|value| !value.trim().is_empty())
}

/// The same value with this program named so; `None` where it starts another one.
pub(super) fn renamed(value: &str, own: &Path) -> Option<String> {
    let fields = split(value)?;
    let (name, options) = fields.split_first()?;
    let is_own = resolve(name).is_ok_and(|program| is_same(&program, own));
    is_own.then(|| words::value(own, options).ok())?
}

/// The options with which a value connects to a daemon; `None` where it starts a helper of its own.
pub(super) fn connects(value: &str) -> Option<Vec<String>> {
    let fields = split(value)?;
    let (program, mut words) = fields.split_first()?;
    let name = program_name(Path::new(program));
    match words.split_first() {
        _ if name == CONNECT_PROGRAM => {}
        Some((verb, rest)) if verb == CONNECT && name.starts_with("cachewarden") => {
            words = rest;
        }
        _ => return None,
    }
    Some(words.to_vec())
}

/// Reads a value that starts this program, which is `own`. An advice without a remedy is to set the
/// variable anew.
pub(super) fn read(value: &str, own: &Path) -> Result<InUse, Advice> {
    let fields = split(value).ok_or_else(|| open_quote(value))?;
    let name = fields.first().cloned().unwrap_or_default();
    let program = resolve(&name).map_err(|why| {
        let problem = format!("`{name}` in `{value}` {why}: every go command fails");
        advice(problem, instead(own, &fields, value))
    })?;
    is_cachewarden(&program, own, value)?;
    in_use(&program, fields, value)
}

/// Fails where a helper would refuse a value that starts this program, which is `own`.
pub(super) fn check(value: &str, own: &Path) -> Result<(), Advice> {
    if let Some(words) = connects(value) {
        return daemon::check_connection(value, &words);
    }
    let InUse {
        options, origins, ..
    } = read(value, own)?;
    options.check_as_a_helpers().map_err(|failure| {
        let failure = failure.map_text(|text| format!("`{value}`: {}", origins.named_in(text)));
        advice_on(failure, "correct the value, or the configuration file")
    })
}

/// What a value means by its words alone: for a verb that only wants to know the store, and is to
/// start no program that a variable names. `no_env` keeps variables from the options.
pub(super) fn by_its_words(value: &str, no_env: bool) -> Result<InUse, NoStore> {
    let mistake = |advice: Advice| NoStore::Mistake(advice.problem);
    if let Some(words) = connects(value) {
        daemon::check_connection(value, &words).map_err(mistake)?;
        return Err(NoStore::OfDaemon);
    }
    let mut fields = split(value).ok_or_else(|| mistake(open_quote(value)))?;
    let name = fields.first().cloned().unwrap_or_default();
    if !program_name(Path::new(&name)).starts_with(OWN_NAME) {
        // A name that is nearly this program's may be one of another helper, if there is such one.
        return Err(match (nearest_program(&name), resolve(&name)) {
            (Some(_), Err(why)) => NoStore::Mistake(format!("`{name}` in `{value}` {why}")),
            _ => NoStore::OtherHelper,
        });
    }
    let has_no_env = fields.iter().any(|field| field == NO_ENV);
    if no_env && !has_no_env {
        fields.insert(1, NO_ENV.to_owned());
    }
    in_use(Path::new(&name), fields, value).map_err(mistake)
}

fn open_quote(value: &str) -> Advice {
    let problem = format!("`{value}` has a quote that is not closed");
    advice(problem, "close it, or leave it out")
}

fn in_use(program: &Path, fields: Vec<String>, value: &str) -> Result<InUse, Advice> {
    let Arguments {
        helper,
        no_env,
        origins,
        ..
    } = options(fields, value)?;
    Ok(InUse {
        program: program.to_owned(),
        options: helper,
        beside_file: origins.options_beside_file(),
        no_env,
        origins,
    })
}

/// The options within the fields of a value.
fn options(fields: Vec<String>, value: &str) -> Result<Arguments, Advice> {
    let fields = fields.into_iter().map(Into::into).collect();
    let arguments = arguments::read(fields).map_err(|stop| {
        let remedy = "correct this word of GOCACHEPROG, or the variable or the configuration file that is named; cachewarden --help lists the options";
        match stop {
            Stop::Help(_) => advice(format!("`{value}` asks for help, and go would wait for a helper"), remedy),
            Stop::Failed(failure) => {
                // What is wrong, and what clap takes it for; not the usage.
                let tips: Vec<_> = failure
                    .below()
                    .map(str::trim)
                    .filter(|line| line.starts_with("tip: "))
                    .map(str::to_owned)
                    .collect();
                let told = |text| [vec![text], tips].concat().join("; ");
                advice_on(failure.map_text(|text| format!("`{value}`: {}", told(text))), remedy)
            }
        }
    })?;
    match arguments.verb {
        None => Ok(arguments),
        Some(_) => Err(advice(
            format!("`{value}` names a verb, and go would wait for a helper"),
            "leave the verb out",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_connects_is_known_by_its_program_or_its_verb() {
        for value in [
            "cachewarden connect --socket /s",
            "'/opt/a b/cachewarden' connect --socket /s -v",
            "/usr/bin/cachewarden-connect --socket /s",
        ] {
            let words = connects(value).expect("it connects");
            assert_eq!(words[..2], ["--socket", "/s"], "{value}");
        }
        for value in [
            "cachewarden",
            "cachewarden --dir /connect",
            "other connect",
            "",
            "'open",
        ] {
            assert!(connects(value).is_none(), "{value}");
        }
    }

    #[test]
    fn the_wrong_word_is_named() {
        let told = |option: &str| {
            let fields = ["cachewarden", "--no-env", option, "x"].map(str::to_owned);
            options(fields.to_vec(), "VALUE").unwrap_err().problem
        };
        let problem = told("--polcy");
        assert!(
            problem.contains("--polcy") && problem.contains("--policy"),
            "{problem}"
        );
        assert!(told("--max-size").contains("--max-size"));
        assert!(
            resolve("no-such-program-anywhere")
                .unwrap_err()
                .contains("PATH")
        );
        let absolute = std::path::absolute("/nowhere/cachewarden").unwrap();
        let why = resolve(absolute.to_str().unwrap()).unwrap_err();
        assert!(why.contains("exist"), "{why}");
        assert!(resolve("./cachewarden").unwrap_err().contains("relative"));
    }
}
