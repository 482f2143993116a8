//! What CI services do without a helper: a GOCACHE is packed into one file, and unpacked on each
//! fresh machine.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use cachewarden_servers::{Proxy, before};

use crate::process;

use super::commands::GoCommand;
use super::network::Network;
use crate::bench::bench_env::BenchEnv;
use crate::bench::builds::Workload;
use crate::bench::subject::{Cache, Subject};
use crate::bench::usage;

/// Where SeaweedFS gives files to anybody.
const FILER: u16 = 8888;

/// The file on the server.
const PATH: &str = "bench-gocache.tar.zst";

/// A GOCACHE in one file on a server.
pub(super) struct Tar {
    filer: SocketAddr,
}

impl Tar {
    /// Builds with cmd/go alone, packs its GOCACHE, and sends it to the server.
    pub(super) fn of(
        bench: &BenchEnv,
        server: &cachewarden_servers::Server,
        commands: &[&GoCommand],
    ) -> Result<Self> {
        println!("packing a GOCACHE");
        let cache = Cache::new(bench)?;
        for GoCommand { workload, .. } in commands {
            let mut command = bench.go(Subject::GoAlone, &cache)?;
            command.args(workload.arguments());
            usage::measure(&mut command, &bench.path("words"))?;
        }
        let mut filer = server.socket;
        filer.set_port(FILER);
        let script = "tar -C \"$0\" -c . | zstd -q -3 -T0 | curl -sSf -o /dev/null -T - \"$1\"";
        process::run(&mut shell(script, &cache.gocache(), &url(filer)))?;
        Ok(Self { filer })
    }

    /// A build on a fresh machine behind such a network; the seconds.
    pub(super) fn build(
        &self,
        bench: &BenchEnv,
        workload: &Workload,
        network: &Network,
    ) -> Result<f64> {
        let proxy: Proxy = before(self.filer);
        network.slow(&proxy);
        let cache = Cache::new(bench)?;
        std::fs::create_dir_all(cache.gocache())?;
        let script = "curl -sSf \"$1\" | zstd -q -d | tar -C \"$0\" -x";
        let began = Instant::now();
        process::run(&mut shell(script, &cache.gocache(), &url(proxy.socket)))?;
        let mut command = bench.go(Subject::GoAlone, &cache)?;
        command.args(workload.arguments());
        usage::measure(&mut command, &bench.path("words"))?;
        Ok(began.elapsed().as_secs_f64())
    }
}

fn url(filer: SocketAddr) -> String {
    format!("http://{filer}/{PATH}")
}

/// A shell that stops at the first command that fails, with a folder and a URL.
fn shell(script: &str, folder: &Path, url: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .arg(folder)
        .arg(url);
    command
}
