//! `cachewarden doctor`: looks at the set-up as a build would meet it, and says what to type.
//!
//! What is looked at is what was typed; where that is nothing, what GOCACHEPROG says.

mod daemon;
mod report;
mod trial_build;

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use cachewarden_connect::client::Options;
use cachewarden_policy_host::Sandbox;
use cachewarden_store::Store;
use cachewarden_types::Code;

use super::advice::{Advice, advice, advice_on};
use super::arguments::{self, HelperOptions, Origins, StoreOptions, Verb};
use super::color::Color;
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::gocacheprog::{self, InUse};
use super::helper::compiled_cache;
use super::paths::shown;
use super::settings::settings;
use super::{remote, services};
use report::report;

/// What is well, and what a person should know all the same.
pub(super) struct Well {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
    /// Whether it is only well where a person means it so.
    pub(super) is_in_doubt: bool,
}

impl From<String> for Well {
    fn from(text: String) -> Self {
        Self {
            text,
            notes: Vec::new(),
            is_in_doubt: false,
        }
    }
}

pub(super) type Finding = Result<Well, Advice>;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorOptions {
    /// Whether what is found is coloured
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
    #[command(flatten)]
    pub(super) helper: HelperOptions,
}

/// Prints every finding; exit code 1 where something is wrong.
pub(super) fn run(
    DoctorOptions {
        color,
        helper: typed,
    }: DoctorOptions,
    no_env: bool,
    origins: Origins,
) -> Result<ExitStatus, Failure> {
    let own = std::env::current_exe().or_fail(Code::System, || {
        "this program does not know its own path".to_owned()
    })?;
    let variable = go_env("GOCACHEPROG");
    let is_asked = is_asked_about_options();
    if let (Ok(value), false) = (&variable, is_asked)
        && let Some(connects) = gocacheprog::connects(value)
    {
        return report(findings_of_daemon(value, connects), color);
    }
    let in_use = match &variable {
        Ok(value) if !value.is_empty() => Some(gocacheprog::read(value, &own)),
        _ => None,
    };
    let subject = match &in_use {
        Some(Ok(in_use)) if !is_asked => in_use.clone(),
        // A person's paths are those of the folder that the person is in.
        _ => InUse {
            program: own.clone(),
            beside_file: origins
                .options_beside_file()
                .map(HelperOptions::with_absolute_paths)
                .transpose()?,
            options: typed.with_absolute_paths()?,
            no_env,
            origins,
        },
    };
    let options = &subject.options;
    let store = check_store(&options.store);
    let policy = check_policies(options);
    // What was just found wrong is not proposed.
    let proposal = match store.is_ok() && policy.is_ok() {
        true => gocacheprog::proposal(&InUse {
            program: own,
            ..subject.clone()
        }),
        false => "correct the store and the policy first, and ask again".to_owned(),
    };
    let build = match &store {
        Ok(_) => trial_build::check(&subject.program, options),
        Err(_) => Err(advice(
            "not tried, since nothing that it makes could be kept",
            "see to the store first",
        )),
    };
    let mut findings = vec![
        ("options", check_options(&subject)),
        ("store", store),
        ("policy", policy),
        ("remote tiers", Ok(services::described().into())),
    ];
    findings.extend(remote::findings(&options.tiers).map(|finding| ("remote tier", finding)));
    findings.extend([
        ("go", check_go_version()),
        (
            "GOCACHEPROG",
            variable.and_then(|value| check_variable(value, in_use, proposal, is_asked)),
        ),
        ("GOCACHE", check_gocache()),
        ("a build", build),
    ]);
    report(findings, color)
}

