//! Names and paths, which Windows reads otherwise than Unix.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::helper::Helper;

use super::world::{RUNES, World};

/// Windows had this bound for a path, and programs that do not ask for more have it still.
const MAX_PATH: usize = 260;

pub(super) fn names_with_spaces_and_letters(world: &World<'_>) -> Result<()> {
    let folder = "a folder, 'ä' & 日本 (100%)";
    let module = format!("{folder}/module");
    world.module(&module, &RUNES)?;
    let store = format!("{folder}/store");
    world.warm(&module, &world.helper(&store), &store)
}

/// A package and a store whose paths are longer than the old bound. The current folder of a process
/// has that bound still.
pub(super) fn long_paths(world: &World<'_>) -> Result<()> {
    let deep = ["long-name-of-a-folder-of-forty-letters--"; 6].join("/");
    let store = format!("{deep}/store");
    ensure!(
        world.named(&store).len() > MAX_PATH,
        "{}",
        world.named(&store)
    );
    world.module("module", &RUNES)?;
    let [_, (_, source), _] = RUNES;
    world.write(format!("module/{deep}/lib.go"), source)?;
    world.warm("module", &world.helper(&store), &store)
}

/// One store, whatever the case of the letters in its path, and whichever the slashes.
pub(super) fn case_does_not_matter(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    world.warm("module", &world.helper("store"), "store")?;
    let store = world.named("store");
    for store in [store.to_uppercase(), store.replace('\\', "/")] {
        let helper = world.bare_helper().with("--dir").with(store);
        world.go("module", &helper, &["build", "./..."])?.well()?;
        world.is_warm("store")?;
    }
    Ok(())
}

/// What go opens is an absolute path of Windows.
pub(super) fn a_path_of_an_answer_is_of_windows(world: &World<'_>) -> Result<()> {
    let object = b"an object of a build\r\n";
    let mut client = world.client("store")?;
    let put = client.put("an action", object)?;
    let got = client.get("an action", object)?.context("a miss")?;
    client.close()?;
    let mut again = world.client("store")?;
    let warm = again
        .get("an action", object)?
        .context("a miss of the next session")?;
    ensure!(again.get("another action", b"")?.is_none());
    again.close()?;
    ensure!(put == got && got == warm, "{put}, {got}, {warm}");
    let begin = world.named("store") + r"\objects\";
    ensure!(got.starts_with(&begin) && !got.contains('/'), "{got}");
    let below: PathBuf = got[begin.len()..].split('\\').collect();
    let file = world.path("store/objects").join(below);
    ensure!(
        fs::read(&file)? == object,
        "{} has other bytes",
        file.display()
    );
    Ok(())
}

/// Only the profile's access list is known to let nobody else in. The build goes on without a cache.
pub(super) fn a_store_outside_the_profile_is_not_used(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    for folder in [
        r"C:\cachewarden-store",
        r"C:\users\Public\cachewarden-store",
    ] {
        for options in [&[][..], &["--allow-shared-store"]] {
            let bare = world.bare_helper().with("--dir").with(folder);
            let helper = options.iter().fold(bare, Helper::with);
            let ended = world.go("module", &helper, &["build", "./..."])?.well()?;
            ended.says("cachewarden: warning[CW0103]")?;
        }
        world.cachewarden(&["stats", "--dir", folder])?.badly()?;
    }
    Ok(())
}

/// Scopes with names that are devices of Windows.
pub(super) fn names_that_windows_reserves(world: &World<'_>) -> Result<()> {
    let object = b"x";
    for scope in ["con", "nul", "com1", "aux.txt", "lpt1"] {
        let mut client = world.client_with("store", &["--scope", scope])?;
        client.put(scope, object)?;
        client.close()?;
        let mut client = world.client_with("store", &["--scope", scope])?;
        ensure!(
            client.get(scope, object)?.is_some(),
            "{scope} was not found again"
        );
        client.close()?;
    }
    Ok(())
}
