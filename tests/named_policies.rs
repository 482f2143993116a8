//! `--policy NAME`: a policy that comes with the program.

use std::fs;
use std::path::Path;

use crate::support::*;

#[test]
fn a_policy_of_the_package_is_named_without_its_path() {
    let sandbox = Sandbox::with_kept_policies();
    let program = sandbox.folder("package").join("cachewarden");
    copy_program(&program);
    let policies = sandbox.folder("package/policies");
    fs::copy(policy("agrees"), policies.join("agrees.wasm")).expect("a policy");
    let store = text(sandbox.store());
    let run = |named: &str| {
        let mut command = sandbox.command(&program);
        command.args(["-v", "--no-env", "--dir", &store, "--policy", named]);
        command
    };
    let mut helper = Helper::start(run("agrees"));
    helper.put(&action("a"), b"object").kept();
    let told = helper.close();
    assert!(told.contains("; policy "), "it is asked: {told}");
    // In a file of options too, where a path begins at the file.
    let options = text(sandbox.file("c.toml", "policy = \"agrees\"\n"));
    let mut command = sandbox.command(&program);
    command.args(["-v", "--no-env", "--dir", &store, "--config", &options]);
    let told = Helper::start(command).close();
    assert!(!told.contains("error"), "{told}");
    for (named, words) in [
        ("agress", &["agress", "these are here: agrees"][..]),
        ("agrees.wasm", &["relative path"]),
        ("./agrees", &["relative path"]),
    ] {
        let told = run_to_its_end(&mut run(named)).exited(2).stderr;
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
    // A program that was copied out of its package.
    let mut alone = sandbox.command(Path::new(PROGRAM));
    alone.args(["--no-env", "--policy", "agrees"]);
    let told = run_to_its_end(&mut alone).exited(2).stderr;
    assert!(told.contains("none are here"), "{told}");
}
