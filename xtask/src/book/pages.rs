//! The copy of `docs/` that mdBook reads. Links that lead out of `docs/`, to code for example, lead
//! to the repository on its host there, since the site has no such files. And mdBook calls the page
//! of a folder `index`, but does not change the links to it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

const DOCS: &str = "docs";

/// The list of chapters, which is no page itself: mdBook takes it as it is.
pub(super) const SUMMARY: &str = "SUMMARY.md";

/// The page of a folder, and what mdBook makes of it.
pub(super) const PAGE_OF_A_FOLDER: &str = "README.md";
const PAGE_OF_A_FOLDER_THERE: &str = "index.md";

/// The branch on which links into the repository look.
const BRANCH: &str = "main";

/// Copies all files to `target`. Returns the pages, relative to it.
pub(super) fn copy(workspace: &Workspace, target: &Path) -> Result<Vec<PathBuf>> {
    let repository = workspace.repository()?;
    let docs = workspace.root().join(DOCS);
    let mut pages = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let (from, to) = (docs.join(&folder), target.join(&folder));
        let problem = || format!("cannot copy {} to {}", from.display(), to.display());
        fs::create_dir_all(&to).with_context(problem)?;
        for entry in fs::read_dir(&from).with_context(problem)? {
            let entry = entry.with_context(problem)?;
            let path = folder.join(entry.file_name());
            if entry.file_type().with_context(problem)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md")
                && path != Path::new(SUMMARY)
            {
                let page = fs::read_to_string(entry.path()).with_context(problem)?;
                let page = rewritten(&page, |link| {
                    other_target(workspace.root(), &repository, &path, link)
                });
                fs::write(target.join(&path), page).with_context(problem)?;
                pages.push(path);
            } else {
                fs::copy(entry.path(), target.join(&path)).with_context(problem)?;
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// The page with another target for each link outside of code for which there is one.
fn rewritten(page: &str, other: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in page.split_inclusive('\n') {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence {
            text.push_str(line);
            continue;
        }
        // Every other piece between backticks is code.
        for (index, piece) in line.split('`').enumerate() {
            if index > 0 {
                text.push('`');
            }
            match index % 2 {
                0 => rewrite_piece(piece, &other, &mut text),
                _ => text.push_str(piece),
            }
        }
    }
    text
}

fn rewrite_piece(piece: &str, other: &impl Fn(&str) -> Option<String>, text: &mut String) {
    for (index, part) in piece.split("](").enumerate() {
        if index == 0 {
            text.push_str(part);
            continue;
        }
        text.push_str("](");
        let (link, rest) = part.split_at(part.find(')').unwrap_or(0));
        text.push_str(&other(link).unwrap_or_else(|| link.to_owned()));
        text.push_str(rest);
    }
}

/// What a link of a page in `docs/` is replaced by, if it is: the address on the repository's host
/// where it leads out of `docs/`, and the name that mdBook gives to the page of a folder.
fn other_target(root: &Path, repository: &str, page: &Path, link: &str) -> Option<String> {
    if link.contains(':') || link.starts_with('#') || link.is_empty() {
        return None;
    }
    let (path, anchor) = match link.find('#') {
        Some(at) => link.split_at(at),
        None => (link, ""),
    };
    let mut target = PathBuf::from(DOCS);
    for part in page.parent()?.join(path).components() {
        match part {
            Component::ParentDir => {
                target.pop();
            }
            Component::CurDir => {}
            part => target.push(part),
        }
    }
    if target.starts_with(DOCS) {
        let folder = path.strip_suffix(PAGE_OF_A_FOLDER)?;
        return Some(format!("{folder}{PAGE_OF_A_FOLDER_THERE}{anchor}"));
    }
    let kind = match root.join(&target).is_dir() {
        true => "tree",
        false => "blob",
    };
    Some(format!(
        "{repository}/{kind}/{BRANCH}/{}{anchor}",
        target.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_rewritten_outside_of_code() {
        let page = "[a](b.md), [`c`](d.md#e)\n```\n[no](b.md)\n```\n`[no](b.md)` [x](y.md)";
        let other = |link: &str| (link != "y.md").then(|| format!("to/{link}"));
        assert_eq!(
            rewritten(page, other),
            "[a](to/b.md), [`c`](to/d.md#e)\n```\n[no](b.md)\n```\n`[no](b.md)` [x](y.md)"
        );
    }

    #[test]
    fn what_is_outside_of_the_pages_is_in_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("tests/hostile")).unwrap();
        let other = |page: &str, link: &str| {
            other_target(
                folder.path(),
                "https://host.example/x",
                Path::new(page),
                link,
            )
        };
        for link in [
            "b.md",
            "../docs/b.md#c",
            "#c",
            "https://example.org",
            "design/",
        ] {
            assert_eq!(other("a.md", link), None, "{link}");
        }
        assert_eq!(other("design/a.md", "../b.md"), None);
        let expected = "../decisions/index.md#c";
        assert_eq!(
            other("design/a.md", "../decisions/README.md#c").unwrap(),
            expected
        );
        let expected = "https://host.example/x/blob/main/SECURITY.md#c";
        assert_eq!(other("a.md", "../SECURITY.md#c").unwrap(), expected);
        let expected = "https://host.example/x/tree/main/tests/hostile";
        assert_eq!(
            other("design/a.md", "../../tests/hostile").unwrap(),
            expected
        );
    }
}
