//! Waiting for what happens to a file, whoever does it: watch first, then cause, then wait.

use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, WatchFlags};

use super::process::BOUND;

/// Events of one file or folder.
struct Events(OwnedFd);

impl Events {
    fn of(path: &Path, kinds: WatchFlags) -> Self {
        let events = inotify::init(inotify::CreateFlags::CLOEXEC).expect("inotify");
        inotify::add_watch(&events, path, kinds).expect("it can be watched");
        Self(events)
    }

    /// Returns once something is so: looked at now, and after each event.
    #[track_caller]
    fn wait_until(&self, what: &str, so: impl Fn() -> bool) {
        let deadline = Instant::now() + BOUND;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        while !so() {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.try_into().expect("a bound that the kernel can take");
            let ready =
                poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&left)).expect("poll");
            assert!(ready > 0, "{what} within {BOUND:?}");
            inotify::Reader::new(&self.0, &mut buffer)
                .next()
                .expect("an event");
        }
    }
}

/// Sees a file go.
pub(crate) struct RemovalWatch {
    path: PathBuf,
    events: Events,
}

impl RemovalWatch {
    /// Begins to watch a file that is still there.
    pub(crate) fn over(path: &Path) -> Self {
        assert!(path.exists(), "{} must be there first", path.display());
        let folder = path.parent().expect("a folder");
        Self {
            path: path.to_owned(),
            events: Events::of(folder, WatchFlags::DELETE | WatchFlags::DELETE_SELF),
        }
    }

    /// Returns once the file is gone.
    #[track_caller]
    pub(crate) fn wait(self) {
        let what = format!("{} was not removed", self.path.display());
        self.events.wait_until(&what, || !self.path.exists());
    }
}

/// Sees a file grow.
pub(crate) struct GrowthWatch {
    path: PathBuf,
    events: Events,
}

impl GrowthWatch {
    /// Begins to watch a file that is there.
    pub(crate) fn over(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            events: Events::of(path, WatchFlags::MODIFY),
        }
    }

    /// Returns once its content is such.
    #[track_caller]
    pub(crate) fn wait_until(self, such: impl Fn(&[u8]) -> bool) {
        let what = format!("{} did not come so far", self.path.display());
        self.events
            .wait_until(&what, || such(&fs::read(&self.path).expect("the file")));
    }
}
