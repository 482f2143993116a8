//! Pages of the documentation that are followed from top to bottom: their shell blocks, and what
//! they show as output.

/// Before a block that is not run; the reason follows.
const NOT_RUN: &str = "<!-- not run: ";

/// Before the output of a block, and its number.
const BLOCK: &str = "=== block ";

/// After the output of the last block.
const END: &str = "\n=== end\n";

/// A shell block of a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) script: String,
    /// The lines of output that the page shows, in their order.
    pub(crate) expected: Vec<String>,
}

/// The blocks that are run. A `text` block that follows one, with nothing but empty lines between,
/// is what the page shows of its output.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut fence, mut before, mut follows) = (None, "", false);
    for line in page.lines() {
        match (fence, line) {
            (None, "```sh") if !before.starts_with(NOT_RUN) => {
                blocks.push(Block::default());
                fence = Some("sh");
            }
            (None, "```text") if follows => fence = Some("text"),
            (None, opened) if opened.starts_with("```") => fence = Some("other"),
            (Some(kind), "```") => {
                follows = kind == "sh";
                fence = None;
            }
            (Some("sh"), code) => {
                let block = blocks.last_mut().expect("one was begun");
                block.script += &format!("{code}\n");
            }
            (Some("text"), shown) => {
                let block = blocks.last_mut().expect("one was begun");
                block.expected.push(shown.to_owned());
            }
            (Some(_), _) => {}
            (None, prose) => follows &= prose.is_empty(),
        }
        if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

/// Whether a line is as the page shows it: `...` stands for anything, and for nothing.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut last = first;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        (rest, last) = (&rest[at + part.len()..], part);
    }
    rest.is_empty() || (last.is_empty() && shown.ends_with("..."))
}

/// What is missing of the lines that the page shows, in an output that has others between.
fn first_missing<'a>(output: &str, expected: &'a [String]) -> Option<&'a str> {
    let mut lines = output.lines();
    let is_missing = |shown: &&String| !lines.any(|line| is_as_shown(line, shown));
    expected.iter().find(is_missing).map(String::as_str)
}

/// A script for bash that runs blocks one after the other and stops at the first failure.
pub(crate) fn script_of(blocks: &[Block]) -> String {
    let mut script = "set -euo pipefail\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        script += &format!("echo; echo '{BLOCK}{number}'\n{}", block.script);
    }
    script + "echo; echo '=== end'\n"
}

/// Checks the output of such a script: what the page shows of each block is there.
#[track_caller]
pub(crate) fn shows(blocks: &[Block], output: &str) {
    assert!(output.ends_with(END), "{output}");
    let outputs: Vec<_> = output.split(BLOCK).skip(1).collect();
    assert_eq!(outputs.len(), blocks.len(), "{output}");
    for (block, output) in blocks.iter().zip(outputs) {
        if let Some(missing) = first_missing(output, &block.expected) {
            panic!(
                "the page shows a line that is not there, or not in this order: {missing}\n{}\n{output}",
                block.script
            );
        }
    }
}

#[test]
fn blocks_and_what_is_shown_of_their_output_are_found() {
    let page = "```sh\na\n```\n\n```text\nx ...\n```\n```toml\nb = 1\n```\n\n\
        <!-- not run: no reason -->\n```sh\nc\n```\n\n```text\nno\n```\n\
        ```sh\nd\ne\n```\nprose\n```text\nno\n```\n";
    let found = blocks(page);
    let scripts: Vec<_> = found.iter().map(|block| block.script.as_str()).collect();
    assert_eq!(scripts, ["a\n", "d\ne\n"]);
    assert_eq!(found[0].expected, ["x ..."]);
    assert_eq!(found[1].expected, [""; 0]);
}

#[test]
fn dots_stand_for_anything() {
    for (line, shown, is_shown) in [
        ("tenant main: writes x", "tenant main: writes x", true),
        ("tenant main: writes x", "tenant main: ...", true),
        ("12 gets, 0 hits", "... gets, 0 hits", true),
        ("12 gets, 0 hits, 3", "... gets, ... hits", false),
        ("tenant main", "tenant fork...", false),
    ] {
        assert_eq!(is_as_shown(line, shown), is_shown, "{line} / {shown}");
    }
    let expected = ["a...".to_owned(), "b".to_owned()];
    assert_eq!(first_missing("x\nab\nb\n", &expected), None);
    assert_eq!(first_missing("b\nab\n", &expected), Some("b"));
}
