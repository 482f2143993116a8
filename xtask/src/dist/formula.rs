//! The formula for Homebrew, from packaging/homebrew/cachewarden.rb.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use super::{HOMEPAGE, PACKAGE};

/// What the template has for them.
const VERSION: &str = "@VERSION@";
const ARCHIVES: &str = "@ARCHIVES@\n";

/// Fills the template. `archives` are the SHA-256 of each archive, by its triple.
pub(super) fn make(
    template: &str,
    version: &str,
    archives: &BTreeMap<String, String>,
) -> Result<String> {
    for field in [VERSION, ARCHIVES] {
        ensure!(
            template.matches(field).count() == 1,
            "the template needs one {field}"
        );
    }
    let mut blocks = String::new();
    for (triple, sha256) in archives {
        let (os, cpu) = conditions(triple)?;
        let url = format!("{HOMEPAGE}/releases/download/v{version}/{PACKAGE}-{version}-{triple}");
        write!(
            blocks,
            "\n  {os} do\n    {cpu} do\n      url \"{url}.tar.gz\"\n      sha256 \"{sha256}\"\n    \
             end\n  end\n"
        )?;
    }
    let text = template.replace(VERSION, version);
    Ok(text.replace(ARCHIVES, &format!("{blocks}\n")))
}

/// Homebrew's names of a system and its processor.
fn conditions(triple: &str) -> Result<(&'static str, &'static str)> {
    let pair = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(part, _)| triple.contains(part));
        found.map(|(_, name)| *name)
    };
    let os = pair(&[("-linux-", "on_linux"), ("-darwin", "on_macos")]);
    let cpu = pair(&[("x86_64-", "on_intel"), ("aarch64-", "on_arm")]);
    os.zip(cpu)
        .with_context(|| format!("the formula has no name for {triple}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_archive_has_its_address_and_its_checksum() {
        let template = include_str!("../../../packaging/homebrew/cachewarden.rb");
        let archives = [
            ("aarch64-apple-darwin".to_owned(), "a".repeat(64)),
            ("x86_64-unknown-linux-gnu".to_owned(), "b".repeat(64)),
        ];
        let made = make(template, "1.2.3", &archives.into()).unwrap();
        let lines: Vec<_> = made.lines().map(str::trim).collect();
        let begin = lines
            .iter()
            .position(|line| *line == "on_macos do")
            .unwrap();
        let address = "https://github.com/cachewarden/cachewarden/releases/download/v1.2.3/";
        let expected = [
            "on_macos do".to_owned(),
            "on_arm do".into(),
            format!("url \"{address}cachewarden-1.2.3-aarch64-apple-darwin.tar.gz\""),
            format!("sha256 \"{}\"", "a".repeat(64)),
            "end".into(),
            "end".into(),
            String::new(),
            "on_linux do".into(),
            "on_intel do".into(),
            format!("url \"{address}cachewarden-1.2.3-x86_64-unknown-linux-gnu.tar.gz\""),
            format!("sha256 \"{}\"", "b".repeat(64)),
        ];
        assert_eq!(lines[begin..begin + expected.len()], expected);
        assert!(lines.contains(&"version \"1.2.3\""));
        assert!(!made.contains('@'), "{made}");
    }
}
