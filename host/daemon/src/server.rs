//! Starts the daemon, and ends it: the socket, signals, reload and drain.
//!
//! - SIGHUP reads the configuration again. Sessions under way go on with what they were begun with;
//!   a configuration with a mistake changes nothing.
//! - SIGTERM and SIGINT accept no more clients, wait for the sessions under way for a bounded time,
//!   and end those that are left.

mod error;
mod sockets;

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use cachewarden_connect::{Connection, Listener, wire::Refused};
use cachewarden_policy_host::thread as policy_thread;
use cachewarden_store::{Store, ViewPlace, Views};
use cachewarden_types::{Pattern, Problem, with_causes};

use crate::audit::Audit;
use crate::config::{Config, SocketConfig};
use crate::folders;
use crate::loading::{Described, Loaded, Loader, SetupError};
use crate::log_limit::{LogLimit, REFUSALS};
use crate::metrics::Metrics;
use crate::remote::Uploads;
use crate::serving::{self, OwnPolicies};
use crate::sessions::Stopped;
use crate::{Daemon, housekeeping, logging};

use error::cannot;
use sockets::{listeners, raise_descriptors};

pub use error::ServeError;

/// How long sessions that were ended may take to write down what they did.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What a check has found.
pub struct Checked {
    /// Each tenant, and each issuer of which something is to be said.
    pub report: Vec<Described>,
    /// The folder in which `serve` looks for compiled policies, where they were kept elsewhere.
    pub compiled_elsewhere: Option<PathBuf>,
}

/// Reads a configuration, loads all that it names, and has its policies answer their cases.
/// Compiled policies are kept for `serve` where they can be.
///
/// # Errors
/// When anything of it cannot be used.
pub fn check(file: &Path, loader: Loader) -> Result<Checked, ServeError> {
    let config = Config::read(file).map_err(SetupError::from)?;
    let compiled = compiled_folder(&config);
    let has_policies = config.tenants.iter().any(|one| !one.policies.is_empty());
    // A folder that another user makes there is one that `serve` would not use.
    let is_for_serve = folders::is_own(&config.directory);
    let loader = match is_for_serve {
        true => loader.with_cache(compiled.clone()),
        false => loader,
    };
    Ok(Checked {
        report: load(config, file.to_owned(), loader, None)?.report,
        compiled_elsewhere: (has_policies && !is_for_serve).then_some(compiled),
    })
}

/// Where compiled policies are kept: beside the store, since a service has no home, and each start
/// would compile every policy.
fn compiled_folder(config: &Config) -> PathBuf {
    config.directory.join("compiled")
}

/// Loads on a thread that may ask policies.
fn load(
    config: Config,
    file: PathBuf,
    loader: Loader,
    before: Option<Arc<Loaded>>,
) -> Result<Loaded, ServeError> {
    let load = move |thread: &policy_thread::PolicyThread| {
        Ok(loader.load(config, &file, before.as_deref(), thread)?)
    };
    let thread = policy_thread::spawn("load", load).map_err(cannot("start a thread"))?;
    thread.join().unwrap_or_else(|_| {
        let source = io::Error::other("the thread that loads policies has failed");
        Err(ServeError::System {
            step: "load the configuration",
            source,
        })
    })
}

/// Serves until a signal ends it.
///
/// # Errors
/// When it cannot start.
pub fn serve(file: &Path, loader: Loader) -> Result<(), ServeError> {
    logging::to_stderr();
    // First, before any other descriptor is opened: systemd passes its socket by number.
    let passed = Listener::from_systemd()?;
    let config = Config::read(file).map_err(SetupError::from)?;
    folders::prepare(&config.directory, folders::PASSABLE)?;
    let loader = loader.with_cache(compiled_folder(&config));
    let loaded = load(config, file.to_owned(), loader.clone(), None)?;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(cannot("take signals"))?;
    let daemon = Arc::new(start(file, loaded, loader)?);
    let config = daemon.loaded().config.clone();
    raise_descriptors(config.limits.sessions);
    let listeners = listeners(&config, passed, daemon.store.taken_over_from().is_some())?;
    let paths: Vec<_> = listeners
        .iter()
        .map(|(_, listener)| listener.path().display().to_string())
        .collect();
    let (stop_reader, stop) = io::pipe().map_err(cannot("make a pipe"))?;
    let stop_reader = Arc::new(stop_reader);
    let accepting = listeners
        .into_iter()
        .map(|(socket, listener)| accept(&daemon, socket, listener, Arc::clone(&stop_reader)))
        .collect::<Result<Vec<_>, _>>()?;
    let (end_of_house, end) = channel();
    let house = Arc::clone(&daemon);
    let uploads = Uploads::to(daemon.loaded().tiers.clone());
    let house = thread::Builder::new()
        .name("house".into())
        .spawn(move || housekeeping::keep_house(&house, uploads, &end))
        .map_err(cannot("start a thread"))?;
    for line in &daemon.loaded().report {
        tracing::info!("{line}");
    }
    tracing::info!(sockets = paths.join(", "), "ready");
    // Without systemd nobody is told.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    for signal in signals.forever() {
        match signal {
            SIGHUP => reload(&daemon),
            _ => break,
        }
    }
    drain(&daemon, stop, accepting);
    drop(end_of_house);
    // It looks once a second.
    let _ = house.join();
    if let Some(audit) = &daemon.audit
        && let Err(error) = audit.files()
    {
        tracing::error!(%error, "the audit log lacks what was recorded last");
    }
    tracing::info!("ended");
    Ok(())
}

