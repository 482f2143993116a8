//! The sessions under way: who they are, and how each is ended.

mod metered;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use cachewarden_connect::Peer;
use cachewarden_types::Label;

pub(crate) use metered::{Ends, MeteredSource};

/// A session under way.
pub(crate) struct ActiveSession {
    /// Its number, in the order of beginnings.
    pub number: u64,
    /// Its tenant.
    pub tenant: String,
    /// Its name in entries and recordings.
    pub id: String,
    /// Who it is.
    pub peer: Peer,
    /// What is known of it, verified.
    pub labels: Vec<Label>,
    /// When it began.
    pub started: SystemTime,
    /// How its upload goes.
    pub upload: Arc<Upload>,
    /// Dropped to end the session.
    stop: Mutex<Option<PipeWriter>>,
    /// Why it was ended from here.
    stopped: OnceLock<Stopped>,
}

/// Why the daemon ends a session that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Its upload is slower than so many bytes a second.
    SlowUpload(u64),
    /// What it has put is revoked.
    Revoked,
    /// The daemon ends.
    Shutdown,
}

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the daemon ends this session: ")?;
        match self {
            Self::SlowUpload(least) => write!(
                formatter,
                "its upload is slower than {least} bytes a second (quota.least-rate). Run the build again; if this machine is slow, ask the operator for a lower rate"
            ),
            Self::Revoked => {
                formatter.write_str("the operator has revoked what it has put. Run the build again")
            }
            Self::Shutdown => formatter
                .write_str("the daemon is being stopped (limits.drain). Run the build again"),
        }
    }
}

impl ActiveSession {
    /// Ends it: it reads the end of its stream, and its client is told why.
    pub(crate) fn stop(&self, why: Stopped) {
        // The first reason counts.
        let _ = self.stopped.set(why);
        self.stop
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Why it was ended from here, if it was.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        self.stopped.get().copied()
    }
}

/// How the upload of a session's present put goes.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Since when times are counted.
    origin: Instant,
    /// Milliseconds from there to the put's beginning, plus one; 0 where no put is under way.
    begun: AtomicU64,
    bytes: AtomicU64,
}

/// How long an upload may be slower than the least rate: a client's machine may stop for a moment.
const SLOW_FOR: Duration = Duration::from_secs(20);

impl Upload {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            begun: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn begin(&self) {
        let since = self.origin.elapsed().as_millis();
        self.bytes.store(0, Ordering::Relaxed);
        let begun = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
        self.begun.store(begun, Ordering::Relaxed);
    }

    fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn end(&self) {
        self.begun.store(0, Ordering::Relaxed);
    }

    /// Whether the put under way is slower than so many bytes a second.
    pub(crate) fn is_slower_than(&self, rate: u64) -> bool {
        let begun = self.begun.load(Ordering::Relaxed);
        if begun == 0 {
            return false;
        }
        let took = self
            .origin
            .elapsed()
            .saturating_sub(Duration::from_millis(begun - 1));
        let expected = u128::from(rate) * took.as_millis() / 1000;
        took > SLOW_FOR && u128::from(self.bytes.load(Ordering::Relaxed)) < expected
    }
}

/// All sessions of the daemon.
#[derive(Default)]
pub(crate) struct Sessions {
    active: Mutex<Active>,
    changed: Condvar,
}

#[derive(Default)]
struct Active {
    next: u64,
    /// Threads, also of clients that are not accepted yet.
    threads: usize,
    sessions: BTreeMap<u64, Arc<ActiveSession>>,
}

/// A session as `status` shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SessionStatus {
    /// Its name in entries and recordings.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
    /// The user of its peer.
    pub uid: u32,
    /// Seconds since it began.
    pub seconds: u64,
}

/// A thread for one client; the place is free when this is dropped.
pub(crate) struct Place {
    sessions: Arc<Sessions>,
}

/// A session that is listed as under way until this is dropped.
pub(crate) struct Listed {
    sessions: Arc<Sessions>,
    /// The session.
    pub session: Arc<ActiveSession>,
}

impl Sessions {
    /// A place for one more client; `None` where there are as many as there may be.
    pub(crate) fn place(self: &Arc<Self>, most: usize) -> Option<Place> {
        let mut active = self.lock();
        if active.threads >= most {
            return None;
        }
        active.threads += 1;
        Some(Place {
            sessions: Arc::clone(self),
        })
    }

