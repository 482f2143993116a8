//! docs/remote.md works when it is followed from top to bottom.
//!
//! Its shell blocks run on two machines, whose store, module and variables are their own. What the
//! page shows as output must be there. Only the address and the key are others than the page's: those
//! of the test's own server.

use cachewarden_servers::{Server, seaweedfs};

use super::remote_hits;
use crate::support::*;

/// What follows in the page is done on another machine.
const SECOND_MACHINE: &str = "<!-- on a second machine -->\n";

/// The tier of the page, and its key.
const TIER: &str = "s3://go-cache/widget?endpoint=http://127.0.0.1:8333&region=auto";
const KEY: &str = "CACHEWARDEN_S3_ACCESS_KEY_ID=key CACHEWARDEN_S3_SECRET_ACCESS_KEY=secret";

/// The page with the address and the key of a server.
fn page_of(server: &Server) -> String {
    let page = include_str!("../../docs/remote.md");
    for part in [TIER, KEY, SECOND_MACHINE] {
        assert_eq!(page.matches(part).count(), 1, "{part}");
    }
    let key: Vec<_> = server.credentials.iter().collect();
    let key = key.iter().map(|(name, value)| format!("{name}={value}"));
    let key: Vec<_> = key.collect();
    let tier = server.tier("widget") + "&region=auto";
    page.replace(TIER, &tier).replace(KEY, &key.join(" "))
}

/// Follows a part of the page on a machine that has nothing yet; what it prints.
fn follow(blocks: &[Block]) -> String {
    // Its store is where the program keeps it by default: in the home of this world.
    let sandbox = Sandbox::new();
    let bin = sandbox.folder("bin");
    std::os::unix::fs::symlink(PROGRAM, bin.join("cachewarden")).expect("a link");
    let script = format!("exec 2>&1\n{}", script_of(blocks));
    let script = sandbox.file("page.sh", script);
    let project = GoProject::new(&sandbox, GO, GREETING);
    let mut command = project.command("bash".as_ref());
    let search = std::env::var("PATH").expect("PATH");
    let go = toolchain(GO).join("bin");
    let search = format!("{}:{}:{search}", bin.display(), go.display());
    command
        .arg(script)
        .env("PATH", search)
        .env_remove("GOCACHEPROG");
    let outcome = run_to_its_end(&mut command).succeeded();
    shows(blocks, &outcome.stdout);
    outcome.stdout
}

#[test]
fn a_team_shares_a_bucket_by_following_the_page_on_seaweedfs() {
    let page = page_of(seaweedfs());
    let (first, second) = page.split_once(SECOND_MACHINE).expect("both machines");
    let (first, second) = (blocks(first), blocks(second));
    assert!(first.len() >= 2 && !second.is_empty(), "{page}");
    assert_eq!(remote_hits(&follow(&first)), 0);
    // It has the same variables.
    let second: Vec<_> = first.iter().take(1).chain(&second).cloned().collect();
    assert!(remote_hits(&follow(&second)) > 10);
}
