//! `cargo xtask languages`: measures policies in each language, and writes docs/languages.md, from
//! one run.
//!
//! It measures the project that `policy new` makes, built by the command that it prints and
//! measured by `policy bench`, so a reader can repeat each row by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::folders;
use crate::go::Go;
use crate::guests::{self, Choice, LANGUAGES, Language};
use crate::machine::Machine;
use crate::process;
use crate::table::Table;
use crate::workspace::Workspace;

const PAGE: &str = "docs/languages.md";

/// The text around the table.
const TEXT: &str = include_str!("languages.md");

/// The placeholder for the table.
const PLACE_OF_TABLE: &str = "{{table}}\n";

/// The policy that is measured for a language without a project.
const INSTEAD: &str = "mirror.wasm";

const COLUMNS: [&str; 10] = [
    "language",
    "built with",
    "policy.wasm",
    "compiled in",
    "first decision",
    "when not compiled yet",
    "a decision",
    "first and last of ten parts",
    "the worst of a million",
    "memory",
];

/// Builds and measures a project in every language, and writes the page.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let machine = Machine::detect(&Go::of_this_machine()?)?;
    let cachewarden = workspace.build_release()?;
    let guests::Built { left_out, result } = guests::run(workspace, &Choice::for_tests(true));
    result?;
    let mut table = Table::new(&COLUMNS);
    for language in LANGUAGES {
        let is_here = left_out.iter().all(|left| left.language != language.name);
        if is_here {
            println!("measuring {}", language.name);
            let policy = policy(workspace, &cachewarden, language)?;
            let figures = measure(&cachewarden, &policy)?;
            let tools = (language.tools)(workspace)?;
            table.add(row(language.name, &tools, &figures)?);
        }
    }
    for left_out in &left_out {
        println!("not measured: {}: {}", left_out.language, left_out.reason);
    }
    let page = TEXT
        .replace(PLACE_OF_TABLE, &table.to_string())
        .replace("{{machine}}", &machine.to_string());
    let file = workspace.root().join(PAGE);
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    println!("wrote {PAGE}");
    Ok(())
}

/// Makes a project and builds it; where there is no project to make, it is the policy of the
/// conformance cases.
fn policy(workspace: &Workspace, cachewarden: &Path, language: &Language) -> Result<PathBuf> {
    if !language.has_sdk {
        let instead = Path::new(language.name).join(INSTEAD);
        return Ok(workspace.guests().join(instead));
    }
    let folder = workspace.languages();
    let project = folder.join(language.name);
    folders::remove(&project)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let said = process::read(Command::new(cachewarden).current_dir(&folder).args([
        "policy",
        "new",
        language.name,
        "--lang",
        language.name,
    ]))?;
    let build = said.lines().last().context("`policy new` said nothing")?;
    process::read(
        Command::new("sh")
            .current_dir(&project)
            .env("PATH", guests::search_path(workspace, language.name))
            .args(["-c", build]),
    )?;
    Ok(project.join("policy.wasm"))
}

/// Measures the question `put`, which the author of every project has written.
fn measure(cachewarden: &Path, policy: &Path) -> Result<Value> {
    let mut command = Command::new(cachewarden);
    command.args(["policy", "bench", "--question", "put", "--json"]);
    let figures = process::read(command.arg(policy))?;
    serde_json::from_str(&figures).context("`policy bench` printed no JSON")
}

fn row(language: &str, tools: &str, figures: &Value) -> Result<Vec<String>> {
    let figure = |name: &str| {
        figures[name]
            .as_f64()
            .with_context(|| format!("`policy bench` printed no `{name}`"))
    };
    Ok(vec![
        language.to_owned(),
        tools.to_owned(),
        size(figure("file")?),
        time(figure("compile")?),
        time(figure("first_warm")?),
        time(figure("first_cold")?),
        time(figure("mean")?),
        format!(
            "{}, {}",
            time(figure("mean_first")?),
            time(figure("mean_last")?)
        ),
        time(figure("worst")?),
        size(figure("memory_last")?),
    ])
}

/// Three digits: more are not reproducible.
fn time(nanoseconds: f64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
    in_units(nanoseconds, &units)
}

fn size(bytes: f64) -> String {
    in_units(bytes, &[(1e6, "MB"), (1e3, "kB"), (1.0, "B")])
}

fn in_units(value: f64, units: &[(f64, &str)]) -> String {
    let (unit, name) = units
        .iter()
        .find(|(unit, _)| value >= *unit)
        .unwrap_or(&units[units.len() - 1]);
    let value = value / unit;
    if value < 10.0 && value > 0.0 {
        format!("{value:.1} {name}")
    } else {
        format!("{value:.0} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_unit_that_suits_them() {
        assert_eq!(time(1_234_567_890.0), "1.2 s");
        assert_eq!(time(45_600.0), "46 µs");
        assert_eq!(time(308.0), "308 ns");
        assert_eq!(size(56_625.0), "57 kB");
        assert_eq!(size(0.0), "0 B");
    }
}
