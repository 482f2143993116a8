//! `cachewarden explain CODE`: what a warning or an error means, and what to do.

use clap::Args;

use cachewarden_types::{Code, nearest_name};

use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;

/// Where lines end.
const WIDTH: usize = 80;

/// The number of every code begins so, and has so many digits.
const PREFIX: &str = "CW";
const DIGITS: usize = 4;

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// A code such as CW0103, or its name; without one all are listed
    code: Option<String>,
}

/// Explains a code, or lists all.
pub(super) fn run(options: &ExplainOptions) -> Result<ExitStatus, Failure> {
    match &options.code {
        None => {
            for code in Code::ALL {
                output::print(&format!("{code}  {}\n", code.name()))?;
            }
        }
        Some(text) => {
            let code = Code::find(text).or_fail(Code::UnknownCode, || {
                let hint = nearest(text)
                    .map_or(String::new(), |nearest| format!("did you mean {nearest}? "));
                format!("`{text}` is no code of cachewarden; {hint}`cachewarden explain` lists all, and docs/errors.md explains them")
            })?;
            output::print(&format!(
                "{code} {}\n\n{}",
                code.name(),
                explained(code, WIDTH)
            ))?;
        }
    }
    Ok(ExitStatus::Success)
}

/// The number or the name that was probably meant. Another number is as likely as the next, so only
/// zeros are filled in.
fn nearest(text: &str) -> Option<&'static str> {
    match text.to_uppercase().strip_prefix(PREFIX) {
        Some(digits) => {
            Code::find(&format!("{PREFIX}{digits:0>DIGITS$}")).map(|code| code.number())
        }
        None => nearest_name(text, Code::ALL.iter().map(|code| code.name())),
    }
}

/// What a code means and what to do, in lines of so many characters.
fn explained(code: Code, width: usize) -> String {
    let action = format!("What to do: {}", code.action());
    let mut text = format!(
        "{}\n{}",
        wrapped(code.meaning(), width),
        wrapped(&action, width)
    );
    if text.contains("docs/") {
        // Who has the program alone has no such folder.
        let place = format!("The pages in docs/ are at {}", env!("CARGO_PKG_REPOSITORY"));
        text += &format!("\n{}", wrapped(&place, width));
    }
    text
}

/// A paragraph in lines that end before they are too long, unless a word is.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one");
        match line.is_empty() {
            true => line.push_str(word),
            false if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            false => lines.push(word.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::is_current;
    use cachewarden_types::AREAS;

    const HEAD: &str = "\
# Warnings and errors

Generated from the code (`UPDATE_DOCS=1 cargo test -p cachewarden --lib reference`).

An error is a line on stderr that begins with `cachewarden: error[CODE]: `, a warning is a line that
begins with `cachewarden: warning[CODE]: `. After an error in the command line, its usage follows on
lines of its own. An error ends the program with exit status 2, with 1 if a verb has found something
or there is no store, or with 3 if `flush` has left something. After a warning the program goes on.
A code never changes its meaning, so a CI job can search for it. `cachewarden explain CODE` prints
what is here.

Three kinds of lines have no code: the summary of `-v`, the log of a policy (these lines begin with
`cachewarden: policy: `), and the line of `cachewarden dir` that says what names the folder.
";

    /// The page, generated from the table.
    fn page() -> String {
        let mut page = HEAD.to_owned();
        for (area, title) in AREAS {
            page += &format!("\n## {title}\n");
            let codes = Code::ALL
                .iter()
                .filter(|code| code.number().starts_with(area));
            for code in codes {
                page += &format!("\n### {code} {}\n\n", code.name());
                page += &wrapped(code.meaning(), 100);
                page += "\n";
                page += &wrapped(&format!("**What to do:** {}", code.action()), 100);
            }
        }
        page
    }

    #[test]
    fn the_reference_of_errors_is_current() {
        is_current("errors.md", &page());
    }

    #[test]
    fn who_has_the_program_alone_is_told_where_the_pages_are() {
        let told = explained(Code::RemoteAddress, WIDTH);
        assert!(told.contains("docs/remote.md"), "{told}");
        assert!(told.contains(env!("CARGO_PKG_REPOSITORY")), "{told}");
    }

    #[test]
    fn what_was_probably_meant_is_a_number_or_a_name() {
        for (text, meant) in [
            ("CW103", Some("CW0103")),
            ("cw9999", None),
            ("no-stroe", Some("no-store")),
            ("xyzzy", None),
        ] {
            assert_eq!(nearest(text), meant, "{text}");
        }
    }

    #[test]
    fn paragraphs_are_wrapped_at_words() {
        assert_eq!(wrapped("a bc def", 4), "a bc\ndef\n");
        assert_eq!(wrapped("longer a", 4), "longer\na\n");
    }
}
