//! Names and paths, which Windows reads otherwise than Unix.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::world::{RUNES, World};

/// Windows had this bound for a path, and programs that do not ask for more have it still.
const MAX_PATH: usize = 260;

pub(super) fn names_with_spaces_and_letters(world: &World<'_>) -> Result<()> {
    let folder = "a folder, 'ä' & 日本 (100%)";
    let module = format!("{folder}/module");
    world.module(&module, &RUNES)?;
    is_warm(world, &module, &format!("{folder}/store"))
}

/// A module and a store whose paths are far longer than the old bound.
pub(super) fn long_paths(world: &World<'_>) -> Result<()> {
    let deep = ["long-name-of-a-folder-of-forty-letters--"; 8].join("/");
    ensure!(world.named(&deep).len() > MAX_PATH + 60);
    let module = format!("{deep}/module");
    world.module(&module, &RUNES)?;
    let store = format!("{deep}/store");
    // The go command itself is started with a short current folder.
    let helper = world.helper(&store);
    for _ in 0..2 {
        let module = world.named(&module);
        world
            .go("", &helper, &["-C", &module, "build", "./..."])?
            .well()?;
    }
    let totals = world.totals(&store)?;
    ensure!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
    Ok(())
}

/// One store, whatever the case of the letters in its path.
pub(super) fn case_does_not_matter(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    let build = |store: String| -> Result<()> {
        let helper = world.bare_helper().with("--dir").with(store);
        world.go("module", &helper, &["build", "./..."])?.well()?;
        Ok(())
    };
    build(world.named("store"))?;
    build(world.named("store").to_uppercase())?;
    let totals = world.totals("store")?;
    ensure!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
    build(world.named("store").replace('\\', "/"))?;
    let totals = world.totals("store")?;
    ensure!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
    Ok(())
}

/// What go opens: an absolute path of Windows, to a file that nobody may write.
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
    ensure!(
        fs::metadata(&file)?.permissions().readonly(),
        "{got} may be written"
    );
    Ok(())
}

/// Only the profile's access list is known to let nobody else in.
pub(super) fn a_store_outside_the_profile_is_refused(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    for folder in [
        r"C:\cachewarden-store",
        r"C:\users\Public\cachewarden-store",
    ] {
        let helper = world.bare_helper().with("--dir").with(folder);
        let ended = world.go("module", &helper, &["build", "./..."])?.badly()?;
        ended.says("cachewarden: error[CW")?;
    }
    Ok(())
}

/// Scopes with names that are devices of Windows, and labels with letters that no file may have.
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

/// Builds twice, and the second build finds everything.
fn is_warm(world: &World<'_>, module: &str, store: &str) -> Result<()> {
    let helper = world.helper(store);
    for _ in 0..2 {
        world.go(module, &helper, &["build", "./..."])?.well()?;
    }
    let totals = world.totals(store)?;
    ensure!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
    Ok(())
}
