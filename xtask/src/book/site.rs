//! Checks the site as it was built: each page of `docs/` is there, and each link and each picture
//! of a page leads to a file and an anchor of the site. Links to other sites are not followed.
//!
//! The pages themselves are checked by `cargo xtask links`. This finds what differs between a code
//! host and mdBook, such as the form of an anchor.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::pages::{PAGE_OF_A_FOLDER, SUMMARY};

/// What is wrong with a site that was made of these pages, which are relative to `docs/`.
pub(super) fn problems(site: &Path, pages: &[PathBuf]) -> Result<Vec<String>> {
    let mut texts = BTreeMap::new();
    let mut problems = Vec::new();
    for page in pages {
        let file = built(page);
        match site.join(&file).exists() {
            true => {
                let path = site.join(&file);
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                texts.insert(file, text);
            }
            false => problems.push(format!("{}: it is not in docs/{SUMMARY}", page.display())),
        }
    }
    let anchors: BTreeMap<_, HashSet<_>> = texts
        .iter()
        .map(|(file, text)| (file.as_path(), values(text, "id").collect()))
        .collect();
    for (file, text) in &texts {
        let links = values(text, "href").chain(values(text, "src"));
        let problem = |link: &str| {
            Some(format!(
                "{}: {link}: {}",
                file.display(),
                broken(site, &anchors, file, link)?
            ))
        };
        problems.extend(links.filter_map(problem));
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}

/// The file that mdBook makes of a page.
fn built(page: &Path) -> PathBuf {
    match page
        .file_name()
        .is_some_and(|name| name == PAGE_OF_A_FOLDER)
    {
        true => page.with_file_name("index.html"),
        false => page.with_extension("html"),
    }
}

/// The values of an attribute.
fn values<'a>(text: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let begins = format!(" {attribute}=\"");
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(&begins)? + begins.len()..];
        let value = &rest[..rest.find('"')?];
        rest = &rest[value.len()..];
        Some(value)
    })
}

/// The problem with a link of a built page, if there is one.
fn broken(
    site: &Path,
    anchors: &BTreeMap<&Path, HashSet<&str>>,
    file: &Path,
    link: &str,
) -> Option<&'static str> {
    if link.contains(':') {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path.is_empty() {
        true => file.to_owned(),
        false => normal(&file.with_file_name("").join(path)),
    };
    if !site.join(&target).is_file() {
        return Some("there is no such file");
    }
    let is_there = anchor.is_empty()
        || anchors
            .get(target.as_path())
            .is_some_and(|anchors| anchors.contains(anchor));
    (!is_there).then_some("no element has this id")
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part.as_os_str() == ".." {
            true => {
                normal.pop();
            }
            false => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_links_that_lead_nowhere_are_named() {
        let site = tempfile::tempdir().unwrap();
        fs::create_dir(site.path().join("more")).unwrap();
        fs::write(site.path().join("more/index.html"), "<h1 id=\"more\">").unwrap();
        let check = |page: &str| {
            fs::write(site.path().join("a.html"), page).unwrap();
            let pages = ["a.md", "more/README.md"].map(PathBuf::from);
            problems(site.path(), &pages).unwrap().join("\n")
        };
        for page in [
            "<a href=\"more/index.html#more\"><h1 id=\"top\"><a href=\"#top\">",
            "<img src=\"more/../a.html\"><a href=\"https://example.org/none\">",
        ] {
            assert_eq!(check(page), "", "{page}");
        }
        for (page, expected) in [
            (
                "<a href=\"b.html\">",
                "a.html: b.html: there is no such file",
            ),
            (
                "<img src=\"b.svg\">",
                "a.html: b.svg: there is no such file",
            ),
            ("<a href=\"more/\">", "a.html: more/: there is no such file"),
            (
                "<a href=\"#none\">",
                "a.html: #none: no element has this id",
            ),
            (
                "<a href=\"more/index.html#none\">",
                "a.html: more/index.html#none: no element has this id",
            ),
        ] {
            assert_eq!(check(page), expected);
        }
        let missing = problems(site.path(), &[PathBuf::from("b.md")]).unwrap();
        assert_eq!(missing, ["b.md: it is not in docs/SUMMARY.md"]);
    }
}
