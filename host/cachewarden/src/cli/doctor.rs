//! `cachewarden doctor`: looks at the set-up as a build would meet it, and says what to type.
//!
//! What is looked at is what was typed; where that is nothing, what GOCACHEPROG says.

mod go;
mod report;
mod stores;
pub(super) mod trial_build;

use clap::Args;

use cachewarden_policy_host::Sandbox;

use super::advice::{Advice, advice, advice_on};
use super::arguments::{self, HelperOptions, OR_NO_ENV, Origins, Verb};
use super::color::Color;
use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::gocacheprog::{self, InUse};
use super::helper::compiled_cache;
use super::paths::shown;
use super::settings::settings;
use super::{daemon, remote, services};
use go::{check_variable, go_env};
use report::report;
use stores::{check_bases, check_store};

pub(super) use go::{check_go_version, check_gocache};

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
    let own = gocacheprog::own_program()?;
    let variable = go_env("GOCACHEPROG");
    let asked = asked();
    if let (Ok(value), Asked::Nothing) = (&variable, asked)
        && let Some(words) = gocacheprog::connects(value)
    {
        return report(daemon::findings(value, &words), color);
    }
    let in_use = match &variable {
        Ok(value) if !value.is_empty() => Some(gocacheprog::read(value, &own)),
        _ => None,
    };
    let subject = match &in_use {
        Some(Ok(in_use)) if asked == Asked::Nothing => in_use.clone(),
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
    let bases = check_bases(options);
    let policy = check_policies(options);
    // What was just found wrong is not proposed.
    let are_right = store.is_ok()
        && policy.is_ok()
        && bases.iter().all(Result::is_ok)
        // An address that is refused may have a credential in it.
        && remote::check(&options.tiers).is_ok()
        && subject.origins.fault.is_none();
    let proposal = match are_right {
        true => gocacheprog::proposal(&InUse {
            program: own,
            ..subject.clone()
        }),
        false => "correct what is wrong above first, and ask again".to_owned(),
    };
    let go = check_go_version();
    let gocache = match &variable {
        Ok(_) => check_gocache(),
        Err(_) => Ok(not_looked_at("go")),
    };
    let has_fault = subject.origins.fault.is_some();
    // What it would start with cannot be known.
    let is_broken = matches!(in_use, Some(Err(_))) && asked == Asked::Nothing && !has_fault;
    let build = match &store {
        _ if go.is_err() => Ok(not_looked_at("go")),
        _ if has_fault => Ok(not_looked_at("the options")),
        _ if gocache.is_err() => Ok(not_looked_at("GOCACHE")),
        _ if is_broken => Ok(not_looked_at("GOCACHEPROG")),
        Ok(_) => trial_build::check(&subject.program, options),
        Err(_) => Err(advice(
            "not tried, since nothing that it makes could be kept",
            "see to the store first",
        )),
    };
    let unless_broken = |finding| match is_broken {
        true => Ok(not_looked_at("GOCACHEPROG")),
        false => finding,
    };
    let mut findings = vec![
        ("options", unless_broken(check_options(&subject))),
        ("store", store),
    ];
    findings.extend(bases.into_iter().map(|finding| ("base", finding)));
    findings.extend([
        ("policy", unless_broken(policy)),
        ("remote tiers", Ok(services::described().into())),
    ]);
    findings.extend(remote::findings(&options.tiers).map(|finding| ("remote tier", finding)));
    findings.extend([
        ("go", go),
        (
            "GOCACHEPROG",
            match variable {
                Ok(value) => {
                    let fault = subject.origins.fault.as_ref();
                    check_variable(value, in_use, proposal, asked, fault)
                }
                Err(_) => Ok(not_looked_at("go")),
            },
        ),
        ("GOCACHE", gocache),
        ("a build", build),
    ]);
    report(findings, color)
}

/// What is to be said of something that rests on something that is wrong.
fn not_looked_at(first: &str) -> Well {
    Well {
        text: format!("not looked at: see to {first} first"),
        notes: Vec::new(),
        is_in_doubt: true,
    }
}

/// What a person has asked about on the command line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// What go uses.
    Nothing,
    /// Remote tiers alone.
    Tiers,
    /// Options of a helper, or a file of them.
    Options,
}

/// What the command line of this process asks about.
fn asked() -> Asked {
    let Ok(arguments) = arguments::read_typed(std::env::args_os().collect()) else {
        return Asked::Nothing;
    };
    let Some(Verb::Doctor(options)) = &arguments.verb else {
        return Asked::Nothing;
    };
    let helper = &options.helper;
    let words = helper.words();
    match (arguments.names_a_file(), words.is_empty()) {
        (false, true) => Asked::Nothing,
        (false, false) if words == helper.tiers.words() => Asked::Tiers,
        _ => Asked::Options,
    }
}

fn check_options(subject: &InUse) -> Finding {
    let InUse {
        options, origins, ..
    } = subject;
    let remedy =
        "mend the value of GOCACHEPROG, the CACHEWARDEN_* variable or the configuration file";
    if let Some(fault) = &origins.fault {
        // --no-env has to be where go reads it, and not in this command line.
        let is_variable = fault.text().contains(OR_NO_ENV);
        let fault = fault.clone();
        let fault = fault.map_text(|text| text.replace(OR_NO_ENV, ""));
        let remedy = match is_variable {
            true => {
                "do so where it is set; --no-env in GOCACHEPROG keeps go's helper from reading any such variable, also those that are right"
            }
            false => remedy,
        };
        return Err(advice_on(fault, remedy));
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
