//! Checks that every relative link of a Markdown file leads to an existing file, heading or anchor.
//! The same holds for every `docs/` page with an anchor in a comment of Rust code, and for the
//! paths and tests that a page names between backticks (`mentions`).
//!
//! Links to other sites are not checked: whether they can be reached does not depend on this
//! repository.

mod mentions;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// Folders of generated files.
const SKIPPED: [&str; 3] = ["target", "node_modules", ".git"];

/// A text that becomes a part of docs/languages.md. Its links are relative to that page, and are
/// checked there.
const PART_OF_A_PAGE: &str = "xtask/src/languages.md";

/// Returns an error that names each broken link.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let root = workspace.root();
    let mut files = Vec::new();
    collect(root, &mut files).with_context(|| format!("cannot look into {}", root.display()))?;
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with(PART_OF_A_PAGE)) {
        let text = fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
        let (links, folder) = match file.extension().is_some_and(|extension| extension == "md") {
            true => (links(&text), file.parent().unwrap_or(root)),
            false => (references(&text), root),
        };
        let problems = links.iter().filter_map(|link| {
            let problem = problem(file, folder, link)?;
            Some(format!("{}: {link}: {problem}", file.display()))
        });
        broken.extend(problems);
    }
    broken.extend(mentions::check(root, &files)?);
    ensure!(
        broken.is_empty(),
        "links or names that lead nowhere, or long lines:\n{}",
        broken.join("\n")
    );
    Ok(())
}

/// The Markdown and Rust files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let is_skipped = SKIPPED.iter().any(|skipped| name == *skipped);
        if entry.file_type()?.is_dir() && !is_skipped {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "md" || extension == "rs")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The problem with a link of `file`, if there is one. Its path is relative to `folder`.
fn problem(file: &Path, folder: &Path, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        file
    } else {
        &folder.join(path)
    };
    if !target.exists() {
        return Some("there is no such file".into());
    }
    // A folder has no anchors.
    let page = || fs::read_to_string(target).unwrap_or_default();
    let is_there = anchor.is_empty() || anchors(&page()).contains(anchor);
    (!is_there).then(|| format!("no heading or anchor is `{anchor}`"))
}

/// The lines of a page that are not in a block of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of a page's links, except other sites.
fn links(page: &str) -> Vec<&str> {
    // Every other piece between backticks is code.
    let pieces = prose(page).flat_map(|line| line.split('`').step_by(2));
    let targets = pieces.flat_map(|piece| piece.split("](").skip(1));
    targets
        .filter_map(|rest| Some(rest.split_once(')')?.0))
        .filter(|target| !target.contains(':'))
        .collect()
}

/// The anchors of pages in `docs/` that Rust code names.
fn references(code: &str) -> Vec<&str> {
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || "/.#_-".contains(character);
    code.split(|character| !is_part(character))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with("docs/") && word.contains(".md#"))
        .collect()
}

/// The anchors of a page: `<a id="...">`, and each heading in the form that code hosts give it.
fn anchors(page: &str) -> HashSet<String> {
    let mut anchors = HashSet::new();
    for line in prose(page) {
        let named = line.split("<a id=\"").skip(1);
        anchors.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        if let Some(heading) = line.strip_prefix('#') {
            anchors.insert(anchor_of(heading.trim_start_matches('#')));
        }
    }
    anchors
}

/// A heading's anchor: letters and digits in lower case, dashes for spaces, and no tags.
fn anchor_of(heading: &str) -> String {
    // Of the text before each `<` and after its `>`.
    let text = heading
        .split('<')
        .map(|piece| piece.rsplit('>').next().unwrap_or_default());
    let plain = text
        .collect::<String>()
        .trim()
        .to_lowercase()
        .replace(' ', "-");
    plain
        .chars()
        .filter(|character| character.is_alphanumeric() || "-_".contains(*character))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let page = "[a](b.md) and [`c`](d.md#e), ![f](g.png)\n```\n[no](no.md)\n```\n\
            `[no](no.md)` [x](https://example.org)";
        assert_eq!(links(page), ["b.md", "d.md#e", "g.png"]);
    }

    #[test]
    fn a_reference_in_a_comment_is_found() {
        let code = "// Not before that (docs/protocol.md#first-message), nor docs/protocol.md.";
        assert_eq!(references(code), ["docs/protocol.md#first-message"]);
    }

    #[test]
    fn headings_and_named_anchors_can_be_linked() {
        let page = "# What `cmd/go` does\n## <a id=\"time\"></a>`Time`, told\n```\n# no\n```\n";
        let expected = ["time", "time-told", "what-cmdgo-does"].map(str::to_owned);
        assert_eq!(anchors(page), expected.into());
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        fs::write(&page, "# Here\n").unwrap();
        let problem = |link| problem(&page, folder.path(), link).unwrap_or_default();
        for link in ["page.md", "page.md#here", "#here", "."] {
            assert_eq!(problem(link), "", "{link}");
        }
        assert_eq!(problem("other.md"), "there is no such file");
        for link in ["#there", "page.md#there", ".#here"] {
            assert!(problem(link).contains("no heading"), "{link}");
        }
    }
}
