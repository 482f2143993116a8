//! `cachewarden policy new`: a project that builds at once, wherever it lies: the SDK comes with
//! it.

use std::fs;
use std::path::Path;

use clap::Args;
use rust_embed::RustEmbed;

use cachewarden_types::{Code, nearest_name};

use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::output;

/// The SDKs and their templates, as they stand in the repository.
#[derive(RustEmbed)]
#[folder = "sdk/"]
#[exclude = "conformance/*"]
#[exclude = "rust/tests/*"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/target/*"]
#[exclude = "*/.zig-cache/*"]
#[exclude = "*/zig-out/*"]
#[exclude = "*/__pycache__/*"]
#[exclude = "*/*.egg-info/*"]
#[exclude = "python/build/*"]
#[exclude = "python/dist/*"]
#[exclude = "*/package-lock.json"]
#[exclude = "rust/wit/policy.h"]
#[exclude = "*/test/*"]
#[exclude = "*/tests/*"]
struct Sdks;

/// A language that projects can be made in.
struct Language {
    /// As it is said on the command line.
    name: &'static str,
    /// Its folder among the SDKs.
    sdk: &'static str,
    /// The folder of the template.
    template: &'static str,
    /// What leaves policy.wasm in the new folder.
    build: &'static str,
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "assemblyscript",
        sdk: "assemblyscript",
        template: "assemblyscript/template",
        build: "npm install && npx asc",
    },
    Language {
        name: "c",
        sdk: "c",
        template: "c/template",
        build: "make",
    },
    Language {
        name: "go",
        sdk: "go",
        template: "go/template",
        build: "go generate",
    },
    Language {
        name: "javascript",
        sdk: "javascript",
        template: "javascript/template/javascript",
        build: "npm install && npm run build",
    },
    Language {
        name: "python",
        sdk: "python",
        template: "python/template",
        build: "python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt && .venv/bin/python -m cachewarden_policy build policy.py",
    },
    Language {
        name: "rust",
        sdk: "rust",
        template: "rust/template",
        build: "cargo build --release --target wasm32-unknown-unknown --target-dir target && cp target/wasm32-unknown-unknown/release/{{name_}}.wasm policy.wasm",
    },
    Language {
        name: "typescript",
        sdk: "javascript",
        template: "javascript/template/typescript",
        build: "npm install && npm run build",
    },
    Language {
        name: "wat",
        sdk: "wat",
        template: "wat/template",
        build: "cp policy.wat policy.wasm",
    },
    Language {
        name: "zig",
        sdk: "zig",
        template: "zig/template",
        build: "zig build",
    },
];

/// Ends the name of a file that would mean something to a tool where it lies now, such as a
/// manifest.
const TEMPLATE_SUFFIX: &str = ".template";

/// The folder of the SDK in a new project.
const SDK_FOLDER: &str = "sdk";

/// Longest name: package registries have limits of this size.
const MAX_NAME: usize = 64;

/// Names of the SDKs' own packages: a project of such a name could not depend on its SDK.
const RESERVED: [&str; 2] = ["cachewarden", "cachewarden-policy"];

/// What to make.
#[derive(Debug, Args)]
pub(in crate::cli) struct NewOptions {
    /// The project's name, and that of the folder to make: lower-case letters, digits and dashes
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    #[arg(long, value_name = "LANGUAGE", help = format!("The language: {}", languages()))]
    lang: Option<String>,
    /// Print the languages, one a line
    #[arg(long, conflicts_with_all = ["name", "lang"])]
    list: bool,
}

