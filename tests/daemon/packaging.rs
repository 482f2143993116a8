//! The files of packaging/: units of systemd, an example for Kubernetes, and a Containerfile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cannot_be_tested;
use crate::support::*;

/// The highest exposure that systemd-analyze rates "OK", in tenths.
const MOST_EXPOSED: &str = "--threshold=49";

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../packaging")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(packaging(name)).expect("a file of packaging/")
}

/// Runs a program that a machine may not have; `None` where it has none.
fn output_of(command: &mut Command) -> Option<Outcome> {
    let program = command.get_program().to_owned();
    let path = std::env::var_os("PATH").expect("PATH");
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(&program).exists());
    if !is_there {
        cannot_be_tested(&format!("there is no {}", program.display()));
        return None;
    }
    Some(run_to_its_end(command))
}

/// The units with this program in the place of the installed one, which systemd looks for.
fn units(sandbox: &Sandbox) -> [PathBuf; 2] {
    ["cachewarden.service", "cachewarden.socket"].map(|name| {
        let text = read(name).replace("/usr/local/bin/cachewarden", PROGRAM);
        sandbox.file(name, text)
    })
}

#[test]
fn systemd_takes_the_units_without_a_warning() {
    let sandbox = Sandbox::new();
    let mut command = Command::new("systemd-analyze");
    command.arg("verify").args(units(&sandbox));
    if let Some(outcome) = output_of(&mut command) {
        let outcome = outcome.succeeded();
        assert_eq!(outcome.stderr, "", "a warning");
    }
}

#[test]
fn systemd_rates_the_service_ok_or_better() {
    let sandbox = Sandbox::new();
    let [service, _] = units(&sandbox);
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", MOST_EXPOSED]);
    if let Some(outcome) = output_of(command.arg(service)) {
        outcome.succeeded();
    }
}

/// The service runs as the page says: with its paths, and its user.
#[test]
fn the_service_is_as_the_page_sets_it_up() {
    let (service, socket) = (read("cachewarden.service"), read("cachewarden.socket"));
    let page = include_str!("../../docs/multi-tenant.md");
    for (unit, line, on_page) in [
        (
            &service,
            "ExecStart=/usr/local/bin/cachewarden serve --config /etc/cachewarden/serve.toml\n",
            "cachewarden serve --config /etc/cachewarden/serve.toml",
        ),
        (
            &service,
            "User=cachewarden\n",
            "setpriv --reuid cachewarden",
        ),
        (
            &service,
            "StateDirectory=cachewarden\n",
            "directory = \"/var/lib/cachewarden\"",
        ),
        (
            &service,
            "LogsDirectory=cachewarden\n",
            "directory = \"/var/log/cachewarden\"",
        ),
        (
            &socket,
            "ListenStream=/run/cachewarden/socket\n",
            "path = \"/run/cachewarden/socket\"",
        ),
    ] {
        assert!(unit.contains(line), "{line}");
        assert!(page.contains(on_page), "{on_page}");
    }
}

/// Reads YAML and writes JSON, a document a line.
const YAML_TO_JSON: &str = "import json, sys, yaml
for document in yaml.safe_load_all(open(sys.argv[1])):
    print(json.dumps(document))";

/// The documents of the example; `None` where no parser is there.
fn documents() -> Option<Vec<serde_json::Value>> {
    let has_parser = Command::new("python3")
        .args(["-c", "import yaml"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_parser {
        cannot_be_tested("there is no python3 with yaml, which reads packaging/kubernetes.yaml");
        return None;
    }
    let mut command = Command::new("python3");
    command.args(["-c", YAML_TO_JSON]);
    let outcome = run_to_its_end(command.arg(packaging("kubernetes.yaml"))).succeeded();
    let parse = |line: &str| serde_json::from_str(line).expect("JSON");
    Some(outcome.stdout.lines().map(parse).collect())
}

#[test]
fn the_example_for_kubernetes_mounts_what_a_job_needs_and_no_more() {
    let Some(documents) = documents() else { return };
    let of = |kind: &str| documents.iter().find(|one| one["kind"] == kind).unwrap();
    let daemon = &of("DaemonSet")["spec"]["template"]["spec"];
    let capabilities = &daemon["containers"][0]["securityContext"]["capabilities"];
    assert_eq!(capabilities["drop"], serde_json::json!(["ALL"]));
    assert_eq!(capabilities["add"], serde_json::json!(["CHOWN"]));
    let job = &of("Pod")["spec"];
    let mounts = job["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(mounts.iter().all(|mount| mount["readOnly"] == true));
    let volumes = job["volumes"].as_array().unwrap();
    for (path, name) in [
        ("/run/cachewarden", "socket"),
        ("/var/lib/cachewarden/views", "views"),
        ("/var/lib/cachewarden/overflow/views", "overflow-views"),
    ] {
        let volume = volumes
            .iter()
            .find(|volume| volume["name"] == name)
            .unwrap();
        assert_eq!(volume["hostPath"]["path"], path);
        let mount = mounts.iter().find(|mount| mount["name"] == name).unwrap();
        assert_eq!(mount["mountPath"], path, "the same path as in the daemon");
    }
    let token = volumes.iter().find(|one| one["name"] == "token").unwrap();
    let audience = &token["projected"]["sources"][0]["serviceAccountToken"]["audience"];
    let configuration = of("ConfigMap")["data"]["serve.toml"].as_str().unwrap();
    let audiences = format!("audiences = [{audience}]");
    assert!(configuration.contains(&audiences), "{audiences}");
}

#[test]
fn the_configuration_in_the_example_for_kubernetes_is_one() {
    let Some(documents) = documents() else { return };
    let map = documents
        .iter()
        .find(|one| one["kind"] == "ConfigMap")
        .unwrap();
    let sandbox = Sandbox::new();
    for (name, text) in map["data"].as_object().unwrap() {
        // An operator puts the cluster's own key there.
        let key = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"1\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
        let text = text.as_str().unwrap().replace("{\"keys\": []}", key);
        sandbox.file(name, text.replace("\"RS256\"", "\"EdDSA\""));
    }
    let file = sandbox.path("serve.toml");
    let arguments = ["serve", "--check", "--config", file.to_str().unwrap()];
    sandbox.run(&arguments).succeeded();
}

/// No tool for images is needed here: what each line must be is little.
#[test]
fn the_containerfile_has_known_instructions_and_files_that_exist() {
    let known = ["FROM", "WORKDIR", "COPY", "RUN", "ENV", "ENTRYPOINT", "CMD"];
    let text = read("Containerfile").replace("\\\n", " ");
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with('#');
    for line in text.lines().filter(is_code) {
        let (instruction, rest) = line.split_once(' ').expect("an instruction and its words");
        assert!(known.contains(&instruction), "{line}");
        if ["ENTRYPOINT", "CMD"].contains(&instruction) {
            let words: Vec<String> = serde_json::from_str(rest).expect("a list of words");
            assert!(!words.is_empty());
        }
    }
    let service = read("cachewarden.service");
    assert!(service.contains("serve --config /etc/cachewarden/serve.toml"));
    assert!(text.contains("CMD [\"serve\", \"--config\", \"/etc/cachewarden/serve.toml\"]"));
    assert!(text.contains("cargo xtask connect") && text.contains("cargo xtask guests rust"));
}