    /// Lists a session. The descriptor becomes readable when the session is to end.
    ///
    /// # Errors
    /// When the system has no pipe to give.
    pub(crate) fn list(
        self: &Arc<Self>,
        tenant: &str,
        id: String,
        peer: Peer,
        labels: Vec<Label>,
    ) -> io::Result<(Listed, Arc<OwnedFd>)> {
        let (reader, writer) = io::pipe()?;
        let mut active = self.lock();
        active.next += 1;
        let session = Arc::new(ActiveSession {
            number: active.next,
            tenant: tenant.to_owned(),
            id,
            peer,
            labels,
            started: SystemTime::now(),
            upload: Arc::new(Upload::new()),
            stop: Mutex::new(Some(writer)),
            stopped: OnceLock::new(),
        });
        active.sessions.insert(session.number, Arc::clone(&session));
        let listed = Listed {
            sessions: Arc::clone(self),
            session,
        };
        Ok((listed, Arc::new(reader.into())))
    }

    /// All that are under way.
    pub(crate) fn all(&self) -> Vec<Arc<ActiveSession>> {
        self.lock().sessions.values().cloned().collect()
    }

    /// What `status` shows of them.
    pub(crate) fn status(&self) -> Vec<SessionStatus> {
        let shown = |session: &Arc<ActiveSession>| SessionStatus {
            id: session.id.clone(),
            tenant: session.tenant.clone(),
            uid: session.peer.uid,
            seconds: session.started.elapsed().unwrap_or_default().as_secs(),
        };
        self.lock().sessions.values().map(shown).collect()
    }

    /// Waits until no client is left, at most for so long; returns whether none is.
    pub(crate) fn wait_until_none(&self, time: Duration) -> bool {
        let active = self.lock();
        let waited = self
            .changed
            .wait_timeout_while(active, time, |active| active.threads > 0);
        let (active, _) = waited.unwrap_or_else(PoisonError::into_inner);
        active.threads == 0
    }

    /// Waits until no session with such a name is under way, at most for so long; returns whether
    /// none is.
    pub(crate) fn wait_until_none_is(
        &self,
        time: Duration,
        is_meant: impl Fn(&str) -> bool,
    ) -> bool {
        let is_any = |active: &mut Active| {
            let mut all = active.sessions.values();
            all.any(|session| is_meant(&session.id))
        };
        let waited = self.changed.wait_timeout_while(self.lock(), time, is_any);
        let (mut active, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !is_any(&mut active)
    }

    fn lock(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.lock().threads -= 1;
        self.sessions.changed.notify_all();
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.sessions.lock().sessions.remove(&self.session.number);
        self.sessions.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const PEER: Peer = Peer {
        uid: 1000,
        gid: 1000,
        pid: None,
    };

    #[test]
    fn a_session_is_listed_until_it_ends_and_can_be_ended() {
        let sessions = Arc::new(Sessions::default());
        let (listed, stop) = sessions.list("main", "a".into(), PEER, Vec::new()).unwrap();
        let (_other, _) = sessions.list("fork", "b".into(), PEER, Vec::new()).unwrap();
        let names = || {
            let all = sessions.status().into_iter();
            all.map(|session| session.id).collect::<Vec<_>>()
        };
        assert_eq!(names(), ["a", "b"]);
        listed.session.stop(Stopped::Revoked);
        listed.session.stop(Stopped::Shutdown);
        let mut stop = std::fs::File::from(stop.try_clone().unwrap());
        assert_eq!(stop.read(&mut [0]).unwrap(), 0, "the end, at once");
        assert_eq!(listed.session.stopped(), Some(Stopped::Revoked));
        drop(listed);
        assert_eq!(names(), ["b"]);
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let sessions = Arc::new(Sessions::default());
        let places: Vec<_> = (0..3).map_while(|_| sessions.place(2)).collect();
        assert_eq!(places.len(), 2);
        assert!(!sessions.wait_until_none(Duration::ZERO));
        drop(places);
        assert!(sessions.wait_until_none(Duration::ZERO));
        assert!(sessions.place(2).is_some());
    }
}
