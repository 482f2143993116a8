//! docs/benchmarks.md: the figures, and all that one has to know to read them.

use std::fs;

use anyhow::{Context, Result};

use super::Effort;
use super::contestant::Contestant;
use super::figures::Section;
use super::workbench::Workbench;
use crate::machine::Machine;

/// The whole page.
pub(super) fn write(
    bench: &Workbench,
    machine: &Machine,
    effort: &Effort,
    others: f64,
    sections: &[Section],
    missing: &[String],
) -> Result<String> {
    let Effort {
        pairs,
        cold_pairs,
        peers,
        entries,
        ..
    } = effort;
    let (title, mut option) = match peers {
        true => ("Other helpers beside", " --peers".to_owned()),
        false => ("Benchmarks", format!(" --entries {entries}")),
    };
    if let Some(commit) = bench.older() {
        option.push_str(&format!(" --against {commit}"));
    }
    let size = fs::metadata(bench.cachewarden(Contestant::Plain))
        .with_context(|| {
            format!(
                "cannot look at {}",
                bench.cachewarden(Contestant::Plain).display()
            )
        })?
        .len() as f64
        / 1e6;
    let mut page = format!(
        "\
# {title}

`cargo xtask bench` writes this page. All figures are from one run:

    cargo xtask bench --pairs {pairs} --cold-pairs {cold_pairs}{option}

with the release build of cachewarden ({size:.1} MB), on {machine}.
They say how the columns compare, not how fast a machine is. Meanwhile other programs took {:.0} % of the processors' time;
more than a few, and the times are doubtful.

- The contestants take turns, so that each round of turns makes a pair of any two. A figure is the median of all rounds.
  The numbers in brackets are its ratios to the columns on its left, in their order: of each pair the ratio, of these the
  median.
- **floor** is a helper that answers every get from memory and does nothing else. What it costs is the protocol itself;
  no helper gets below it.
- **cachewarden** has no policy; **with `slim`** the policy of examples/slim is asked about every get and put.
- **target** is what was set out to be reached: a figure, or a ratio to a column; **reached** says by which of
  cachewarden's columns. What falls short is explained in
  [where the time goes](performance.md#what-falls-short-and-why).
- What is warm is in the page cache. Everything is written into fresh folders, and nothing is removed before the end.
",
        others * 100.0
    );
    for one in sections {
        page.push('\n');
        page.push_str(&section(one));
    }
    if !missing.is_empty() {
        page.push_str("\n## Not measured\n\nThese could not be installed by `go install`:\n\n");
        for line in missing {
            page.push_str(&format!("- {line}\n"));
        }
    }
    Ok(page)
}

/// A table with its title and how to read it.
pub(super) fn section(section: &Section) -> String {
    let Section { title, note, .. } = section;
    format!("## {title}\n\n{note}\n{}", section.table())
}
