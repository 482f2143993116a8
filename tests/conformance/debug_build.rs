//! What a compiler makes for a debugger: larger, with other imports and other code than a release,
//! and a policy as well.

use std::path::Path;
use std::process::Command;

use crate::support::*;

use super::new_project::Project;

/// The sources of the policies in D, from the root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[track_caller]
pub(super) fn is_loaded_and_asked(language: &str) {
    let sandbox = Sandbox::with_kept_policies();
    if language == "d" {
        let policy = text(sandbox.path("policy.wasm"));
        build_d(&policy);
        let cases = format!("{}/cases/mirror/questions.jsonl", super::CONFORMANCE);
        return super::agrees(&sandbox, &policy, &cases);
    }
    // A name of its own: build folders that are shared keep projects of one name in one place.
    let project = Project::new(&sandbox, "debugged", language);
    match change(&project, language) {
        Some(build) => project.run(&build).succeeded(),
        // These are built in one way only, for a debugger or not.
        None => return super::passes(language, "mirror/questions"),
    };
    super::agrees(&sandbox, &project.policy(), &project.cases());
}

/// Prepares a project for its debug build; returns the command for it, none where there is no such
/// thing.
fn change(project: &Project, language: &str) -> Option<String> {
    let edit = |file: &str, found: &str, instead: &str| {
        let file = project.folder.join(file);
        let content = std::fs::read_to_string(&file).expect("the file");
        assert_eq!(content.matches(found).count(), 1, "{found}");
        std::fs::write(&file, content.replace(found, instead)).expect("the file");
    };
    Some(match language {
        "assemblyscript" => {
            // All that its library can ask of where it runs.
            edit(
                "assembly/index.ts",
                "put(offer: Offer): Reach {",
                "put(offer: Offer): Reach {
    console.log(\"log\"); console.debug(\"debug\"); console.info(\"info\"); console.warn(\"warn\");
    console.error(\"error\"); console.assert(offer.size > 0, \"holds\"); console.assert(offer.size == 0, \"assert\");
    console.time(\"time\"); console.timeLog(\"time\"); console.timeEnd(\"time\");
    trace(\"trace\", 1, 1); assert(Math.random() < 1); assert(performance.now() == 0);
    assert(Date.now() == 1800000000000, Date.now().toString());",
            );
            edit(
                "cases.jsonl",
                "{\"line\":\"session\",\"settings\":{\"largest\":1000},",
                "{\"line\":\"session\",\"settings\":{\"largest\":1000},\"started\":1800000000,",
            );
            let printed = [
                ("info", "log"),
                ("debug", "debug"),
                ("info", "info"),
                ("warn", "warn"),
                ("warn", "error"),
                ("warn", "assert"),
                ("debug", "time"),
                ("debug", "time"),
                ("info", "trace"),
            ];
            let printed = printed.map(|(level, message)| {
                format!("\n{{\"line\":\"log\",\"level\":\"{level}\",\"message\":\"{message}\"}}")
            });
            let answer = "\"verdict\":\"shared\"}";
            edit("cases.jsonl", answer, &format!("{answer}{}", printed.concat()));
            "npm install && npx asc --target debug --outFile policy.wasm".into()
        }
        // Zig's compiler checks a debug build for undefined behaviour, with a library that is not
        // there.
        "c" => "make FLAGS='-std=c11 -O0 -g -fno-sanitize=undefined -ffreestanding -nostdlib -Wl,--no-entry'".into(),
        "go" => "GOOS=wasip1 GOARCH=wasm go build -gcflags='all=-N -l' -buildmode=c-shared -o policy.wasm .".into(),
        "rust" => project.build.replace(" --release", "").replace("/release/", "/debug/"),
        "zig" => {
            edit(
                "build.zig",
                "b.path(\"policy.zig\")",
                "b.path(\"policy.zig\"), .optimize = .debug",
            );
            project.build.clone()
        }
        _ => return None,
    })
}

/// Mirror, without optimisation and with names for a debugger.
#[track_caller]
fn build_d(policy: &str) {
    let example = "examples/trusted-branches/d";
    run_to_its_end(
        Command::new("ldc2")
            .current_dir(Path::new(ROOT))
            .args(["-mtriple=wasm32-unknown-unknown-wasm", "-betterC", "-i"])
            .args(["-O0", "-g", "-fvisibility=hidden", "-L--no-entry"])
            .arg(format!("-I{example}"))
            .arg(format!("-of={policy}"))
            .arg("guest-sdk/conformance/d/mirror.d"),
    )
    .succeeded();
}
