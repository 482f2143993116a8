//! `cachewarden doctor`: looks at the set-up as a build would meet it, and says what to type.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::Parser;

use crate::policy::Policy;
use crate::session::Pattern;
use crate::store::Store;

use super::arguments::{Arguments, HelperOptions, shown};
use super::helper::{compiled_cache, settings};
use super::output;

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
    let variable = go_env("GOCACHEPROG");
    // What go would run is what is looked at, unless the command line names a policy to look at.
    let in_use = variable.as_deref().ok().and_then(helper_options);
    let options = match in_use {
        Some(in_use) if options.policy.is_none() => &HelperOptions {
            dir: options.dir.clone().or(in_use.dir),
            allow_shared_store: options.allow_shared_store || in_use.allow_shared_store,
            ..in_use
        },
        _ => options,
    };
    let findings = [
        ("store", check_store(options)),
        ("policy", check_policy(options)),
        ("go", check_go_version()),
        (
            "GOCACHEPROG",
            variable.and_then(|value| check_variable(&program, value)),
        ),
        ("GOCACHE", check_gocache()),
        ("a build", check_build(&program, options)),
    ];
    let mut healthy = true;
    for (subject, finding) in findings {
        match finding {
            Ok(text) => output::print(&format!("ok     {subject}: {text}\n"))?,
            Err(Advice { problem, remedy }) => {
                healthy = false;
                output::print(&format!(
                    "wrong  {subject}: {problem}\n       -> {remedy}\n"
                ))?;
            }
        }
    }
    Ok(match healthy {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(super::FINDING),
    })
}

/// The options within a value of GOCACHEPROG that starts this program.
fn helper_options(value: &str) -> Option<HelperOptions> {
    let fields = split_quoted(value)?;
    let program = Path::new(fields.first()?);
    let is_this = program.canonicalize().ok() == std::env::current_exe().ok()?.canonicalize().ok();
    let name = program.file_name()?.to_str()?;
    let is_ours = is_this || name.starts_with("cachewarden");
    let arguments = Arguments::try_parse_from(fields).ok()?;
    is_ours.then_some(arguments.helper)
}

/// Splits as cmd/go does: at spaces, but not within a field that stands whole in quotes (protocol.md, 17).
fn split_quoted(value: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = value.trim_start();
    while let Some(first) = rest.chars().next() {
        let (field, after) = match first {
            '\'' | '"' => rest[1..].split_once(first)?,
            _ => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        fields.push(field.to_owned());
        rest = after.trim_start();
    }
    Some(fields)
}

fn check_store(options: &HelperOptions) -> Result<String, Advice> {
    let remedy = "name a folder of yours with --dir, or make this one writable";
    let folder = options
        .store_folder()
        .map_err(|error| advice(format!("{error:#}"), remedy))?;
    let store = Store::open(&folder, None, options.sharing())
        .map_err(|error| advice(error.to_string(), remedy))?;
    store.try_to_write().map_err(|error| {
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
    let policy = Policy::load(source, options.limits(), compiled_cache().as_ref(), || {})
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

fn check_variable(program: &Path, value: String) -> Result<String, Advice> {
    let set = format!(
        "export GOCACHEPROG=\"'{}'\"   (or: go env -w GOCACHEPROG=\"'{}'\")",
        program.display(),
        program.display()
    );
    if value.is_empty() {
        return Err(advice("not set: go uses its own cache", set));
    }
    if helper_options(&value).is_none() {
        let problem =
            format!("`{value}` is another helper, or has an option that cachewarden does not know");
        return Err(advice(problem, set));
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
    let remedy = "mend what it says, or run it by hand with -v";
    let failed = |error: std::io::Error| advice(error.to_string(), remedy);
    let work = tempfile::tempdir().map_err(failed)?;
    let path = |name: &str| work.path().join(name);
    for folder in ["module", "store", "gocache"] {
        fs::create_dir(path(folder)).map_err(failed)?;
    }
    fs::write(path("module/go.mod"), "module doctor\n\ngo 1.21\n").map_err(failed)?;
    fs::write(path("module/doctor.go"), "// Package doctor is compiled once.\npackage doctor\n\n// Answer is exported.\nfunc Answer() int { return 42 }\n").map_err(failed)?;
    let limits = options.limits();
    let patterns = |patterns: &[Pattern]| {
        let texts: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
        texts.join(",")
    };
    let mut settings = vec![
        ("GOCACHEPROG", format!("'{}' -v", program.display())),
        ("CACHEWARDEN_DIR", path("store").display().to_string()),
        ("CACHEWARDEN_SCOPE", options.scope.to_string()),
        ("CACHEWARDEN_RECORD", String::new()),
        (
            "CACHEWARDEN_SETTINGS",
            options.settings.clone().unwrap_or_default(),
        ),
        ("CACHEWARDEN_LABEL_ENV", options.label_env.join(",")),
        ("CACHEWARDEN_ALLOW_READ", patterns(&options.allow_read)),
        ("CACHEWARDEN_ALLOW_WRITE", patterns(&options.allow_write)),
        ("CACHEWARDEN_POLICY_MEMORY", format!("{}B", limits.memory)),
        (
            "CACHEWARDEN_POLICY_DEADLINE",
            humantime::format_duration(limits.deadline).to_string(),
        ),
        (
            "CACHEWARDEN_POLICY_BUDGET",
            humantime::format_duration(limits.budget).to_string(),
        ),
    ];
    if let Some(source) = &options.policy {
        settings.push(("CACHEWARDEN_POLICY", shown(&source.file)));
    }
    let labels: Vec<_> = options
        .label
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    settings.push(("CACHEWARDEN_LABEL", labels.join("\n")));
    let mut last = String::new();
    for _ in 0..2 {
        let output = Command::new("go")
            .args(["build", "./..."])
            .current_dir(path("module"))
            .envs(settings.iter().map(|(name, value)| (name, value)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_split_as_go_splits_it() {
        let split = |value| split_quoted(value).unwrap();
        assert_eq!(
            split(" a  -v\t--dir 'x y' \"z'\" "),
            ["a", "-v", "--dir", "x y", "z'"]
        );
        assert_eq!(split_quoted("'open"), None);
        assert!(helper_options("'/usr/bin/cachewarden' --policy 'a b.wasm'").is_some());
        assert!(helper_options("go-cacher -v").is_none());
        assert!(helper_options("cachewarden --no-such-option").is_none());
    }
}
