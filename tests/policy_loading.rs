//! The forms in which a policy may come, and all that is refused before it can decide anything.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::lookup::{HIT, MISS};
use crate::support::reach::LOCAL;
use crate::support::*;

/// The world of as-asked.wat.
const ASKED: &str = "package tests:policy;
    world asked {
      use cachewarden:policy/types@0.2.0.{candidate, lookup, offer, reach};
      export get: func(candidate: candidate) -> lookup;
      export put: func(offer: offer) -> reach;
    }";

/// Whether a session with this policy answers by what the actions ask for.
#[track_caller]
fn decides_as_asked(sandbox: &Sandbox, policy: &str) {
    let actions = [asking(HIT, LOCAL, "form"), asking(MISS, LOCAL, "form")];
    let mut helper = sandbox.helper(&[]);
    for action in &actions {
        helper.put(action, b"known").kept();
    }
    helper.close();
    let mut helper = sandbox.helper(&["--policy", policy]);
    assert_eq!(helper.get(&actions[0]).hit().bytes(), b"known", "{policy}");
    helper.get(&actions[1]).miss();
    assert_eq!(helper.close(), "", "{policy}");
}

/// That a helper with these options stops before its first answer; what it says.
#[track_caller]
fn is_refused(sandbox: &Sandbox, options: &[&str]) -> String {
    let mut helper = sandbox.helper(options);
    let request = helper.send_get(&action("any"));
    let ending = helper.ending();
    assert_eq!(ending.status.code(), Some(2), "{options:?}: {ending:?}");
    assert_eq!(ending.unanswered, [request], "{options:?}: {ending:?}");
    assert!(
        ending.stderr.starts_with("cachewarden: "),
        "{options:?}: {ending:?}"
    );
    assert!(
        !ending.stderr.contains("panicked") && ending.stderr.lines().count() < 12,
        "{options:?}: {ending:?}"
    );
    ending.stderr
}

#[test]
fn a_policy_is_text_a_core_module_or_a_component() {
    let sandbox = Sandbox::new();
    decides_as_asked(&sandbox, &policy("as-asked"));
    decides_as_asked(
        &sandbox,
        &text(sandbox.file("module.wasm", module("as-asked"))),
    );
    decides_as_asked(
        &sandbox,
        &text(sandbox.file("component.wasm", component("as-asked", ASKED))),
    );
    // What counts is what is in the file, not how it is called.
    decides_as_asked(&sandbox, &text(sandbox.file("policy", module("as-asked"))));
}

#[test]
fn a_component_may_be_text_too() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&["--policy", &policy("component")]);
    helper.put(&action("any"), b"any").kept();
    assert_eq!(helper.close(), "");
    assert!(
        find_entry(&sandbox.store(), "default", &action("any")).is_none(),
        "it keeps all to the session"
    );
}

#[test]
fn every_export_is_optional() {
    let sandbox = Sandbox::new();
    let world = "package tests:policy;
        world closes { use cachewarden:policy/types@0.2.0.{totals}; export close: func(totals: totals); }";
    let component = text(sandbox.file("closes.wasm", component("closes", world)));
    for (policy, scope) in [(policy("closes"), "one"), (component, "other")] {
        let options = ["--policy", &policy, "--scope", scope];
        let mut helper = sandbox.helper(&options);
        helper.put(&action("any"), b"any").kept();
        assert_eq!(helper.close(), "", "{policy}");
        let mut helper = sandbox.helper(&options);
        assert_eq!(helper.get(&action("any")).hit().bytes(), b"any");
        assert_eq!(helper.close(), "", "{policy}");
        assert_eq!(
            entry(&sandbox.store(), scope, &action("any")).field("reach"),
            "shared"
        );
    }
}

#[test]
fn what_is_no_policy_is_refused_with_a_text_that_names_it() {
    let sandbox = Sandbox::new();
    let module = module("as-asked");
    let component = component("as-asked", ASKED);
    let files: [(&str, &[u8]); 6] = [
        ("empty.wasm", b""),
        ("text.wasm", b"hello, I am a policy"),
        ("broken.wat", b"(module (func (export \"get\")"),
        ("short-module.wasm", &module[..module.len() / 2]),
        ("short-component.wasm", &component[..component.len() / 2]),
        ("later.wasm", b"\0asm\x09\0\0\0"),
    ];
    for (name, content) in files {
        let stderr = is_refused(&sandbox, &["--policy", &text(sandbox.file(name, content))]);
        assert!(stderr.contains(name), "{stderr}");
    }
    let folder = text(sandbox.path("home"));
    assert!(is_refused(&sandbox, &["--policy", &folder]).contains(&folder));
    assert!(is_refused(&sandbox, &["--policy", "/nowhere/x.wasm"]).contains("/nowhere/x.wasm"));
}

