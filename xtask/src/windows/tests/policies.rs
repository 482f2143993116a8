//! Policies decide, and tiers share, as on other systems.

use std::fs;

use anyhow::{Result, ensure};

use super::world::{RUNES, World};

/// A policy that loops for ever, whatever it is asked.
const LOOPS: &str = include_str!("../../demo/loops.wat");

const PUSH: [&str; 3] = [
    "GITHUB_REPOSITORY=acme/widget",
    "GITHUB_EVENT_NAME=push",
    "GITHUB_REF=refs/heads/main",
];

const PULL_REQUEST: [&str; 3] = [
    "GITHUB_REPOSITORY=acme/widget",
    "GITHUB_EVENT_NAME=pull_request",
    "GITHUB_REF=refs/pull/17/merge",
];

/// A pull request reads what the main branch has put, and what it puts itself the main branch never
/// reads.
pub(super) fn pull_requests_write_apart(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    fs::copy(world.policy("trusted-branches"), world.path("policy.wasm"))?;
    let helper = world
        .helper("store")
        .with("--no-env")
        .with("--policy")
        .with(world.named("policy.wasm"));
    let build = |labels| {
        let helper = helper.clone().labelled(labels);
        world.go("module", &helper, &["build", "./..."])?.well()
    };
    build(PUSH)?;
    let first = world.totals("store")?;
    ensure!(first.hits == 0 && first.puts > 0, "{first:?}");
    // The pull request changes the library.
    let changed = RUNES[1].1.replace("Count(text", "Number(text");
    world.write("module/lib/lib.go", changed)?;
    build(PULL_REQUEST)?;
    let second = world.totals("store")?;
    ensure!(second.hits > 0 && second.puts > 0, "{second:?}");
    // The main branch takes the change over, and has to build it.
    build(PUSH)?;
    let third = world.totals("store")?;
    ensure!(third.hits > 0 && third.puts > 0, "{third:?}");
    build(PUSH)?;
    world.is_warm("store")
}

/// It is stopped, and the build is as it would be without a cache.
pub(super) fn a_policy_that_hangs_is_stopped(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    world.write("loops.wat", LOOPS)?;
    let helper = world
        .helper("store")
        .with("--policy")
        .with(world.named("loops.wat"));
    let ended = world.go("module", &helper, &["build", "./..."])?.well()?;
    ended.says("cachewarden: warning[CW")?;
    let totals = world.totals("store")?;
    ensure!(totals.hits == 0, "{totals:?}");
    Ok(())
}

/// Two stores stand for two machines, and a folder for the tier between them.
pub(super) fn another_machine_finds_a_tier(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    fs::create_dir(world.path("tier"))?;
    let address = format!("file:///{}", world.named("tier").replace('\\', "/"));
    for (store, is_there) in [("one", false), ("two", true)] {
        let helper = world.helper(store).with("--remote").with(&address);
        world
            .go("module", &helper, &["build", "-trimpath", "./..."])?
            .well()?;
        let words = ["flush", "--dir", &world.named(store), "--remote", &address];
        world.cachewarden(&words)?.well()?;
        let totals = world.totals(store)?;
        ensure!(
            (totals.remote_hits > 0) == is_there,
            "the store {store}: {totals:?}"
        );
    }
    Ok(())
}
