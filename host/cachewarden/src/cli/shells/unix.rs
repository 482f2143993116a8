//! For bash, zsh, fish and sh.

use std::path::Path;

macro_rules! example {
    ($policy:literal) => {
        concat!(
            "export GOCACHEPROG=\"cachewarden --no-env --policy '",
            $policy,
            "'\""
        )
    };
}
pub(in crate::cli) use example;

pub(super) const FIRST_LINES: &str = "  export GOCACHEPROG=\"cachewarden\"                                              # a plain cache
  export GOCACHEPROG=\"cachewarden --no-env --policy '/path/to/policy.wasm' -v\"  # a policy decides
";

/// How a shell sets and unsets a variable, and the file that it reads at its start.
struct Shell {
    name: &'static str,
    set: &'static str,
    unset: &'static str,
    profile: &'static str,
}

const SHELLS: [Shell; 4] = [
    Shell {
        name: "bash",
        set: "export GOCACHEPROG=",
        unset: "unset ",
        profile: "~/.bashrc",
    },
    Shell {
        name: "zsh",
        set: "export GOCACHEPROG=",
        unset: "unset ",
        profile: "~/.zshrc",
    },
    Shell {
        name: "fish",
        set: "set -gx GOCACHEPROG ",
        unset: "set -e ",
        profile: "~/.config/fish/config.fish",
    },
    // Where it is none of these.
    Shell {
        name: "sh",
        set: "export GOCACHEPROG=",
        unset: "unset ",
        profile: "~/.profile",
    },
];

/// The user's shell.
fn shell() -> &'static Shell {
    let named = std::env::var("SHELL").unwrap_or_default();
    let name = Path::new(&named).file_name().unwrap_or_default();
    let [known @ .., other] = &SHELLS;
    known
        .iter()
        .find(|shell| name == shell.name)
        .unwrap_or(other)
}

/// One word of a shell.
fn quoted(value: &str) -> String {
    match value.contains(['"', '$', '`', '\\', '!']) {
        false => format!("\"{value}\""),
        true => format!("'{}'", value.replace('\'', "'\\''")),
    }
}

pub(super) fn keep(value: &str) -> String {
    format!("go env -w GOCACHEPROG={}", quoted(value))
}

pub(super) fn for_one_shell(value: &str) -> String {
    let shell = shell();
    format!(
        "# Or for {} alone, in {}:\n#   {}{}\n",
        shell.name,
        shell.profile,
        shell.set,
        quoted(value)
    )
}

pub(super) fn set(value: &str) -> String {
    format!(
        "export GOCACHEPROG={}   (or: {})",
        quoted(value),
        keep(value)
    )
}

pub(super) fn unset(name: &str) -> String {
    format!("{}{name}", shell().unset)
}

pub(super) fn then(first: &str, second: &str) -> String {
    format!("{first} && {second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word() {
        assert_eq!(quoted("'/p' -v"), "\"'/p' -v\"");
        assert_eq!(quoted("'/p' $x"), "''\\''/p'\\'' $x'");
    }
}
