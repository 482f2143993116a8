//! What can be said on the command line, and in CACHEWARDEN_* variables.

mod bounds;
mod config_file;
mod config_source;
mod helper_mode;
mod layers;
mod line;
mod options;
mod origins;
pub(super) mod remote;
mod stop;
mod unknown;
mod values;
mod variables;
mod words;

use std::ffi::OsString;

use clap::{Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use cachewarden_policy_host::{COMPILER_VERB, CONTRACT_VERSION, TEST_LOAD_VERB, WASMTIME_VERSION};
use cachewarden_store::LAYOUT_VERSION;

use super::completions::{self, CompletionsOptions};
use super::daemon::{self, RevokeOptions, StatusOptions};
use super::doctor::DoctorOptions;
use super::explain::ExplainOptions;
use super::manual::{self, ManualOptions};
use super::mtimes::{self, MtimesOptions};
use super::policy::PolicyVerb;
use super::setup::{self, SetupOptions};
use super::shells::example;
use super::stats::StatsOptions;
use super::verify::VerifyOptions;

pub(super) use layers::{parse, read, read_typed};
pub(super) use options::{
    DEFAULT_SCOPE, HelperOptions, LimitOptions, PruneOptions, StoreOptions, TrimOptions,
};
pub(super) use origins::Origins;
pub(super) use remote::{FlushOptions, RemoteOptions, RemoteVerb, UploadOptions};
pub(super) use stop::Stop;
#[cfg(unix)]
pub(super) use stop::print_and_exit;
pub(super) use values::duration;
pub(super) use variables::OR_NO_ENV;
#[cfg(test)]
pub(super) use variables::key;
pub(super) use words::bytes;

use config_source::ConfigSource;

const ABOUT: &str = "A build cache for Go that asks a WebAssembly policy about every get and put.";

const AFTER_SHORT_HELP: &str = concat!(
    "Set: ",
    example!("/path/p.wasm"),
    "\nMore: cachewarden --help, cachewarden help VERB, cachewarden setup"
);

// A paragraph a line: clap wraps it for the terminal.
const AFTER_HELP: &str = concat!(
    "\
Use it by setting one variable (quote a path that has spaces in it):
  ",
    example!("/path/to/policy.wasm"),
    "

Without --no-env most options can be set as CACHEWARDEN_..., e.g. CACHEWARDEN_POLICY. Such a list is separated by commas (bases, labels, policies and addresses by newlines). A variable of this prefix that no option has is an error.

--config FILE, or CACHEWARDEN_CONFIG, names a TOML file whose keys are the options, e.g. `allow-write = [\"pr-*\"]`. An option that is typed wins over its variable, and a variable over the file. Where the file sets a bound such as --allow-write, a variable that sets one is an error; with `no-env = true` in it no variable counts.

--settings @FILE@sha256:HEX pins the bytes of settings. Of several policies each has its own: --policy FILE?settings=JSON, or FILE?settings=@FILE. All are asked, and the strictest answer wins.

`cachewarden doctor` looks at what is set; `cachewarden explain CODE` explains a warning or an error, `cachewarden help VERB` a verb. Pages in docs/: ",
    env!("CARGO_PKG_REPOSITORY"),
);

/// The options in the short help (`-h`), which fits a screen of 24 lines. `--help` has all of them.
const IN_SHORT_HELP: [&str; 5] = ["policy", "settings", "dir", "verbose", "help"];

/// The verbs that the short help leaves out: those that one looks for when another text names them.
const NOT_IN_SHORT_HELP: [&str; 9] = [
    "completions",
    "dir",
    "explain",
    "flush",
    "mtimes",
    "remote",
    "status",
    "revoke",
    "setup",
];

/// What clap calls --no-env.
const NO_ENV: &str = "no_env";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "cachewarden",
    version = concat!(env!("CARGO_PKG_VERSION")),
    long_version = long_version(),
    about = ABOUT,
    after_help = AFTER_HELP,
    max_term_width = 110,
    disable_help_subcommand = true,
    disable_help_flag = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) helper: HelperOptions,
    /// Read no CACHEWARDEN_* variable but credentials
    #[arg(long, global = true)]
    pub(super) no_env: bool,
    /// Read options from this TOML file too; FILE@sha256:HEX pins its bytes
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CACHEWARDEN_CONFIG",
        hide_env = true
    )]
    config: Option<ConfigSource>,
    /// Where the options are from that were not typed.
    #[arg(skip)]
    pub(super) origins: Origins,
    /// Print this help; --help lists everything
    // The short form under both names, without empty lines between options; `command` says which
    // options it has.
    #[arg(short, long, action = clap::ArgAction::HelpShort, global = true)]
    help: Option<bool>,
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

impl Arguments {
    /// A command line that has options of a helper alone, and --no-env; `None` for any other, right
    /// or wrong.
    fn of_helper(words: &[OsString]) -> Option<Self> {
        let command = Command::new("cachewarden")
            .disable_help_flag(true)
            .arg(Arg::new(NO_ENV).long("no-env").action(ArgAction::SetTrue));
        let matches = HelperOptions::augment_args(command)
            .try_get_matches_from(words)
            .ok()?;
        Some(Self {
            helper: HelperOptions::from_arg_matches(&matches).ok()?,
            no_env: matches.get_flag(NO_ENV),
            config: None,
            origins: Origins::default(),
            help: None,
            verb: None,
        })
    }

    /// Whether a configuration file is named, by an option.
    pub(super) fn names_a_file(&self) -> bool {
        self.config.is_some()
    }
}