#[test]
fn a_policy_for_another_contract_is_refused_with_what_does_not_fit() {
    let sandbox = Sandbox::new();
    let stderr = is_refused(&sandbox, &["--policy", &policy("wrong-signature")]);
    assert!(
        stderr.contains("wrong-signature.wat") && stderr.contains("put"),
        "{stderr}"
    );
    let stderr = is_refused(&sandbox, &["--policy", &policy("needs-more")]);
    assert!(
        stderr.contains("needs-more.wat") && stderr.contains("env"),
        "{stderr}"
    );
    let stderr = is_refused(&sandbox, &["--policy", &policy("nothing")]);
    assert!(
        stderr.contains("nothing.wat") && stderr.contains("get"),
        "{stderr}"
    );
    let other = "package tests:policy; world other { export put: func(n: u32) -> u32; }";
    let other = text(sandbox.file("other.wasm", component("wrong-signature", other)));
    let stderr = is_refused(&sandbox, &["--policy", &other]);
    assert!(
        stderr.contains("other.wasm") && stderr.contains("put"),
        "{stderr}"
    );
}

/// `chatty.wat`, which imports and exports, made for a version of the contract: as a core module,
/// as a component.
fn made_for(sandbox: &Sandbox, version: &str) -> [String; 2] {
    let source = fs::read_to_string(policy("chatty")).expect("its text");
    let source = source.replace(CONTRACT_VERSION, version);
    let module = wat::parse_str(&source).expect("it is right");
    let world = "package tests:policy;
        world chatty {
          use cachewarden:policy/types@0.2.0.{candidate, lookup};
          import cachewarden:policy/host@0.2.0;
          export get: func(candidate: candidate) -> lookup;
        }";
    let component = component_for(version, module.clone(), world);
    [
        text(sandbox.file(&format!("module-{version}.wasm"), module)),
        text(sandbox.file(&format!("component-{version}.wasm"), component)),
    ]
}

#[test]
fn a_policy_for_any_patch_of_the_contract_is_served() {
    let sandbox = Sandbox::new();
    // A line at the level `debug`, for a `chatty` policy.
    let action = asking(HIT, LOCAL, "known");
    sandbox.fill(&[], &[action], b"known");
    for version in [CONTRACT_VERSION, "0.2.99"] {
        for policy in made_for(&sandbox, version) {
            let mut helper = sandbox.helper(&["--policy", &policy, "-v"]);
            assert_eq!(helper.get(&action).hit().bytes(), b"known", "{policy}");
            let stderr = helper.close();
            assert!(stderr.contains("from the policy"), "{policy}: {stderr}");
        }
    }
}

#[test]
fn a_policy_for_another_minor_version_is_refused_with_both() {
    let sandbox = Sandbox::new();
    for version in ["0.1.1", "0.3.0", "1.2.0"] {
        for policy in made_for(&sandbox, version) {
            let stderr = is_refused(&sandbox, &["--policy", &policy]);
            assert!(
                stderr.contains(&format!("version {version} of the contract"))
                    && stderr.contains("speaks 0.2.0; build it again"),
                "{policy}: {stderr}"
            );
        }
    }
}

#[test]
fn a_pinned_policy_has_these_very_bytes() {
    let sandbox = Sandbox::new();
    let bytes = module("as-asked");
    let path = text(sandbox.file("policy.wasm", &bytes));
    let digest = hex(&sha256(&bytes));
    decides_as_asked(&sandbox, &format!("{path}@sha256:{digest}"));
    let other = hex(&sha256(b"another policy"));
    let stderr = is_refused(&sandbox, &["--policy", &format!("{path}@sha256:{other}")]);
    assert!(
        stderr.contains(&digest) && stderr.contains(&other),
        "{stderr}"
    );
    for pin in [
        "",
        "abc",
        &digest[..63],
        &format!("{digest}0"),
        &digest.replace(&digest[..2], "xy"),
    ] {
        let mistyped = sandbox
            .run(&["--policy", &format!("{path}@sha256:{pin}")])
            .exited(2);
        assert!(
            mistyped.stderr.contains("64 hex digits"),
            "{pin}: {mistyped:?}"
        );
    }
}

