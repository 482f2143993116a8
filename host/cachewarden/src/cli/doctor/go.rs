//! What the go command is, and what it is told: GOCACHEPROG and GOCACHE.

use std::path::PathBuf;
use std::process::Command;

use crate::cli::advice::{Advice, advice};
use crate::cli::failure::Failure;
use crate::cli::go_version::{FIRST_MINOR, minor};
use crate::cli::gocacheprog::InUse;
use crate::cli::paths::{HOME, variable};

use super::{Asked, Finding, Well};

pub(in crate::cli) fn check_go_version() -> Finding {
    let version = go_env("GOVERSION")?;
    match minor(&version) {
        Some(minor) if minor < 21 => Err(advice(
            format!("{version} does not know GOCACHEPROG"),
            "install Go 1.24 or later",
        )),
        Some(minor) if minor < FIRST_MINOR => Ok(Well {
            text: format!(
                "{version} knows GOCACHEPROG only where it was built with GOEXPERIMENT=cacheprog; Go 1.24 and later always do"
            ),
            notes: Vec::new(),
            is_in_doubt: true,
        }),
        _ => Ok(version.into()),
    }
}

/// What go starts. `fault` keeps the layers below the command line from being read.
pub(super) fn check_variable(
    value: String,
    in_use: Option<Result<InUse, Advice>>,
    proposal: String,
    asked: Asked,
    fault: Option<&Failure>,
) -> Finding {
    match in_use {
        // A tier may be all right before go uses it.
        None if asked == Asked::Tiers => Ok(Well {
            text: "not set: go uses its own cache, and no tier".to_owned(),
            notes: vec![format!("to build with what was asked about: {proposal}")],
            is_in_doubt: true,
        }),
        None => Err(advice("not set: go uses its own cache", proposal)),
        Some(Err(Advice { problem, .. }))
            if fault.is_some_and(|fault| problem.contains(fault.text())) =>
        {
            Ok(Well {
                text: format!("{value}: not looked at, see to the options above first"),
                notes: Vec::new(),
                is_in_doubt: true,
            })
        }
        Some(Err(Advice { problem, remedy })) if remedy.is_empty() => {
            Err(advice(problem, proposal))
        }
        Some(Err(other)) => Err(other),
        Some(Ok(_)) => Ok(Well {
            text: value,
            notes: match asked {
                Asked::Nothing => Vec::new(),
                Asked::Tiers | Asked::Options => vec![format!(
                    "to build with the options that were asked about: {proposal}"
                )],
            },
            is_in_doubt: false,
        }),
    }
}

pub(in crate::cli) fn check_gocache() -> Finding {
    let value = go_env("GOCACHE")?;
    if value == "off" && variable("GOCACHE").is_none() {
        return Err(advice(
            format!(
                "go finds no folder for its cache, and builds nothing without one, since {HOME} is not set"
            ),
            format!("set {HOME}, or GOCACHE to a folder of yours"),
        ));
    }
    let remedy =
        "unset it, or set it to a folder of yours: go keeps fuzzing data there even with a helper";
    if !PathBuf::from(&value).is_absolute() {
        return Err(advice(format!("`{value}` is no absolute path"), remedy));
    }
    Ok(value.into())
}

pub(super) fn go_env(name: &str) -> Result<String, Advice> {
    let output = Command::new("go")
        .args(["env", name])
        .output()
        .map_err(|error| {
            advice(
                format!("cannot run go: {error}"),
                "install Go, or put it on the PATH",
            )
        })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
