//! Other helpers to compare with: each as `go install` builds it, with a local folder and no other
//! option.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::helper::Helper;
use crate::process;

/// A helper of another project.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    /// Its name in tables.
    pub(super) name: &'static str,
    /// The argument of `go install`.
    package: &'static str,
    /// The name of the program.
    program: &'static str,
    /// Its arguments for a local folder, `{}` being the folder; `None` where this was never tried,
    /// since the helper could not be installed.
    words: &'static [&'static str],
}

/// The helpers that are compared.
static PEERS: [Peer; 9] = [
    Peer {
        name: "go-cacher",
        package: "github.com/bradfitz/go-tool-cache/cmd/go-cacher@latest",
        program: "go-cacher",
        words: &["-cache-dir={}"],
    },
    Peer {
        name: "gocache",
        package: "github.com/creachadair/gocache/cmd/gocache@latest",
        program: "gocache",
        words: &[],
    },
    Peer {
        name: "go-cache-plugin",
        package: "github.com/tailscale/go-cache-plugin/cmd/go-cache-plugin@latest",
        program: "go-cache-plugin",
        words: &[],
    },
    Peer {
        name: "gobuildcache",
        package: "github.com/richardartoul/gobuildcache@latest",
        program: "gobuildcache",
        words: &["-cache-dir={}", "-lock-dir={}-locks"],
    },
    Peer {
        name: "gocacheprog",
        package: "github.com/vearutop/gocacheprog@latest",
        program: "gocacheprog",
        words: &[],
    },
    Peer {
        name: "cacheprog",
        package: "github.com/platacard/cacheprog/cmd/cacheprog@latest",
        program: "cacheprog",
        words: &[],
    },
    Peer {
        name: "gocica",
        package: "github.com/mazrean/gocica@latest",
        program: "gocica",
        words: &[],
    },
    Peer {
        name: "gocachez",
        package: "github.com/jakebailey/gocachez@latest",
        program: "gocachez",
        words: &[],
    },
    Peer {
        name: "rbe_gocacheprog",
        package: "github.com/HackToHell/rbe_gocacheprog@latest",
        program: "rbe_gocacheprog",
        words: &[],
    },
];

/// The installed helpers, and a line for each of the others with the reason.
pub(super) struct Peers {
    pub(super) here: Vec<&'static Peer>,
    pub(super) missing: Vec<String>,
}

/// Installs the helpers into `folder`, as far as possible.
pub(super) fn install(folder: &Path) -> Result<Peers> {
    let mut peers = Peers {
        here: Vec::new(),
        missing: Vec::new(),
    };
    for peer in &PEERS {
        println!("installing {}", peer.package);
        let mut command = Command::new("go");
        command
            .env("GOBIN", folder)
            .env_remove("GOCACHEPROG")
            .args(["install", peer.package]);
        let output = command
            .output()
            .with_context(|| process::cannot_start(&command))?;
        if output.status.success() && !peer.words.is_empty() {
            peers.here.push(peer);
        } else if output.status.success() {
            peers.missing.push(format!(
                "`{}`: it installs by now; the bench has to learn its options",
                peer.package
            ));
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            let reason = said.lines().last().unwrap_or_default().trim();
            peers.missing.push(format!("`{}`: {reason}", peer.package));
        }
    }
    Ok(peers)
}

impl Peer {
    /// The helper, keeping everything in `store`.
    pub(super) fn helper(&self, folder: &Path, store: &Path) -> Helper {
        let program: PathBuf = folder.join(self.program);
        let store = store.to_string_lossy();
        self.words
            .iter()
            .fold(Helper::new(program), |helper, word| {
                helper.with(word.replace("{}", &store))
            })
    }
}
