//! `cachewarden doctor`: looks at the set-up as a build would meet it, and says what to type.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use anyhow::Context;

use crate::policy::Policy;
use crate::store::Store;

use super::arguments::{HelperOptions, shown};
use super::helper::{compiled_cache, settings};
use super::output;

/// A finding: what was looked at, and what came of it.
struct Finding {
    subject: &'static str,
    result: Result<String, Advice>,
}

/// What is wrong, and what to do.
struct Advice {
    problem: String,
    remedy: String,
}

fn advice(problem: impl Into<String>, remedy: impl Into<String>) -> Advice {
    Advice {
        problem: problem.into(),
        remedy: remedy.into(),
    }
}

/// Prints every finding; exit code 1 where something is wrong.
pub(super) fn run(options: &HelperOptions) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("this program does not know its own path")?;
    let findings = [
        Finding {
            subject: "store",
            result: check_store(options),
        },
        Finding {
            subject: "policy",
            result: check_policy(options),
        },
        Finding {
            subject: "go",
            result: check_go_version(),
        },
        Finding {
            subject: "GOCACHEPROG",
            result: check_variable(&program),
        },
        Finding {
            subject: "GOCACHE",
            result: check_gocache(),
        },
        Finding {
            subject: "a build",
            result: check_build(&program, options),
        },
    ];
    let mut healthy = true;
    for Finding { subject, result } in &findings {
        match result {
            Ok(text) => output::print(&format!("ok     {subject}: {text}\n"))?,
            Err(Advice { problem, remedy }) => {
                healthy = false;
                output::print(&format!(
                    "wrong  {subject}: {problem}\n       -> {remedy}\n"
                ))?;
            }
        }
    }
    Ok(ExitCode::from(u8::from(!healthy)))
}

fn check_store(options: &HelperOptions) -> Result<String, Advice> {
    let remedy = "name a folder of yours with --dir, or make this one writable";
    let folder = options
        .store_folder()
        .map_err(|error| advice(format!("{error:#}"), remedy))?;
    Store::open(&folder, None).map_err(|error| advice(error.to_string(), remedy))?;
    tempfile::NamedTempFile::new_in(&folder).map_err(|error| {
        advice(
            format!("{} cannot be written: {error}", folder.display()),
            remedy,
        )
    })?;
    Ok(folder.display().to_string())
}

fn check_policy(options: &HelperOptions) -> Result<String, Advice> {
    let Some(source) = &options.policy else {
        return Ok(
            "none given: a plain cache (cachewarden --policy FILE doctor looks at one)".into(),
        );
    };
    settings(options.settings.as_deref())
        .map_err(|error| advice(format!("{error:#}"), "mend --settings"))?;
    let policy = Policy::load(source, options.limits(), compiled_cache().as_ref())
        .map(Arc::new)
        .map_err(|error| advice(error.to_string(), "mend --policy"))?;
    Ok(format!(
        "{}, SHA-256 {}",
        shown(&source.file),
        policy.digest()
    ))
}

fn check_go_version() -> Result<String, Advice> {
    let version = go_env("GOVERSION")?;
    let minor = version
        .strip_prefix("go1.")
        .and_then(|rest| rest.split('.').next())
        .and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(minor) if minor < 21 => Err(advice(
            format!("{version} does not know GOCACHEPROG"),
            "install Go 1.24 or later",
        )),
        Some(minor) if minor < 24 => Ok(format!(
            "{version}; it needs a toolchain that was built with GOEXPERIMENT=cacheprog (Go 1.24 does not)"
        )),
        _ => Ok(version),
    }
}

fn check_variable(program: &Path) -> Result<String, Advice> {
    let value = go_env("GOCACHEPROG")?;
    let set = format!(
        "export GOCACHEPROG=\"'{}'\"   (or: go env -w GOCACHEPROG=\"'{}'\")",
        program.display(),
        program.display()
    );
    if value.is_empty() {
        return Err(advice("not set: go uses its own cache", set));
    }
    if !value.contains("cachewarden") {
        return Err(advice(format!("set to another helper: {value}"), set));
    }
    Ok(value)
}

fn check_gocache() -> Result<String, Advice> {
    let value = go_env("GOCACHE")?;
    let remedy =
        "unset it, or set it to a folder of yours: go keeps fuzzing data there even with a helper";
    if !PathBuf::from(&value).is_absolute() {
        return Err(advice(format!("`{value}` is no absolute path"), remedy));
    }
    Ok(value)
}

/// Builds a small program through this very program, twice; the second time everything must be there.
fn check_build(program: &Path, options: &HelperOptions) -> Result<String, Advice> {
    let remedy = "run it by hand with -v and read what it says; the lines above may tell why";
    let failed = |error: std::io::Error| advice(error.to_string(), remedy);
    let work = tempfile::tempdir().map_err(failed)?;
    let path = |name: &str| work.path().join(name);
    for folder in ["module", "store", "gocache"] {
        fs::create_dir(path(folder)).map_err(failed)?;
    }
    fs::write(path("module/go.mod"), "module doctor\n\ngo 1.21\n").map_err(failed)?;
    fs::write(path("module/doctor.go"), "// Package doctor is compiled once.\npackage doctor\n\n// Answer is exported.\nfunc Answer() int { return 42 }\n").map_err(failed)?;
    let mut helper = format!(
        "'{}' -v --dir '{}'",
        program.display(),
        path("store").display()
    );
    if let Some(source) = &options.policy {
        helper.push_str(&format!(" --policy '{}'", shown(&source.file)));
    }
    let mut last = String::new();
    for _ in 0..2 {
        let output = Command::new("go")
            .args(["build", "./..."])
            .current_dir(path("module"))
            .env("GOCACHEPROG", &helper)
            .env("GOCACHE", path("gocache"))
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .output()
            .map_err(failed)?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(advice(format!("go build failed: {}", text.trim()), remedy));
        }
        last = text;
    }
    match last.lines().find(|line| line.contains(" gets, ")) {
        Some(line) => Ok(line.trim_start_matches("cachewarden: ").to_owned()),
        None => Err(advice(
            "go build did not use the helper",
            "this go command does not know GOCACHEPROG: install Go 1.24 or later",
        )),
    }
}

fn go_env(name: &str) -> Result<String, Advice> {
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
