//! Processes that end at any moment, and many at once.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::world::{BUILDS_UNTIL_WARM, PROGRAM, RUNES, World, ended};

/// Nothing that is waited for here takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was answered is on the disk: a helper that is killed loses none of it.
pub(super) fn a_killed_helper_costs_no_entry(world: &World<'_>) -> Result<()> {
    let object = |number: u32| format!("object {number}\n").repeat(100).into_bytes();
    let mut client = world.client("store")?;
    for number in 0..50 {
        client.put(&number.to_string(), &object(number))?;
    }
    client.kill()?;
    let mut client = world.client("store")?;
    for number in 0..50 {
        let found = client.get(&number.to_string(), &object(number))?;
        ensure!(found.is_some(), "object {number} is lost");
    }
    client.close()?;
    world
        .cachewarden(&["verify", "--dir", &world.named("store")])?
        .well()?;
    Ok(())
}

/// A go command that is killed in the middle of a build leaves a store that the next one uses.
pub(super) fn a_killed_go_command_ends_its_helper(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    world.module("module", &[PROGRAM])?;
    let helper = world.helper("store");
    let mut go = world.go_command("module", &helper)?;
    let mut child = go.args(["build", "./..."]).spawn()?;
    wait_for("some objects", || {
        Ok(world.files("store/objects")?.len() > 3)
    })?;
    child.kill()?;
    child.wait()?;
    // A helper whose go command has gone ends its session.
    let sessions = world.path("store/sessions.jsonl");
    wait_for("the end of the session", || Ok(sessions.exists()))?;
    world
        .cachewarden(&["verify", "--dir", &world.named("store")])?
        .well()?;
    world.go("module", &helper, &["build", "./..."])?.well()?;
    let totals = world.totals("store")?;
    ensure!(totals.hits > 0, "{totals:?}");
    Ok(())
}

/// Four go commands build the same with one store, and then all is there.
pub(super) fn go_commands_at_once(world: &World<'_>) -> Result<()> {
    let modules = ["one", "two", "three", "four"];
    for module in modules {
        world.module(module, &RUNES)?;
    }
    let helper = world.helper("store");
    thread::scope(|scope| {
        let builds = modules.map(|module| {
            let helper = &helper;
            scope.spawn(move || {
                let mut go = world.go_command(module, helper)?;
                go.env("GOCACHE", world.named(format!("gocache-{module}")));
                ended(go.args(["build", "-trimpath", "./..."]))?.well()
            })
        });
        builds
            .into_iter()
            .try_for_each(|build| build.join().expect("a build").map(drop))
    })?;
    let words = ["build", "-trimpath", "./..."];
    for _ in 1..BUILDS_UNTIL_WARM {
        world.go("one", &helper, &words)?.well()?;
    }
    world.is_warm("store")?;
    world
        .cachewarden(&["verify", "--dir", &world.named("store")])?
        .well()?;
    Ok(())
}

/// A prune beside a session removes what nobody uses, and nothing that the session has been given.
pub(super) fn a_trim_spares_what_is_in_use(world: &World<'_>) -> Result<()> {
    let kept = b"kept";
    let mut client = world.client("store")?;
    for number in 0..20 {
        client.put(&format!("action {number}"), number.to_string().as_bytes())?;
    }
    let used = client.put("used", kept)?;
    let store = world.named("store");
    let prune = |words: &[&str]| -> Result<()> {
        let words = [&["prune", "--dir", &store, "--yes"], words].concat();
        world.cachewarden(&words)?.well()?;
        Ok(())
    };
    prune(&["--all"])?;
    ensure!(
        client.get("used", kept)?.as_deref() == Some(&used[..]),
        "{used} is gone"
    );
    client.close()?;
    prune(&["--all", "--now"])?;
    ensure!(world.files("store/objects")?.is_empty(), "objects are left");
    let mut client = world.client("store")?;
    ensure!(client.get("used", kept)?.is_none(), "an entry is left");
    client.put("used", kept)?;
    client.close()?;
    ensure!(
        world.files("store/objects")?.len() == 1,
        "the store takes no put any more"
    );
    Ok(())
}

/// Asks again and again, since nothing tells when another process has come so far.
fn wait_for(what: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_so()? {
        ensure!(began.elapsed() < PATIENCE, "no sign of {what}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