fn start(file: &Path, loaded: Loaded, loader: Loader) -> Result<Daemon, ServeError> {
    let config = &loaded.config;
    let overflow = config.overflow_folder();
    folders::prepare(&overflow, folders::PASSABLE)?;
    let store = Store::open_owned(&config.store_folder(), &overflow.join("objects"))?;
    if let Some(pid) = store.taken_over_from() {
        tracing::warn!(
            pid,
            "the daemon before this one was killed and does not end: this one has taken the store over. A thread of the killed one waits for a pipe of a job. Find that job and end it: see \"A killed daemon that does not end\" in docs/multi-tenant.md"
        );
    }
    // Counted before the first session, which would wait for it.
    store.usage(&[Pattern::any()]);
    let place = |folder, seen_as: &Option<PathBuf>| ViewPlace {
        folder,
        seen_as: seen_as.clone(),
    };
    let views = Views::open(
        place(config.views_folder(), &config.views_seen_as),
        place(overflow.join("views"), &config.overflow_views_seen_as),
        config.view_files.into(),
    )?;
    bound_views(&views, &loaded)?;
    let own_policies = OwnPolicies::compiled_into(config.directory.join("compiled-own"));
    if let Some(audit) = &config.audit {
        // Its files say what each tenant has.
        folders::prepare(&audit.directory, folders::CLOSED)?;
    }
    let audit = config.audit.as_ref().map(Audit::start).transpose();
    let store = Arc::new(store);
    let remote = loaded
        .tiers
        .for_sessions(&store, config.limits.remote_budget);
    let remote = remote.map_err(cannot("start a thread"))?;
    Ok(Daemon {
        file: file.to_owned(),
        loader,
        store,
        remote,
        views,
        own_policies,
        audit: audit.map_err(cannot("begin the audit log"))?,
        loaded: RwLock::new(Arc::new(loaded)),
        sessions: Arc::default(),
        metrics: Metrics::new(),
        log_limit: LogLimit::default(),
        usages: Mutex::default(),
    })
}

/// Makes the folder of each tenant's views, so that no job sees when another tenant's first comes.
fn bound_views(views: &Views, loaded: &Loaded) -> Result<(), ServeError> {
    for tenant in &loaded.tenants.all {
        let most = tenant.quota.view_bytes.map(|size| size.0);
        let bounded = views.bound(&tenant.name, most);
        bounded.map_err(cannot("make the folder of a tenant's views"))?;
    }
    Ok(())
}

/// Accepts clients on a thread of its own; the listener is gone when it ends.
fn accept(
    daemon: &Arc<Daemon>,
    socket: Arc<SocketConfig>,
    listener: Listener,
    stop: Arc<PipeReader>,
) -> Result<thread::JoinHandle<()>, ServeError> {
    let daemon = Arc::clone(daemon);
    let accept = move || {
        let served = listener.serve(stop.as_fd(), |connection| {
            begin(&daemon, &socket, connection)
        });
        if let Err(error) = served {
            tracing::error!(%error, "no more clients can be accepted");
        }
    };
    let thread = thread::Builder::new().name("accept".into()).spawn(accept);
    thread.map_err(cannot("start a thread"))
}