/// What is to be said where go connects to a daemon.
fn findings_of_daemon(
    value: &str,
    connects: Result<Box<Options>, Advice>,
) -> [(&'static str, Finding); 5] {
    let (variable, daemon, build) = match connects {
        Err(advice) => (Err(advice), None, None),
        Ok(options) => {
            let daemon = daemon::check(&options);
            let build = daemon.is_ok().then(|| daemon::trial(value));
            (Ok(value.to_owned().into()), Some(daemon), build)
        }
    };
    let not_tried = || Err(advice("not tried", "see to what is wrong above first"));
    [
        ("GOCACHEPROG", variable),
        ("daemon", daemon.unwrap_or_else(not_tried)),
        ("go", check_go_version()),
        ("GOCACHE", check_gocache()),
        ("a build", build.unwrap_or_else(not_tried)),
    ]
}

/// Whether the command line of this process has any option of a helper.
fn is_asked_about_options() -> bool {
    let Ok(arguments) = arguments::read_typed(std::env::args_os().collect()) else {
        return false;
    };
    match &arguments.verb {
        Some(Verb::Doctor(options)) => {
            arguments.names_a_file() || !options.helper.words().is_empty()
        }
        _ => false,
    }
}

fn check_options(subject: &InUse) -> Finding {
    let InUse {
        options, origins, ..
    } = subject;
    let remedy =
        "mend the value of GOCACHEPROG, the CACHEWARDEN_* variable or the configuration file";
    if let Some(fault) = &origins.fault {
        return Err(advice_on(fault.clone(), remedy));
    }
    options
        .check_as_a_helpers()
        .map_err(|failure| advice_on(failure.map_text(|text| origins.named_in(text)), remedy))?;
    let text = match subject.no_env {
        true => "no CACHEWARDEN_* variable counts",
        false => "CACHEWARDEN_* variables count where an option is not given (--no-env: none does)",
    };
    let unset = options
        .label_env
        .iter()
        .filter(|name| std::env::var_os(name).is_none());
    Ok(Well {
        text: text.to_owned(),
        notes: origins
            .iter()
            .map(|origin| format!("--{} is from {}", origin.option, origin.source))
            .chain(unset.map(|name| {
                format!("{name} (--label-env) is not set here, so the policy is told no such label")
            }))
            .collect(),
        is_in_doubt: false,
    })
}

fn check_store(options: &StoreOptions) -> Finding {
    let explained = |failure: Failure| {
        let code = failure.code();
        advice_on(failure, format!("cachewarden explain {code}"))
    };
    let folder = options.folder().map_err(explained)?;
    let store = Store::open(&folder, options.sharing()).map_err(|error| explained(error.into()))?;
    let remedy = "name a folder of yours with --dir, or make this one writable";
    store.try_to_write().map_err(|error| {
        advice(
            format!("{} cannot be written: {error}", folder.display()),
            remedy,
        )
    })?;
    Ok(folder.display().to_string().into())
}

fn check_policies(options: &HelperOptions) -> Finding {
    if options.policy.is_empty() {
        return Ok(Well::from(
            "none given: a plain cache (cachewarden doctor --policy FILE looks at one)".to_owned(),
        ));
    }
    let sandbox = Sandbox::start()
        .map_err(|error| advice_on(error, "use a machine that can run WebAssembly"))?;
    let mut texts = Vec::new();
    for (source, own_settings) in options.policies() {
        settings(own_settings).map_err(|failure| advice_on(failure, "mend the settings"))?;
        let policy = sandbox
            .load(
                source,
                options.limits.limits(),
                compiled_cache().as_ref(),
                || {},
            )
            .map_err(|error| advice_on(error, "mend --policy"))?;
        texts.push(format!(
            "{}, SHA-256 {}",
            shown(&source.file),
            policy.digest()
        ));
    }
    Ok(texts.join("; then ").into())
}

fn check_go_version() -> Finding {
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
        )
        .into()),
        _ => Ok(version.into()),
    }
}

fn check_variable(
    value: String,
    in_use: Option<Result<InUse, Advice>>,
    proposal: String,
    is_asked: bool,
) -> Finding {
    match in_use {
        None => Err(advice("not set: go uses its own cache", proposal)),
        Some(Err(Advice { problem, remedy })) if remedy.is_empty() => {
            Err(advice(problem, proposal))
        }
        Some(Err(other)) => Err(other),
        Some(Ok(_)) => Ok(Well {
            text: value,
            notes: match is_asked {
                true => vec![format!(
                    "to build with the options that were asked about: {proposal}"
                )],
                false => Vec::new(),
            },
            is_in_doubt: false,
        }),
    }
}

fn check_gocache() -> Finding {
    let value = go_env("GOCACHE")?;
    let remedy =
        "unset it, or set it to a folder of yours: go keeps fuzzing data there even with a helper";
    if !PathBuf::from(&value).is_absolute() {
        return Err(advice(format!("`{value}` is no absolute path"), remedy));
    }
    Ok(value.into())
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
