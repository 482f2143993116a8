//! The jobs of docs/tokens.md: their scripts run here, with a `go` that writes its environment
//! down. They put the token into a file, and neither it nor a way to get one into the environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::recipes::recipes;
use crate::server::Server;

/// What stands for a signed token in an environment where none may be.
const TOKEN: &str = "header.claims.signature";

/// The job of a recipe.
fn job(name: &str) -> &'static str {
    let mut recipes = recipes().into_iter();
    recipes
        .find(|recipe| recipe.config.name == name)
        .unwrap()
        .job
}

/// Runs a script as a CI service does, in an environment of its own; the environment that it
/// started go with.
fn run(script: &str, home: &Path, variables: &[(&str, &str)]) -> String {
    let go = home.join("go");
    fs::write(&go, "#!/bin/sh\nenv > \"$(dirname \"$0\")/environment\"\n").unwrap();
    fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
    let search_path = format!("{}:/usr/local/bin:/usr/bin:/bin", home.display());
    let output = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", script])
        .env_clear()
        .env("PATH", search_path)
        .env("HOME", home)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    fs::read_to_string(home.join("environment")).unwrap()
}

fn check_file(home: &Path) {
    let file = home.join("cachewarden.token");
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end(), TOKEN);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only its user can read it");
}

#[test]
fn a_job_of_github_asks_for_its_token_and_hides_how() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::with(json!({"count": 1, "value": TOKEN}).to_string());
    let job = job("github");
    let (settings, script) = job.split_once("    run: |\n").unwrap();
    let (_, audience) = settings.split_once("AUDIENCE: ").unwrap();
    let audience = audience.lines().next().unwrap();
    let environment = run(
        &script.replace("\n      ", "\n"),
        home.path(),
        &[
            ("AUDIENCE", audience),
            ("RUNNER_TEMP", home.path().to_str().unwrap()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the-right-to-ask"),
            (
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                &format!("{}?api-version=2.0", server.url),
            ),
        ],
    );
    let request = server.last_request();
    let query = "/jwks?api-version=2.0&audience=cachewarden%3a%2f%2fbuilders.example.com ";
    // Versions of curl differ in the case of what they encode.
    let lower = request.to_lowercase();
    assert!(lower.starts_with(&format!("get {query}")), "{request}");
    assert!(
        request.contains("Authorization: Bearer the-right-to-ask"),
        "{request}"
    );
    check_file(home.path());
    for hidden in [TOKEN, "the-right-to-ask", "ACTIONS_ID_TOKEN"] {
        assert!(!environment.contains(hidden), "{environment}");
    }
}

#[test]
fn a_job_of_gitlab_moves_its_token_into_a_file() {
    let home = tempfile::tempdir().unwrap();
    let (_, script) = job("gitlab").split_once("  script:\n").unwrap();
    // A folded text is one line.
    let script = script
        .replace("- >-\n      ", "- ")
        .replace("\n      --", " --");
    let lines = script
        .lines()
        .map(|line| line.trim_start().strip_prefix("- ").unwrap());
    let script = lines.collect::<Vec<_>>().join("\n");
    let environment = run(&script, home.path(), &[("CACHE_TOKEN", TOKEN)]);
    check_file(home.path());
    for hidden in [TOKEN, "CACHE_TOKEN"] {
        assert!(!environment.contains(hidden), "{environment}");
    }
    let file = home.path().join("cachewarden.token");
    let expected = format!("--token-file {}\n", file.display());
    assert!(environment.contains(&expected), "{environment}");
}