#[test]
fn compiled_code_is_no_policy() {
    let sandbox = Sandbox::new();
    decides_as_asked(&sandbox, &policy("as-asked"));
    let code = compiled(&sandbox).pop().expect("the compiled policy");
    let stderr = is_refused(&sandbox, &["--policy", &text(code.clone())]);
    assert!(stderr.contains(".cwasm"), "{stderr}");
    let renamed = text(sandbox.file("renamed.wasm", fs::read(code).expect("native code")));
    is_refused(&sandbox, &["--policy", &renamed]);
}

/// The files with native code that sessions left in their home.
fn compiled(sandbox: &Sandbox) -> Vec<PathBuf> {
    sandbox.files_ending("home", ".cwasm")
}

#[test]
fn compiled_code_that_is_not_ours_is_not_loaded() {
    let sandbox = Sandbox::new();
    decides_as_asked(&sandbox, &policy("as-asked"));
    let [ours] = &compiled(&sandbox)[..] else {
        panic!("one policy, one file")
    };
    let folder = ours.parent().expect("its folder");
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    assert_eq!(mode(ours) & 0o022, 0, "{}", ours.display());

    // Another policy's code, in the place of ours: whoever loads it sees a session that keeps
    // nothing and always hits.
    let other = Sandbox::new();
    other.helper(&["--policy", &policy("component")]).close();
    let foreign = compiled(&other).pop().expect("the other's code");
    let plants: [&dyn Fn(); 4] = [
        &|| symlink(&foreign, ours).expect("a link"),
        &|| {
            fs::copy(&foreign, ours).expect("a copy");
            set_mode(ours, 0o666);
        },
        &|| fs::write(ours, b"no code at all").expect("a file"),
        &|| fs::create_dir(ours).expect("a folder"),
    ];
    for plant in plants {
        fs::remove_file(ours).expect("it can be removed");
        plant();
        decides_as_asked(&sandbox, &policy("as-asked"));
        if ours.is_dir() {
            break;
        }
    }
}

#[test]
fn settings_are_json_or_a_file_with_json() {
    let sandbox = Sandbox::new();
    let policy = policy("closes");
    let good = text(sandbox.file("good.json", "{\"a\": 1}"));
    let bad = text(sandbox.file("bad.json", "{\"a\": "));
    for settings in ["{}", "{\"a\":[1,2]}", &format!("@{good}")] {
        assert_eq!(
            sandbox
                .helper(&["--policy", &policy, "--settings", settings])
                .close(),
            ""
        );
    }
    for (settings, word) in [
        ("{", "settings"),
        ("a: 1", "settings"),
        ("@/nowhere.json", "/nowhere.json"),
    ] {
        let stderr = is_refused(&sandbox, &["--policy", &policy, "--settings", settings]);
        assert!(stderr.contains(word), "{stderr}");
    }
    let stderr = is_refused(
        &sandbox,
        &["--policy", &policy, "--settings", &format!("@{bad}")],
    );
    assert!(stderr.contains("bad.json"), "{stderr}");
}

#[test]
fn settings_that_the_policy_refuses_stop_the_helper() {
    let sandbox = Sandbox::new();
    let stderr = is_refused(&sandbox, &["--policy", &policy("refuses-settings")]);
    assert!(
        stderr.contains("settings.branch: expected a pattern"),
        "{stderr}"
    );
}

#[test]
fn builds_that_begin_at_once_compile_a_slow_policy_once() {
    let sandbox = Sandbox::new();
    // Go's runtime takes seconds to compile.
    let policy = text(guest("go/trusted-branches"));
    let options = ["--policy", &policy, "--settings", r#"{"repository":null}"#];
    let helpers: Vec<_> = (0..3).map(|_| sandbox.helper(&options)).collect();
    let said: Vec<_> = helpers
        .into_iter()
        .map(|mut helper| {
            helper.put(&action("x"), b"x").kept();
            helper.close()
        })
        .collect();
    let told = said
        .iter()
        .filter(|said| said.contains("compiling the policy"));
    assert!(told.count() <= 1, "{said:?}");
    assert_eq!(compiled(&sandbox).len(), 1);
    let mut helper = sandbox.helper(&options);
    helper.get(&action("x")).miss();
    let told = helper.close();
    assert!(!told.contains("compiling the policy"), "{told}");
}
