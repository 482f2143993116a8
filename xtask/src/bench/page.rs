//! Writes docs/benchmarks.md: the figures, and the text that explains them.

use std::fs;

use anyhow::{Context, Result};

use super::BenchOptions;
use super::bench_env::BenchEnv;
use super::report::Section;
use super::subject::Subject;
use crate::machine::Machine;

/// The text of the page.
pub(super) fn write(
    bench: &BenchEnv,
    machine: &Machine,
    options: &BenchOptions,
    others: f64,
    sections: &[Section],
    missing: &[String],
) -> Result<String> {
    let BenchOptions {
        pairs,
        cold_pairs,
        peers,
        entries,
        ..
    } = options;
    let (title, mut option) = match peers {
        true => ("Other helpers beside", " --peers".to_owned()),
        false => ("Benchmarks", format!(" --entries {entries}")),
    };
    if let Some(commit) = bench.older() {
        option.push_str(&format!(" --against {commit}"));
    }
    let size = fs::metadata(bench.cachewarden(Subject::Plain))
        .with_context(|| {
            format!(
                "cannot look at {}",
                bench.cachewarden(Subject::Plain).display()
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
They show how the columns compare, not how fast a machine is. Meanwhile other programs took {:.0} %
of the processors' time; if that is more than a few per cent, the times are doubtful.

- The subjects are measured in turns, so that each round makes a pair of any two. A figure is the
  median of all rounds. The numbers in brackets are its ratios to the columns on its left, in their
  order: the median of the ratios of all pairs.
- **baseline** is a helper that answers every get from memory and does nothing else. Its cost is the
  cost of the protocol, so no helper can be faster.
- **cachewarden** has no policy; **with `slim`** asks the policy of examples/slim about every get
  and put.
- **target** is what was to be reached: a figure, or a ratio to a column; **reached** names the
  columns of cachewarden that reach it. [Where the time
  goes](performance.md#what-falls-short-and-why) explains what falls short.
- Files of warm builds are in the page cache. Everything is written into new folders, and nothing is
  removed before the end.
",
        others * 100.0
    );
    if *peers {
        page.push_str(
            "- [Other helpers](helpers.md) says what each of them does, besides these figures.\n",
        );
    }
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

/// A table with its title and its note.
pub(super) fn section(section: &Section) -> String {
    let Section { title, note, .. } = section;
    format!("## {title}\n\n{note}\n{}", section.table())
}
