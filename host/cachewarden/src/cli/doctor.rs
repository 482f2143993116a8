//! `cachewarden doctor`: looks at the set-up as a build would meet it, and says what to type.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use cachewarden_policy_host::{Sandbox, pin};
use cachewarden_store::Store;

use super::arguments::{self, HelperOptions};
use super::helper::compiled_cache;
use super::output;
use super::paths::shown;
use super::settings::settings;

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
    let in_use = variable.as_deref().ok().map(helper_options);
    // A person's paths are those of the folder that the person is in.
    let typed = options.clone().with_absolute_paths()?;
    let (as_given, options) = match in_use {
        Some(Ok(in_use)) if typed.policy.is_none() => {
            let merged = HelperOptions {
                dir: typed.dir.or_else(|| in_use.dir.clone()),
                allow_shared_store: typed.allow_shared_store || in_use.allow_shared_store,
                ..in_use.clone()
            };
            (in_use, merged)
        }
        _ => (typed.clone(), typed),
    };
    let options = &options;
    let findings = [
        ("options", check_options(&as_given)),
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

/// The options within a value of GOCACHEPROG that starts this program; why there are none otherwise.
fn helper_options(value: &str) -> Result<HelperOptions, String> {
    let another = || format!("`{value}` is another helper");
    let fields =
        split_quoted(value).ok_or_else(|| format!("`{value}` has a quote that is not closed"))?;
    let program = Path::new(fields.first().ok_or_else(another)?);
    let is_this = std::env::current_exe()
        .and_then(|own| Ok(own.canonicalize()? == program.canonicalize()?))
        .unwrap_or(false);
    let name = program.file_name().unwrap_or_default();
    if !is_this && !name.to_string_lossy().starts_with("cachewarden") {
        return Err(another());
    }
    let fields = fields.into_iter().map(Into::into).collect();
    let arguments = arguments::read(fields).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        format!("`{value}`: {}", first.trim_start_matches("error: "))
    })?;
    Ok(arguments.helper)
}

/// Splits as cmd/go does: at spaces, but not within a field that stands whole in quotes (docs/protocol.md#quoting).
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

fn check_options(options: &HelperOptions) -> Result<String, Advice> {
    let remedy = "mend the value of GOCACHEPROG, or the CACHEWARDEN_* variable";
    options
        .check_as_a_helpers()
        .map_err(|error| advice(format!("{error:#}"), remedy))?;
    Ok(match options.no_env {
        true => "no CACHEWARDEN_* variable counts".into(),
        false => "CACHEWARDEN_* variables count where an option is not given (--no-env: none does)"
            .into(),
    })
}

fn check_store(options: &HelperOptions) -> Result<String, Advice> {
    let remedy = "name a folder of yours with --dir, or make this one writable";
    let folder = options
        .store_folder()
        .map_err(|error| advice(format!("{error:#}"), remedy))?;
    let store = Store::open(&folder, options.sharing())
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
    settings(options.settings.as_ref())
        .map_err(|error| advice(format!("{error:#}"), "mend --settings"))?;
    let policy = Sandbox::start()
        .and_then(|sandbox| {
            sandbox.load(source, options.limits(), compiled_cache().as_ref(), || {})
        })
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
    helper_options(&value).map_err(|problem| advice(problem, set))?;
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
    let helper = gocacheprog(program, options, work.path())?;
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

/// The value of GOCACHEPROG with the same options, a store of its own in `work`, and nothing from variables.
fn gocacheprog(program: &Path, options: &HelperOptions, work: &Path) -> Result<String, Advice> {
    let failed = |error: anyhow::Error| advice(format!("{error:#}"), "mend --settings");
    let settings_file = work.join("settings.json");
    let settings = settings(options.settings.as_ref()).map_err(failed)?;
    fs::write(&settings_file, settings.get()).map_err(|error| failed(error.into()))?;
    let limits = options.limits();
    let time = |time| humantime::format_duration(time).to_string();
    let mut words = vec![
        program.display().to_string(),
        "--no-env".into(),
        "-v".into(),
    ];
    let mut say = |option: &str, value: String| words.extend([option.to_owned(), value]);
    say("--dir", work.join("store").display().to_string());
    say("--scope", options.scope.to_string());
    if let Some(source) = &options.policy {
        let file = source.file.display().to_string();
        say("--policy", pin::join(&file, source.pin));
        say("--settings", format!("@{}", settings_file.display()));
    }
    for (name, value) in &options.label {
        say("--label", format!("{name}={value}"));
    }
    for name in &options.label_env {
        say("--label-env", name.clone());
    }
    for pattern in &options.allow_read {
        say("--allow-read", pattern.as_str().to_owned());
    }
    for pattern in &options.allow_write {
        say("--allow-write", pattern.as_str().to_owned());
    }
    say("--policy-memory", format!("{}B", limits.memory));
    say("--policy-deadline", time(limits.deadline));
    say("--policy-budget", time(limits.budget));
    say("--policy-compile-time", time(limits.compile_time));
    say(
        "--policy-compile-memory",
        format!("{}B", limits.compile_memory),
    );
    let quoted: Option<Vec<_>> = words.iter().map(|word| quoted(word)).collect();
    let quoted = quoted.ok_or_else(|| {
        advice(
            "a value has both kinds of quotes, and GOCACHEPROG cannot name it",
            "look at it with a value that has one kind",
        )
    })?;
    Ok(quoted.join(" "))
}

/// A word as cmd/go splits it from others; `None` where it has no way to be said.
fn quoted(word: &str) -> Option<String> {
    let quote = ['\'', '"']
        .into_iter()
        .find(|quote| !word.contains(*quote))?;
    Some(format!("{quote}{word}{quote}"))
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
        assert!(helper_options("'/usr/bin/cachewarden' --policy 'a b.wasm'").is_ok());
        assert!(helper_options("go-cacher -v").is_err());
        let wrong = helper_options("cachewarden --no-such-option").unwrap_err();
        assert!(wrong.contains("--no-such-option"), "{wrong}");
    }
}
