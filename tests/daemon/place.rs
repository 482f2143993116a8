//! Where a case runs that is the same for every client of the protocol: in a helper of its own, or
//! in a session of a daemon to which a job of another user connects.

use std::path::PathBuf;
use std::process::Command;

use super::world::*;
use crate::support::*;

/// How a client gets at its session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It starts the helper.
    Plain,
    /// It hands its streams over to a daemon.
    Connected,
    /// It sends its streams through the daemon's socket.
    Relayed,
}

/// Makes a test of each case and each way: `plain::CASE`, `connected::CASE`, `relayed::CASE`.
macro_rules! each_way {
    ($($case:ident)*) => {
        mod plain {
            $(#[test] fn $case() { super::$case($crate::daemon::Way::Plain); })*
        }
        $crate::daemon::through_a_daemon! { $($case)* }
    };
}
pub(crate) use each_way;

/// Makes a test of each case for both ways through a daemon.
macro_rules! through_a_daemon {
    ($($case:ident)*) => {
        mod connected {
            $(#[test] fn $case() {
                if $crate::daemon::is_root() { super::$case($crate::daemon::Way::Connected); }
            })*
        }
        mod relayed {
            $(#[test] fn $case() {
                if $crate::daemon::is_root() { super::$case($crate::daemon::Way::Relayed); }
            })*
        }
    };
}
pub(crate) use through_a_daemon;

/// A store, and sessions of one user on it.
pub(crate) struct Place {
    way: Way,
    world: World,
}

impl Way {
    /// A new store, and the daemon that has it.
    #[track_caller]
    pub(crate) fn place(self) -> Place {
        self.place_in("")
    }

    /// The same, with everything in this folder of the sandbox.
    #[track_caller]
    pub(crate) fn place_in(self, folder: &str) -> Place {
        let mut world = World::without_daemon();
        if self != Self::Plain {
            world.keep_in(folder);
            world.configure(&format!(
                "[[tenant]]\nname = \"job\"\nmatch = {{ \"peer.uid\" = \"{FORK}\" }}\nwrite = [\"default\"]\nread = [\"default\"]\n"
            ));
            world.start();
        }
        Place { way: self, world }
    }
}

impl Place {
    /// What a client starts.
    pub(crate) fn command(&self) -> Command {
        match self.way {
            Way::Plain => self.world.sandbox.cachewarden(&[]),
            Way::Connected => self.world.connect(FORK, &[]),
            Way::Relayed => self.world.connect(FORK, &["--relay"]),
        }
    }

    /// A session.
    #[track_caller]
    pub(crate) fn helper(&self) -> Helper {
        Helper::start(self.command())
    }

    /// The folder of the store.
    pub(crate) fn store(&self) -> PathBuf {
        match self.way {
            Way::Plain => self.world.sandbox.store(),
            Way::Connected | Way::Relayed => self.world.store(),
        }
    }

    /// The files of its objects.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        files_below(&self.store().join("objects"))
    }

    /// The process that serves a client.
    pub(crate) fn server_of(&self, client: u32) -> u32 {
        match self.way {
            Way::Plain => client,
            Way::Connected | Way::Relayed => self.world.process(),
        }
    }
}