/// The command line for clap, whose help has every option.
pub(super) fn command() -> Command {
    Arguments::command()
}

/// The same with a help that fits a screen.
fn with_short_help(command: Command) -> Command {
    command
        .mut_args(|argument| {
            let is_shown = IN_SHORT_HELP.contains(&argument.get_id().as_str());
            argument.hide_short_help(!is_shown)
        })
        .mut_subcommands(|verb| {
            let is_left_out = NOT_IN_SHORT_HELP.contains(&verb.get_name());
            let is_hidden = verb.is_hide_set();
            verb.hide(is_hidden || is_left_out)
        })
        .after_help(AFTER_SHORT_HELP)
}

fn long_version() -> &'static str {
    static TEXT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| {
        format!(
            "{}\ncontract {CONTRACT_VERSION}\nstore layout {LAYOUT_VERSION}\nwasmtime {WASMTIME_VERSION}",
            env!("CARGO_PKG_VERSION")
        )
    })
}

/// What a person may ask for, besides serving a go command.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show what the store holds, and what sessions did so far
    Stats(StatsOptions),
    /// Remove what is no longer used
    Prune(PruneOptions),
    /// Send to the remote tiers what waits for them
    ///
    /// Sessions start a process in the background that does this. A machine that is about to be gone
    /// waits for it here. The exit status is 0 when all was sent, and 3 when something is left.
    Flush(FlushOptions),
    /// Check every object and entry of the store
    Verify(VerifyOptions),
    /// Print the lines that turn cachewarden on, or do what they do
    #[command(after_help = setup::AFTER_HELP)]
    Setup(SetupOptions),
    /// Check the set-up with a real go command, and say what to type
    Doctor(Box<DoctorOptions>),
    /// Print the store's folder
    Dir(StoreOptions),
    /// Set the times of a checkout's files by content, so that go test finds results in CI
    #[command(after_help = mtimes::AFTER_HELP, hide = mtimes::IS_ABSENT)]
    Mtimes(MtimesOptions),
    /// Explain a warning or an error by its code
    Explain(ExplainOptions),
    /// Print what a shell needs to complete this command line
    #[command(after_help = completions::AFTER_HELP)]
    Completions(CompletionsOptions),
    /// Make, test and compile policies, print their contract
    #[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
    Policy {
        /// What to do
        #[command(subcommand)]
        verb: PolicyVerb,
    },
    /// Look at remote tiers as a whole, check them, remove what is old
    #[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
    Remote {
        /// What to do
        #[command(subcommand)]
        verb: RemoteVerb,
    },
    /// Run a daemon for several tenants (serve --help)
    #[command(disable_help_flag = true, hide = daemon::IS_ABSENT)]
    Serve,
    /// Serve a go command from a daemon (connect --help)
    #[command(disable_help_flag = true, hide = daemon::IS_ABSENT)]
    Connect,
    /// Show a daemon's tenants and sessions
    #[command(hide = daemon::IS_ABSENT)]
    Status(StatusOptions),
    /// Have entries of a daemon stop counting, and name who has read them
    ///
    /// All conditions that are given must hold. Sessions of the named producers that are under way
    /// are ended.
    #[command(hide = daemon::IS_ABSENT)]
    Revoke(RevokeOptions),
    /// Write the manual pages into a folder; for packages
    #[command(hide = true, name = manual::VERB)]
    Manual(ManualOptions),
    /// Trim in the background; started by sessions, at most once a day
    #[command(hide = true)]
    Trim(TrimOptions),
    /// Send what waits for remote tiers in the background; started by sessions
    #[command(hide = true)]
    Upload(UploadOptions),
    /// Compile the policy on standard input; started by who wants it compiled
    #[command(hide = true, name = COMPILER_VERB)]
    CompileForParent(LimitOptions),
    /// Load the compiled policy on standard input; started by who has compiled it
    #[command(hide = true, name = TEST_LOAD_VERB)]
    LoadForParent(LimitOptions),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_without_variables_needs_no_other_options() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for line in [
            "cachewarden",
            "cachewarden --no-env -v --dir /d --allow-read a --allow-read b --label n=v",
        ] {
            let short = Arguments::of_helper(&words(line)).expect("a helper's line");
            let whole = command().try_get_matches_from(words(line)).unwrap();
            let whole = Arguments::from_arg_matches(&whole).unwrap();
            assert_eq!(format!("{short:?}"), format!("{whole:?}"));
        }
        for line in [
            "cachewarden stats",
            "cachewarden --config /c.toml",
            "cachewarden --help",
            "cachewarden -h",
            "cachewarden --version",
            "cachewarden --dirr /d",
            "cachewarden -v doctor",
        ] {
            assert!(Arguments::of_helper(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn the_command_line_is_consistent_and_its_short_help_fits_a_screen() {
        command().debug_assert();
        let help = with_short_help(command())
            .term_width(80)
            .render_help()
            .to_string();
        assert!(help.lines().count() <= 24, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80));
        let every = command().render_help().to_string();
        for verb in NOT_IN_SHORT_HELP {
            assert!(!help.contains(&format!("  {verb} ")), "{help}");
            let is_absent = command().find_subcommand(verb).expect("it").is_hide_set();
            let is_there = every.contains(&format!("  {verb} "));
            assert!(is_there != is_absent, "{every}");
        }
        for argument in command().get_arguments() {
            let option = argument.get_long().expect("an option");
            assert!(every.contains(&format!("--{option}")), "{option}: {every}");
        }
    }
}
