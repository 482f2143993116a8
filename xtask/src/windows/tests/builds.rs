//! What a go command gets from the cache, and what it makes of it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::totals::Totals;

use super::world::{BUILDS_UNTIL_WARM, PROGRAM, RUNES, World};

/// The word that `go test` prints for a result that it has from the cache.
const CACHED: &str = "(cached)";

/// The module with a test and a program.
fn with_program(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    world.module("module", &[PROGRAM])
}

/// The same program, once built and once from the cache.
pub(super) fn cold_then_warm(world: &World<'_>) -> Result<()> {
    with_program(world)?;
    let helper = world.helper("store");
    let build = |output: &str| -> Result<Vec<u8>> {
        let words = ["build", "-o", output, "./cmd/count"];
        let ended = world.go("module", &helper, &words)?.well()?;
        ensure!(ended.stderr.is_empty(), "{ended:?}");
        let program = world.path("module").join(output);
        fs::read(&program).with_context(|| program.display().to_string())
    };
    let cold = build("cold.exe")?;
    let first = world.totals("store")?;
    ensure!(first.hits == 0 && first.puts > 20, "{first:?}");
    let warm = build("warm.exe")?;
    ensure!(cold == warm, "the program differs");
    let second = world.totals("store")?;
    // go asks for the program, which it has not put, links it, and puts what the linker has printed.
    ensure!(
        second.hits > 20 && second.puts <= 1 && second.gets - second.hits <= 1,
        "{second:?}"
    );
    let said = world.run_built("module/warm.exe")?;
    ensure!(said.stderr == "4 runes", "{said:?}");
    Ok(())
}

pub(super) fn tests_and_vet_are_hits(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    world.write(
        "module/lib/lib_test.go",
        "package lib\n\nimport \"testing\"\n\n\
         func TestCount(t *testing.T) {\n\tif Count(\"four\") != 4 {\n\t\tt.Fatal()\n\t}\n}\n",
    )?;
    let helper = world.helper("store");
    let test = || world.go("module", &helper, &["test", "./lib"])?.well();
    let first = test()?;
    ensure!(!first.stdout.contains(CACHED), "{first:?}");
    test()?.says(CACHED)?;
    let vet = || world.go("module", &helper, &["vet", "./..."])?.well();
    vet()?;
    vet()?;
    let totals = world.totals("store")?;
    ensure!(totals.hits > 0 && totals.puts == 0, "{totals:?}");
    Ok(())
}

/// The session does not take what go links there; it is linked again.
pub(super) fn go_run_works(world: &World<'_>) -> Result<()> {
    with_program(world)?;
    let helper = world.helper("store");
    for _ in 0..2 {
        let ran = world
            .go("module", &helper, &["run", "./cmd/count"])?
            .well()?;
        ensure!(ran.stderr == "4 runes", "{ran:?}");
    }
    Ok(())
}

/// A file of the store that was cut or lost is no hit, and the build is right; after a start of the
/// machine neither is one that was changed.
pub(super) fn changed_objects_are_misses(world: &World<'_>) -> Result<()> {
    world.module("module", &RUNES)?;
    let helper = world.helper("store");
    let build = || world.warm("module", &helper, "store");
    build()?;
    let damage = |change: &dyn Fn(usize, &Path) -> std::io::Result<()>| -> Result<Totals> {
        let objects = world.files("store/objects")?;
        ensure!(objects.len() > 3, "{objects:?}");
        for (number, object) in objects.iter().enumerate() {
            change(number, object)?;
        }
        world.go("module", &helper, &["build", "./..."])?.well()?;
        let totals = world.totals("store")?;
        build()?;
        Ok(totals)
    };
    let cut = damage(&|number, object| match number % 2 {
        0 => fs::write(
            object,
            &fs::read(object)?[..fs::metadata(object)?.len() as usize / 2],
        ),
        _ => fs::remove_file(object),
    })?;
    ensure!(cut.puts > 3, "{cut:?}");
    world.bench.wine.count_a_start()?;
    let changed = damage(&|_, object| fs::write(object, vec![0; fs::read(object)?.len()]))?;
    ensure!(changed.puts > 3, "{changed:?}");
    Ok(())
}

/// Files as editors of Windows write them: the sources, the configuration, the settings of go.
pub(super) fn lines_may_end_with_cr_lf(world: &World<'_>) -> Result<()> {
    let with_cr = |text: &str| text.replace('\n', "\r\n");
    for (name, text) in RUNES {
        world.write(format!("module/{name}"), with_cr(text))?;
    }
    let store = world.named("store");
    let text = format!("# A comment.\ndir = '{store}'\nverbose = true\n");
    world.write("cachewarden.toml", with_cr(&text))?;
    let helper = world
        .bare_helper()
        .with("--config")
        .with(world.named("cachewarden.toml"));
    let build = |words: &[&str]| -> Result<()> {
        let mut go = world.go_command("module", &helper)?;
        world.write(
            "env",
            with_cr(&format!("GOCACHEPROG={}\n", helper.to_gocacheprog()?)),
        )?;
        // go reads the helper from its file of settings.
        go.env_remove("GOCACHEPROG")
            .env("GOENV", world.named("env"));
        super::world::ended(go.args(words))?.well()?;
        Ok(())
    };
    for _ in 0..BUILDS_UNTIL_WARM {
        build(&["build", "./..."])?;
    }
    world.is_warm("store")
}
