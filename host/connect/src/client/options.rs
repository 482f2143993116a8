//! The options of the client.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use thiserror::Error;

/// How long a daemon may take to answer. It answers within a millisecond; one that is loaded may
/// take longer, and a build must not wait for one that is stuck.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The help, in which `PROGRAM` stands for the words that start this client.
pub const HELP: &str = include_str!("help.txt");

/// The socket of a daemon, and who asks there.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Its path.
    pub path: PathBuf,
    /// Where the token comes from.
    pub token: TokenSource,
    /// How long the daemon may take to accept or to refuse.
    pub timeout: Duration,
}

/// Where a token comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TokenSource {
    /// There is none.
    #[default]
    None,
    /// A file.
    File(PathBuf),
    /// The output of a command, which the shell runs.
    Command(OsString),
}

/// What to do where there is no session with the daemon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenDown {
    /// Go on with a cache of this user's own.
    #[default]
    Private,
    /// End with status 1.
    Fail,
}

/// What the client is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The daemon.
    pub socket: Socket,
    /// A policy to send.
    pub policy: Option<PathBuf>,
    /// Its settings: a JSON text, or `@FILE`.
    pub settings: Option<String>,
    /// What to do where there is no session.
    pub when_down: WhenDown,
    /// The folder of the private cache.
    pub private_dir: Option<PathBuf>,
    /// Whether to send the streams' bytes through the socket.
    pub relay: bool,
    /// Whether to print what this client may do, instead of a session.
    pub whoami: bool,
    /// Whether to print more.
    pub verbose: bool,
}

/// What the words mean.
#[derive(Clone, Debug)]
pub enum Parsed {
    /// Connect.
    Run(Box<Options>),
    /// Print this.
    Print(String),
}

/// Words that cannot be understood.
#[derive(Debug, Error)]
#[error("{0}; see `{1} --help`")]
pub struct UsageError(String, String);

/// Reads the words of a command line, without the program's name. The socket may be named by
/// `CACHEWARDEN_SOCKET` instead.
///
/// # Errors
/// When an option is unknown, or a value is not what it should be.
pub fn parse(
    program: &str,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Parsed, UsageError> {
    let socket = env::var_os("CACHEWARDEN_SOCKET");
    parse_with(program, words, socket).map_err(|error| UsageError(error, program.to_owned()))
}

fn parse_with(
    program: &str,
    words: impl IntoIterator<Item = OsString>,
    socket: Option<OsString>,
) -> Result<Parsed, String> {
    let mut path = match socket {
        Some(path) => Some(absolute("CACHEWARDEN_SOCKET", path)?),
        None => None,
    };
    let mut options = Options {
        socket: Socket {
            path: PathBuf::new(),
            token: TokenSource::None,
            timeout: TIMEOUT,
        },
        policy: None,
        settings: None,
        when_down: WhenDown::Private,
        private_dir: None,
        relay: false,
        whoami: false,
        verbose: false,
    };
    let mut words = Parser::from_args(words);
    while let Some(word) = words.next().map_err(told)? {
        match word {
            Arg::Long("socket") => path = Some(path_of("--socket", &mut words)?),
            Arg::Long("token-file") => {
                let file = path_of("--token-file", &mut words)?;
                set_token(&mut options, TokenSource::File(file))?;
            }
            Arg::Long("token-command") => {
                let command = words.value().map_err(told)?;
                set_token(&mut options, TokenSource::Command(command))?;
            }
            Arg::Long("policy") => options.policy = Some(path_of("--policy", &mut words)?),
            Arg::Long("settings") => options.settings = Some(settings(&mut words)?),
            Arg::Long("when-down") => options.when_down = when_down(&mut words)?,
            Arg::Long("private-dir") => {
                options.private_dir = Some(path_of("--private-dir", &mut words)?);
            }
            Arg::Long("connect-timeout") => options.socket.timeout = timeout(&mut words)?,
            Arg::Long("relay") => options.relay = true,
            Arg::Long("whoami") => options.whoami = true,
            Arg::Short('v') | Arg::Long("verbose") => options.verbose = true,
            Arg::Short('h') | Arg::Long("help") => {
                return Ok(Parsed::Print(HELP.replace("PROGRAM", program)));
            }
            Arg::Short('V') | Arg::Long("version") => {
                let version = env!("CARGO_PKG_VERSION");
                return Ok(Parsed::Print(format!("{program} {version}\n")));
            }
            other => return Err(told(other.unexpected())),
        }
    }
    if options.settings.is_some() && options.policy.is_none() {
        return Err("--settings are those of a policy; name it with --policy".to_owned());
    }
    options.socket.path = path.ok_or(
        "no socket is named; name the daemon's with --socket PATH, or with CACHEWARDEN_SOCKET",
    )?;
    Ok(Parsed::Run(Box::new(options)))
}

fn told(error: lexopt::Error) -> String {
    error.to_string()
}

/// The go command starts helpers in several folders, so a path must mean the same in each.
fn absolute(name: &str, path: OsString) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    match path.is_absolute() {
        true => Ok(path),
        false => Err(format!(
            "{name} must be an absolute path, not `{}`",
            path.display()
        )),
    }
}

fn path_of(name: &str, words: &mut Parser) -> Result<PathBuf, String> {
    absolute(name, words.value().map_err(told)?)
}

fn set_token(options: &mut Options, token: TokenSource) -> Result<(), String> {
    let earlier = std::mem::replace(&mut options.socket.token, token);
    match earlier {
        TokenSource::None => Ok(()),
        _ => Err("--token-file and --token-command are given together; give one".to_owned()),
    }
}

fn settings(words: &mut Parser) -> Result<String, String> {
    let settings = words.value().and_then(|value| value.string());
    let settings = settings.map_err(told)?;
    match settings.strip_prefix('@').map(OsStr::new) {
        Some(file) => absolute("the file of --settings", file.to_owned()).map(|_| settings.clone()),
        None => Ok(settings),
    }
}

fn when_down(words: &mut Parser) -> Result<WhenDown, String> {
    let value = words.value().map_err(told)?;
    match value.to_str() {
        Some("private") => Ok(WhenDown::Private),
        Some("fail") => Ok(WhenDown::Fail),
        _ => Err(format!(
            "--when-down takes `private` or `fail`, not `{}`",
            value.display()
        )),
    }
}

/// A number and a unit: `500ms`, `2s`.
fn timeout(words: &mut Parser) -> Result<Duration, String> {
    let value = words.value().map_err(told)?;
    let text = value.to_string_lossy();
    let (number, unit): (_, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis),
        None => (text.strip_suffix('s').unwrap_or(""), Duration::from_secs),
    };
    let number = number
        .parse()
        .ok()
        .filter(|number| (1..=3_600_000).contains(number));
    number
        .map(unit)
        .ok_or_else(|| format!("--connect-timeout takes a time such as 500ms or 2s, not `{text}`"))
}

#[cfg(test)]
mod tests;
