//! Writes docs/benchmarks.md: the figures, and the text that explains them.

use std::fs;

use anyhow::{Context, Result};

use super::BenchOptions;
use super::bench_env::BenchEnv;
use super::report::Section;
use super::subject::Subject;
use crate::machine::Machine;

/// A page of figures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// cachewarden beside cmd/go alone and the baseline.
    Benchmarks,
    /// The same, and other helpers.
    Peers,
    /// Machines that share a remote tier.
    Remote,
}

impl Page {
    /// Its path in the project.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Benchmarks => "docs/benchmarks.md",
            Self::Peers => "docs/peers.md",
            Self::Remote => "docs/benchmarks-remote.md",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Benchmarks => "Benchmarks",
            Self::Peers => "Other helpers beside",
            Self::Remote => "Benchmarks of remote tiers",
        }
    }

    /// The command that writes it.
    fn command(self, options: &BenchOptions) -> String {
        let BenchOptions {
            pairs,
            cold_pairs,
            entries,
            ..
        } = options;
        let (table, rest) = match self {
            Self::Benchmarks => ("", format!(" --entries {entries}")),
            Self::Peers => ("", " --peers".to_owned()),
            Self::Remote => (" remote", String::new()),
        };
        format!("cargo xtask bench{table} --pairs {pairs} --cold-pairs {cold_pairs}{rest}")
    }

    /// What its columns are.
    fn columns(self) -> &'static str {
        match self {
            Self::Benchmarks | Self::Peers => {
                "\
- **baseline** is a helper that answers every get from memory and does nothing else. Its cost is the
  cost of the protocol, so no helper can be faster.
- **cachewarden** has no policy; **with `slim`** asks the policy of examples/slim about every get
  and put.
- **target** is what was to be reached: a figure, or a ratio to a column; **reached** names the
  columns of cachewarden that reach it. [Where the time
  goes](performance.md#what-falls-short-and-why) explains what falls short.
"
            }
            Self::Remote => {
                "\
- **target** is what was to be reached: a figure, or a ratio to a column. [Where the time
  goes](performance.md#what-falls-short-and-why) explains what falls short.
- Both machines are one, with two stores, and the server is on it too. So the processors are shared
  by cmd/go, the helper, the server and the proxy that makes the network slow.
"
            }
        }
    }
}

/// The text of a page.
pub(super) fn write(
    page: Page,
    bench: &BenchEnv,
    machine: &Machine,
    options: &BenchOptions,
    others: f64,
    sections: &[Section],
    missing: &[String],
) -> Result<String> {
    let size = fs::metadata(bench.cachewarden(Subject::Plain))
        .with_context(|| {
            format!(
                "cannot look at {}",
                bench.cachewarden(Subject::Plain).display()
            )
        })?
        .len() as f64
        / 1e6;
    let mut text = format!(
        "\
# {}

`cargo xtask bench` writes this page. All figures are from one run:

    {}

with the release build of cachewarden ({size:.1} MB), on {machine}.
They show how the columns compare, not how fast a machine is. Meanwhile other programs took {:.0} %
of the processors' time; if that is more than a few per cent, the times are doubtful.

- The subjects are measured in turns, so that each round makes a pair of any two. A figure is the
  median of all rounds. The numbers in brackets are its ratios to the columns on its left, in their
  order: the median of the ratios of all pairs.
{}- Files of warm builds are in the page cache. Everything is written into new folders, and nothing is
  removed before the end.
",
        page.title(),
        page.command(options),
        others * 100.0,
        page.columns(),
    );
    if page == Page::Peers {
        text.push_str(
            "- [Other helpers](helpers.md) says what each of them does, besides these figures.\n",
        );
    }
    if page == Page::Benchmarks {
        text.push_str(
            "- Machines that share a remote tier have [a page of their own](benchmarks-remote.md).\n",
        );
    }
    for one in sections {
        text.push('\n');
        text.push_str(&section(one));
    }
    if !missing.is_empty() {
        text.push_str("\n## Not measured\n\nThese could not be installed by `go install`:\n\n");
        for line in missing {
            text.push_str(&format!("- {line}\n"));
        }
    }
    Ok(text)
}

/// A table with its title and its note.
pub(super) fn section(section: &Section) -> String {
    let Section { title, note, .. } = section;
    format!("## {title}\n\n{note}\n{}", section.table())
}
