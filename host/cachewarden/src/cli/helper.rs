//! The helper: serves one go command on stdin and stdout.
//!
//! The first message goes out before anything else is looked at: cmd/go does nothing until it
//! arrives (docs/protocol.md#first-message).

use std::fs::File;
use std::io::{self, IsTerminal};
use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_policy_host::thread::{self, PolicyThread};
use cachewarden_policy_host::{CompiledCache, Policy, PolicySource, Sandbox, no_account};
use cachewarden_protocol::{RequestReader, Response, ResponseSink, ResponseWriter};
use cachewarden_recording::Recorder;
use cachewarden_session::diagnostics::Diagnostics;
use cachewarden_session::{
    DefaultGrant, Isolation, OperatorLimits, PolicyConfig, Services, SessionConfig, SessionError,
    SessionFacts, Unlimited, run_session,
};
use cachewarden_store::{DiskPaths, SessionId, SharedStore, Store, is_sweep_due};
use cachewarden_system::helper_process::{is_nested, outlive_interrupts, set_umask, widen};
use cachewarden_system::streams::{keep_from_children, take_stdin, take_stdout};
use cachewarden_system::wakeup::Input;
use cachewarden_system::{background, self_exec, user};
use cachewarden_types::{Code, Pattern, Problem, unverified_label};

use super::arguments::{HelperOptions, Origins, bytes};
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail, ensure};
use super::output;
use super::paths::{gocache, user_cache_folder, work_folders};
use super::remote;
use super::settings::settings;
use super::shells::FIRST_LINES;

/// Serves a go command.
pub(super) fn run(options: HelperOptions, origins: Origins) -> Result<ExitStatus, Failure> {
    if io::stdin().is_terminal() {
        output::say(&format!(
            "cachewarden is started by the go command, which speaks to it on its standard input; here is only a terminal.\nSet one variable, and build as always:\n\n{FIRST_LINES}  go build ./...\n\nThen: cachewarden stats, cachewarden doctor, cachewarden --help."
        ));
        return Ok(ExitStatus::Usage);
    }
    set_umask();
    keep_from_children();
    let stdout = take_stdout().or_fail(Code::System, || "cannot use standard output".to_owned())?;
    // Before anything else takes what may be the last file descriptor.
    let stdin = take_stdin().or_fail(Code::System, || "cannot use standard input".to_owned())?;
    widen(&stdin);
    widen(&stdout);
    let mut sink = ResponseWriter::new(stdout);
    if sink
        .send(&Response::Announcement)
        .and_then(|()| sink.flush())
        .is_err()
    {
        // Whoever started this is gone already.
        return Ok(ExitStatus::Success);
    }
    outlive_interrupts();
    let session = thread::spawn("session", move |thread| {
        serve(&options, &origins, stdin, sink, thread)
    })
    .or_fail(Code::System, || "cannot start a thread".to_owned())?;
    session
        .join()
        .unwrap_or_else(|_| Err(super::thread_failed()))
}

fn serve(
    options: &HelperOptions,
    origins: &Origins,
    stdin: Input,
    mut sink: ResponseWriter<File>,
    thread: &PolicyThread,
) -> Result<ExitStatus, Failure> {
    let mut diagnostics = match is_nested() {
        true => Diagnostics::to(Box::new(io::sink()), options.verbose),
        false => Diagnostics::to_stderr(options.verbose),
    };
    options.check_as_a_helpers()?;
    let facts = facts(options)?;
    let recorder = match &options.record {
        Some(file) => Recorder::append(file, &facts.id.to_string(), &options.redact_label)
            .or_fail(Code::RecordingUnwritable, || {
                format!(
                    "cannot write the recording {} (--record; its folder must exist)",
                    file.display()
                )
            })?,
        None => Recorder::none(),
    };
    let policies = load_policies(options, &mut diagnostics)?;
    let mut store = open_store(options, origins, &mut diagnostics);
    add_bases(&mut store, options, &mut diagnostics);
    let store = Arc::new(store);
    let services = Services {
        store: Arc::clone(&store),
        remote: remote::for_sessions(&options.tiers, options.remote_budget, &store)?,
    };
    let config = SessionConfig {
        facts,
        policies,
        recorder,
        diagnostics,
        paths: DiskPaths::new(gocache()),
        quota: Box::new(Unlimited),
        account: no_account(),
        witnessing: None,
    };
    let mut source = RequestReader::new(stdin);
    let result = run_session(config, &services, thread, &mut source, &mut sink);
    drop(sink);
    if let Err(error @ (SessionError::Settings { .. } | SessionError::Policy(_))) = result {
        return Err(error.into());
    }
    // Only now: what this build has used is marked as used, in a store that lay idle too. It takes
    // a millisecond, once a day.
    let now = SystemTime::now();
    if store.is_trim_due(now) || is_sweep_due(now) {
        start_trimmer(options);
    }
    start_uploader(options, &store);
    match result {
        // A go command that was killed reads no answers: nobody is left to complain to.
        Ok(_) | Err(SessionError::Answers(_)) => Ok(ExitStatus::Success),
        Err(error) => Err(error.into()),
    }
}

