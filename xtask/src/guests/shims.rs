//! Shims: the commands of an author who uses one language, in target/tools/<language>/bin/. Tests
//! build a new project with these alone, as on a machine where only that language is installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{folders, process};

use super::missing::MissingTool;

/// Makes a shim for each of these commands of this machine.
pub(super) fn provide(workspace: &Workspace, language: &str, names: &[&str]) -> Result<()> {
    names
        .iter()
        .try_for_each(|name| provide_as(workspace, language, name, &Command::new(name)))
}

/// Makes a shim of this name for a command with its arguments and environment.
pub(super) fn provide_as(
    workspace: &Workspace,
    language: &str,
    name: &str,
    command: &Command,
) -> Result<()> {
    let folder = workspace.tools(language).join("bin");
    let script = script(command)?;
    let file = folder.join(name);
    if fs::read_to_string(&file).is_ok_and(|present| present == script) {
        return Ok(());
    }
    folders::write_script(&file, &script)
}

/// A script and not a link, because some programs look for their files beside the name that they
/// were called by.
fn script(command: &Command) -> Result<String> {
    let program = command.get_program();
    let program = process::find(program).ok_or_else(|| {
        let name = Path::new(program).display();
        MissingTool(format!("`{name}` is not installed"))
    })?;
    let mut script = String::from("#!/bin/sh\n");
    for (name, value) in command.get_envs() {
        let name = name.to_string_lossy();
        match value {
            Some(value) => {
                script += &format!("export {name}={}\n", quoted(&value.to_string_lossy()))
            }
            None => script += &format!("unset {name}\n"),
        }
    }
    script += &format!("exec {}", quoted(&program.to_string_lossy()));
    for argument in command.get_args() {
        script += &format!(" {}", quoted(&argument.to_string_lossy()));
    }
    Ok(script + " \"$@\"\n")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_all_of_the_command() {
        let mut command = Command::new("/bin/sh");
        command.env("A", "it's").env_remove("B").args(["-x", "a b"]);
        assert_eq!(
            script(&command).unwrap(),
            "#!/bin/sh\nexport A='it'\\''s'\nunset B\nexec '/bin/sh' '-x' 'a b' \"$@\"\n"
        );
    }
}
