//! For PowerShell and cmd. `go env -w` is the first choice, since it is typed the same in both.

macro_rules! example {
    ($policy:literal) => {
        concat!(
            "go env -w GOCACHEPROG=\"cachewarden --no-env --policy 'C:",
            $policy,
            "'\""
        )
    };
}
pub(in crate::cli) use example;

pub(super) const FIRST_LINES: &str = "  go env -w GOCACHEPROG=\"cachewarden\"                                                a plain cache
  go env -w GOCACHEPROG=\"cachewarden --no-env --policy 'C:/path/to/policy.wasm' -v\"  a policy decides
";

/// What is not itself within double quotes: in PowerShell, in cmd, or for the program that is
/// started. PowerShell takes such a value in single quotes.
const SPECIAL: [char; 4] = ['"', '$', '`', '%'];

pub(super) fn keep(value: &str) -> String {
    match value.contains(SPECIAL) {
        false => format!("go env -w GOCACHEPROG={}", double_quoted(value)),
        // Versions of PowerShell differ in how they hand a double quote to a program.
        true if value.contains('"') => format!(
            "{}   (in PowerShell, for one window alone; settings in a file, @FILE, can be kept)",
            in_powershell(value)
        ),
        true => format!(
            "go env -w {}   (in PowerShell)",
            single_quoted(&format!("GOCACHEPROG={value}"))
        ),
    }
}

pub(super) fn for_one_shell(value: &str) -> String {
    format!(
        "# Or for one window of PowerShell alone:\n#   {}\n# Or for one of cmd alone:\n#   set \"GOCACHEPROG={value}\"\n",
        in_powershell(value)
    )
}

pub(super) fn set(value: &str) -> String {
    match value.contains(SPECIAL) {
        false => keep(value),
        true => format!("{}   (in PowerShell)", in_powershell(value)),
    }
}

pub(super) fn unset(name: &str) -> String {
    format!("Remove-Item Env:{name}   (in PowerShell; in cmd: set {name}=)")
}

pub(super) fn then(first: &str, second: &str) -> String {
    format!("{first}, and then: {second}")
}

fn in_powershell(value: &str) -> String {
    format!("$env:GOCACHEPROG = {}", single_quoted(value))
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A program takes a backslash before a quote for a part of it.
fn double_quoted(text: &str) -> String {
    let last = text.len() - text.trim_end_matches('\\').len();
    format!("\"{text}{}\"", "\\".repeat(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word() {
        let plain = "'C:\\a b\\cachewarden.exe' --dir C:\\";
        assert_eq!(
            keep(plain),
            "go env -w GOCACHEPROG=\"'C:\\a b\\cachewarden.exe' --dir C:\\\\\""
        );
        assert_eq!(
            set("'C:\\p' --settings '{\"a\":1}'"),
            "$env:GOCACHEPROG = '''C:\\p'' --settings ''{\"a\":1}'''   (in PowerShell)"
        );
        assert_eq!(
            keep("'C:\\100%'"),
            "go env -w 'GOCACHEPROG=''C:\\100%'''   (in PowerShell)"
        );
    }
}