fn facts(options: &HelperOptions) -> Result<SessionFacts, Failure> {
    let mut labels: Vec<_> = options
        .label
        .iter()
        .map(|(name, value)| unverified_label(name.clone(), value.clone()))
        .collect();
    for name in &options.label_env {
        let value = std::env::var_os(name).unwrap_or_default();
        let value = value.into_string().ok().or_fail(Code::LabelInvalid, || {
            format!("the variable {name} (--label-env) is not valid UTF-8, and two such values could not be told apart")
        })?;
        // On a push GITHUB_HEAD_REF is set, and empty: that is no label.
        if !value.is_empty() {
            labels.push(unverified_label(name.clone(), value));
        }
    }
    for (position, label) in labels.iter().enumerate() {
        let mut earlier = labels[..position].iter();
        ensure(
            earlier.all(|earlier| earlier.name != label.name),
            Code::LabelInvalid,
            || {
                format!(
                    "the label {} is set twice (--label, --label-env, the variables CACHEWARDEN_LABEL and CACHEWARDEN_LABEL_ENV, which add to them unless --no-env, or the configuration file, which adds to them too); give it once",
                    label.name
                )
            },
        )?;
    }
    let or_any = |patterns: &Vec<Pattern>| match patterns.is_empty() {
        true => vec![Pattern::any()],
        false => patterns.clone(),
    };
    Ok(SessionFacts {
        started: SystemTime::now(),
        id: SessionId(random()?),
        seed: random()?,
        user: user::number(),
        labels,
        default_grant: DefaultGrant::of(options.scope.clone()),
        isolation: Isolation::default(),
        // Only into a store that no other user can change.
        work_folders: (options.store.sharing() == SharedStore::Deny).then(work_folders),
        allowed: OperatorLimits {
            read: or_any(&options.allow_read),
            write: or_any(&options.allow_write),
        },
    })
}

pub(super) fn random() -> Result<u64, Failure> {
    getrandom::u64().or_fail(Code::System, || {
        "the system gives no random numbers".to_owned()
    })
}

/// The policies, each with its settings. Without one no engine is started.
fn load_policies(
    options: &HelperOptions,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<PolicyConfig>, Failure> {
    if options.policy.is_empty() {
        return Ok(Vec::new());
    }
    let sandbox = Sandbox::start()?;
    let all = options.policies().map(|(source, own_settings)| {
        Ok(PolicyConfig {
            settings: settings(own_settings).map_err(|failure| {
                let policy = source.file.display();
                failure.map_text(|text| format!("the settings of the policy {policy}: {text}"))
            })?,
            policy: load_policy(&sandbox, source, options, diagnostics)?,
        })
    });
    all.collect()
}

fn load_policy(
    sandbox: &Arc<Sandbox>,
    source: &PolicySource,
    options: &HelperOptions,
    diagnostics: &mut Diagnostics,
) -> Result<Arc<Policy>, Failure> {
    let cache = compiled_cache();
    let mut was_slow = false;
    let policy = sandbox.load(source, options.limits.limits(), cache.as_ref(), || {
        was_slow = true;
        diagnostics.warn(Code::PolicyCompiling, &super::policy::compiling(source));
    })?;
    if let (true, Some(reason)) = (was_slow, policy.cache_write_error()) {
        let folder = cache
            .as_ref()
            .map_or("".into(), |cache| cache.folder().to_string_lossy());
        diagnostics.warn(Code::PolicyNotKept, &format!(
            "the compiled policy cannot be kept in {folder}: {reason}. Every go command compiles it again until that is mended"
        ));
    }
    Ok(policy)
}

/// Where compiled policies are kept: never in a folder that CI restores.
pub(super) fn compiled_cache() -> Option<CompiledCache> {
    let folder = user_cache_folder().ok()?.join("cachewarden-compiled");
    Some(CompiledCache::new(folder))
}

fn open_store(options: &HelperOptions, origins: &Origins, diagnostics: &mut Diagnostics) -> Store {
    let opened = options.store.folder().and_then(|folder| {
        let sharing = options.store.sharing();
        Ok(Store::open(&folder, sharing)?)
    });
    opened.unwrap_or_else(|failure: Failure| {
        let text = origins.named_in(failure.text().to_owned());
        diagnostics.warn(
            failure.code(),
            &format!(
                "{text}. The build goes on: nothing is found in the cache, and nothing is kept"
            ),
        );
        Store::without_folder()
    })
}

/// Adds the bases. One that cannot be read is left out, which its operator is told.
fn add_bases(store: &mut Store, options: &HelperOptions, diagnostics: &mut Diagnostics) {
    for folder in &options.base {
        if let Err(error) = store.add_base(folder, options.store.sharing()) {
            let text = format!("{}. The build goes on without it", error.told());
            diagnostics.warn(error.code(), &text);
        }
    }
}

/// Starts the trimmer.
fn start_trimmer(options: &HelperOptions) {
    start_worker(options, |command| {
        if let Some(size) = options.max_size {
            command.arg("--max-size").arg(bytes(size));
        }
        command.arg("trim");
    });
}

/// Starts the uploader, where something waits for a tier that may be written.
fn start_uploader(options: &HelperOptions, store: &Store) {
    if let Some(credentials) = remote::credentials_for_upload(&options.tiers, store) {
        start_worker(options, |command| {
            command.args(options.tiers.words()).arg("upload");
            command.envs(credentials);
        });
    }
}

/// Starts this program at a verb on the same store, as a process of its own, which outlives this one
/// and holds none of its streams.
fn start_worker(options: &HelperOptions, at_verb: impl FnOnce(&mut Command)) {
    let Ok(mut command) = self_exec::command() else {
        return;
    };
    if let Ok(folder) = options.store.folder() {
        command.arg("--dir").arg(folder);
    }
    if options.store.allow_shared_store {
        command.arg("--allow-shared-store");
    }
    at_verb(&mut command);
    background::begin(&mut command);
    // Where it cannot be started the next session tries again. It is not waited for: this process
    // ends before it, and whoever inherits it reaps it.
    let _ = command.spawn();
}