/// Starts a thread for a client.
fn begin(daemon: &Arc<Daemon>, socket: &Arc<SocketConfig>, connection: Connection) {
    let most = daemon.loaded().config.limits.sessions;
    let Some(place) = daemon.sessions.place(most) else {
        daemon.metrics.refused("busy");
        let text = format!("the daemon has {most} clients, as many as it may (limits.sessions)");
        return connection.refuse(Refused::new("busy", text));
    };
    let user = connection.peer.uid;
    let (shared, socket) = (Arc::clone(daemon), Arc::clone(socket));
    let started = policy_thread::spawn("session", move |thread| {
        let _place = place;
        serving::serve(&shared, connection, &socket, thread);
    });
    if let Err(error) = started
        && daemon.log_limit.admits(user, "no-thread", REFUSALS)
    {
        // Its connection is closed with it: the client goes on alone.
        tracing::error!(%error, "no thread for a client");
    }
}

fn reload(daemon: &Daemon) {
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Reloading]);
    let (file, loader) = (daemon.file.clone(), daemon.loader.clone());
    let loaded = Config::read(&file)
        .map_err(|error| SetupError::from(error).into())
        .and_then(|config| load(config, file, loader, Some(daemon.loaded())));
    match loaded {
        Ok(loaded) => {
            for line in &loaded.report {
                tracing::info!("{line}");
            }
            let now = Arc::new(loaded);
            if let Err(error) = bound_views(&daemon.views, &now) {
                // Its sessions make the folder, and nothing is bounded that was not before.
                tracing::error!(
                    "the views of a tenant cannot be bounded: {}",
                    with_causes(&error)
                );
            }
            warn_of_fixed(&daemon.loaded().config, &now.config);
            *daemon
                .loaded
                .write()
                .unwrap_or_else(PoisonError::into_inner) = now;
            tracing::info!("reloaded");
        }
        Err(error) => tracing::error!(
            "not reloaded, all stays as it was: {} [{}]",
            with_causes(&error),
            error.code()
        ),
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
}

/// Says what a reload does not change.
fn warn_of_fixed(before: &Config, now: &Config) {
    for key in fixed_and_changed(before, now) {
        tracing::warn!("`{key}` counts from the next start on");
    }
}

/// The keys of what is made at the start, where a configuration differs from the one before.
fn fixed_and_changed(before: &Config, now: &Config) -> Vec<&'static str> {
    let differs = [
        ("directory", before.directory != now.directory),
        ("socket", before.sockets != now.sockets),
        ("view-files", before.view_files != now.view_files),
        ("audit", before.audit != now.audit),
        ("remote", before.remote != now.remote),
        (
            "limits.remote-budget",
            before.limits.remote_budget != now.limits.remote_budget,
        ),
    ];
    let changed = differs.iter().filter(|(_, differs)| *differs);
    changed.map(|(key, _)| *key).collect()
}

/// Ends: no more clients, and the sessions under way within a bounded time.
fn drain(daemon: &Arc<Daemon>, stop: PipeWriter, accepting: Vec<thread::JoinHandle<()>>) {
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    drop(stop);
    for thread in accepting {
        // It takes no client any more.
        let _ = thread.join();
    }
    let time = daemon.loaded().config.limits.drain;
    let began = Instant::now();
    tracing::info!(sessions = daemon.sessions.all().len(), "draining");
    if daemon.sessions.wait_until_none(time) {
        return;
    }
    let left = daemon.sessions.all();
    tracing::warn!(
        sessions = left.len(),
        seconds = began.elapsed().as_secs(),
        "ending sessions that are left"
    );
    left.iter()
        .for_each(|session| session.stop(Stopped::Shutdown));
    daemon.sessions.wait_until_none(LAST_WORDS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DOCUMENTED;

    #[test]
    fn what_a_reload_does_not_change_is_named() {
        let parse = |text: &str| Config::parse("x".as_ref(), text, "/etc".as_ref()).unwrap();
        let before = parse(DOCUMENTED);
        for (line, other, keys) in [
            ("#every = \"1h\"", "every = \"2h\"", &[][..]),
            ("#mode = \"0666\"", "mode = \"0660\"", &["socket"]),
            ("#keep = \"30days\"", "keep = \"3days\"", &["audit"]),
            (
                "#view-files = \"copies\"",
                "view-files = \"links\"",
                &["view-files"],
            ),
            ("/var/lib/cachewarden", "/srv/cachewarden", &["directory"]),
            (
                "#remote-budget = \"2s\"",
                "remote-budget = \"4s\"",
                &["limits.remote-budget"],
            ),
            (
                "#[[remote]]                                       # example",
                "[[remote]]\nurl = \"file:///tier\"",
                &["remote"],
            ),
        ] {
            assert!(DOCUMENTED.contains(line), "{line}");
            let now = parse(&DOCUMENTED.replace(line, other));
            assert_eq!(fixed_and_changed(&before, &now), keys, "{other}");
        }
    }
}