/// Makes the project; the last line on stdout is the command that builds it.
pub(in crate::cli) fn run(options: &NewOptions) -> Result<ExitStatus, Failure> {
    let Some(name) = &options.name else {
        for language in LANGUAGES {
            output::print(&format!("{}\n", language.name))?;
        }
        return Ok(ExitStatus::Success);
    };
    check_name(name)?;
    let wanted = options.lang.as_ref().or_fail(Code::UnknownLanguage, || {
        format!("--lang is missing; name one of {}", languages())
    })?;
    let mut known = LANGUAGES.iter();
    let language = known.find(|language| language.name == wanted);
    let language = language.or_fail(Code::UnknownLanguage, || {
        let names = LANGUAGES.iter().map(|language| language.name);
        let hint = nearest_name(wanted, names)
            .map_or(String::new(), |nearest| format!("did you mean {nearest}? "));
        format!(
            "--lang {wanted} is not known; {hint}known are {}",
            languages()
        )
    })?;
    let folder = Path::new(name);
    // Fails where something of this name is there: nothing is ever overwritten.
    fs::create_dir(folder).or_fail(Code::ProjectNotMade, || {
        format!("cannot make the folder {name}; choose another name, or another place")
    })?;
    if let Err(error) = fill(folder, name, language) {
        // It was made a moment ago and holds nothing but what could be written of the template.
        let _ = fs::remove_dir_all(folder);
        return Err(error);
    }
    output::print(&format!(
        "Made {name}, a policy in {wanted}; its README.md says what to do with it. In the folder {name}, this builds policy.wasm:\n{}\n",
        with_name(language.build, name)
    ))?;
    Ok(ExitStatus::Success)
}

/// The names of all languages.
fn languages() -> String {
    let names: Vec<_> = LANGUAGES.iter().map(|language| language.name).collect();
    names.join(", ")
}

fn check_name(name: &str) -> Result<(), Failure> {
    let valid = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= MAX_NAME
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    ensure(valid, Code::ProjectName, || {
        format!(
            "`{name}` cannot be a project's name; expected at most {MAX_NAME} lower-case letters, digits and dashes, a letter first"
        )
    })?;
    ensure(!RESERVED.contains(&name), Code::ProjectName, || {
        format!(
            "`{name}` cannot be a project's name: it is that of an SDK's package; choose another"
        )
    })
}

fn fill(folder: &Path, name: &str, language: &Language) -> Result<(), Failure> {
    for path in Sdks::iter() {
        let target = if let Some(rest) = below(&path, language.template) {
            with_name(rest.trim_end_matches(TEMPLATE_SUFFIX), name)
        } else if let Some(rest) = below(&path, language.sdk)
            && below(rest, "template").is_none()
        {
            format!("{SDK_FOLDER}/{rest}")
        } else {
            continue;
        };
        let file =
            Sdks::get(&path).or_fail(Code::Bug, || format!("{path} is not in this program"))?;
        let is_template = below(&path, language.template).is_some();
        let bytes = match std::str::from_utf8(&file.data) {
            Ok(text) if is_template => with_name(text, name).into_bytes(),
            _ => file.data.into_owned(),
        };
        let target = folder.join(target);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&target, bytes))
            .or_fail(Code::ProjectNotMade, || {
                format!("cannot write {}", target.display())
            })?;
    }
    Ok(())
}

/// What of `path` lies below `folder`.
fn below<'path>(path: &'path str, folder: &str) -> Option<&'path str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// The text with the project's name in it, as it is and as an identifier, and with the SDK's
/// folder.
fn with_name(text: &str, name: &str) -> String {
    text.replace("{{sdk}}", SDK_FOLDER)
        .replace("{{name}}", name)
        .replace("{{name_}}", &name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        for name in [
            "",
            "-a",
            "a-",
            "A",
            "a/b",
            "..",
            "a.b",
            "ä",
            "1a",
            &"a".repeat(65),
            "cachewarden-policy",
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_name("my-policy2").is_ok());
    }

    #[test]
    fn what_tools_leave_beside_the_sources_is_no_part_of_an_sdk() {
        for path in Sdks::iter() {
            let left = [
                "__pycache__",
                ".egg-info",
                "node_modules",
                "package-lock.json",
            ];
            let left = left.iter().find(|left| path.contains(**left));
            assert!(
                left.is_none() && !path.ends_with(".wasm")
                    || path.starts_with("javascript/engine/"),
                "{path}"
            );
        }
    }
}
