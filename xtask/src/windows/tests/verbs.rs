//! Verbs that a person types.

use anyhow::{Result, ensure};

use super::world::{RUNES, World};

/// Each verb that looks at a store, after two builds.
pub(super) fn look_at_the_store(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    let helper = world.helper("store");
    for _ in 0..2 {
        world.go("module", &helper, &["build", "./..."])?.well()?;
    }
    let store = world.named("store");
    let verb = |words: &[&str]| {
        world
            .cachewarden(&[words, &["--dir", &store]].concat())?
            .well()
    };
    verb(&["dir"])?.says(&store)?;
    verb(&["stats"])?.says("package-archive")?;
    verb(&["stats", "--json"])?.says("{")?;
    verb(&["verify"])?;
    verb(&["prune", "--dry-run"])?;
    world
        .cachewarden(&["--version"])?
        .well()?
        .says("cachewarden ")?;
    world
        .cachewarden(&["explain", "CW0103"])?
        .well()?
        .says("CW0103")?;
    world
        .cachewarden(&["completions", "powershell"])?
        .well()?
        .says("cachewarden")?;
    // The store of who says nothing is in the profile.
    let default = world.cachewarden(&["dir"])?.well()?;
    ensure!(
        default
            .stdout
            .trim_end()
            .ends_with(r"\AppData\Local\cachewarden"),
        "{default:?}"
    );
    Ok(())
}

/// Who types a verb that Windows does not have is told so.
pub(super) fn what_is_missing_says_so(world: &World<'_>) -> Result<()> {
    for words in [
        &["serve"][..],
        &["connect", "--socket", "x"],
        &["status"],
        &["mtimes"],
    ] {
        let ended = world.cachewarden(words)?.badly()?;
        ended.says("cachewarden: error[CW")?;
    }
    Ok(())
}
