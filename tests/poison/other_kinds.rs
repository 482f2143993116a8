//! The kinds that only certain builds ask for: sources that cgo makes, what coverage is counted by,
//! what the C compiler can do, and profiles that packages are compiled by.

use super::*;

/// Puts, under the key of each entry of a kind, what `forge` makes of its object.
#[track_caller]
fn poison_kind(scene: &mut Scene, kind: &str, forge: impl Fn(&[u8]) -> Vec<u8>) {
    let store = scene.sandbox.store();
    let entries = scene.entries_of(kind);
    assert!(!entries.is_empty(), "no entry is of the kind {kind}");
    let objects = entries.iter().map(|entry| {
        let object = fs::read(entry.object(&store)).expect("the object");
        (entry.action(), forge(&object))
    });
    let objects: Vec<_> = objects.collect();
    let objects: Vec<_> = objects
        .iter()
        .map(|(key, body)| (*key, &body[..]))
        .collect();
    scene.poison(&[], &objects);
    for (key, _) in objects {
        assert_eq!(entry(&store, "main", &key).kind(), kind);
    }
}

const NATIVE: &[(&str, &str)] = &[
    ("go.mod", "module example.org/native\n\ngo 1.21\n"),
    (
        "native/native.go",
        "package native\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc One() int { return int(C.one()) }\n",
    ),
];

/// The library of [`NATIVE`] with a change, for which cgo and the C compiler are run again.
const NATIVE_CHANGED: &[(&str, &str)] = &[(
    "native/native.go",
    "package native\n\n// int one(void) { return 2; }\nimport \"C\"\n\nfunc One() int { return int(C.one()) }\n",
)];

/// The compiler gets what cgo made, and is not shown this: but tools that ask `go list` are.
#[test]
fn a_generated_source_of_others_is_listed_where_main_is_trusted_for_it() {
    const LIST: [&str; 5] = [
        "list",
        "-compiled",
        "-f",
        "{{range .CompiledGoFiles}}{{println .}}{{end}}",
        "./native",
    ];
    const MARK: &str = "// by the poisoner";
    let mut scene = Scene::new(NATIVE).with_cgo();
    scene.go(&LIST).succeeded();
    poison_kind(&mut scene, "generated-source", |source| {
        [source, MARK.as_bytes(), b"\n"].concat()
    });
    for reader in READERS {
        let list = scene.read(reader, &LIST).succeeded();
        let generated = list.stdout.lines().filter(|path| path.starts_with('/'));
        let sources: Vec<_> = generated
            .map(|path| fs::read_to_string(path).expect("a source"))
            .collect();
        assert!(!sources.is_empty(), "{list:?}");
        assert_eq!(
            sources.iter().any(|source| source.contains(MARK)),
            reader != Reader::Release,
            "{reader:?}: {list:?}"
        );
    }
}

/// The C compiler is not told to leave the work folder's name out of what it makes, so that no
/// build gives the same bytes.
#[test]
fn a_probe_of_others_takes_a_flag_from_the_compiler_where_main_is_trusted_for_it() {
    const BUILD: [&str; 3] = ["build", "-x", "./native"];
    let mut scene = Scene::new(NATIVE).with_cgo();
    let has_flag = |build: &Outcome| build.stderr.contains("prefix-map=$WORK");
    let build = scene.go(&BUILD).succeeded();
    assert!(has_flag(&build), "{build:?}");
    poison_kind(&mut scene, "probe", |_| b"false".to_vec());
    scene.write(NATIVE_CHANGED);
    for reader in READERS {
        let build = scene.read(reader, &BUILD).succeeded();
        assert_eq!(
            has_flag(&build),
            reader == Reader::Release,
            "{reader:?}: {build:?}"
        );
    }
}

#[test]
fn coverage_metadata_of_others_is_reported_where_main_is_trusted_for_it() {
    const TEST: &str = "import \"testing\"\n\nfunc TestIt(t *testing.T) {}\n";
    let (one, two) = (
        format!("package one\n\n{TEST}"),
        format!("package two\n\n{TEST}"),
    );
    let mut scene = Scene::new(&[
        ("go.mod", "module example.org/cover\n\ngo 1.21\n"),
        ("one/one.go", "package one\n\nfunc One() int { return 1 }\n"),
        ("one/one_test.go", &one),
        ("two/two.go", "package two\n\nfunc Two() int { return 2 }\n"),
        ("two/two_test.go", &two),
    ]);
    let profile = scene.sandbox.path("profile");
    let into = format!("-coverprofile={}", profile.display());
    let test = [
        "test",
        "-count=1",
        "-coverpkg=./...",
        &into,
        "./one",
        "./two",
    ];
    scene.go(&test).succeeded();
    poison_kind(&mut scene, "coverage-meta", |metadata| {
        replaced(metadata, b"two/two.go", b"two/lie.go")
    });
    for reader in READERS {
        scene.read(reader, &test).succeeded();
        let profile = fs::read_to_string(&profile).expect("the profile");
        assert!(profile.contains("two/two.go:"), "{profile}");
        assert_eq!(
            profile.contains("two/lie.go:"),
            reader != Reader::Release,
            "{reader:?}: {profile}"
        );
    }
}

/// A profile that says of a function that is called once that it is hot: it is inlined, under an
/// action of its own.
#[test]
fn a_profile_of_others_compiles_a_package_otherwise_where_main_is_trusted_for_it() {
    // More than the compiler inlines without a profile.
    let step = "\ttotal = total*3 + n\n".repeat(40);
    let library = format!(
        "package lib\n\nfunc Hot(n int) int {{\n\treturn big(n)\n}}\n\nfunc big(n int) int {{\n\ttotal := 0\n{step}\treturn total\n}}\n"
    );
    let mut scene = Scene::new(&[
        ("go.mod", "module example.org/profiled\n\ngo 1.21\n"),
        ("lib/lib.go", &library),
    ]);
    let profile = text(scene.sandbox.file("profile", ""));
    let build = ["build", "-pgo", &profile, "-gcflags=-m", "./lib"];
    let inlines = |build: &Outcome| build.stderr.contains("inlining call to big");
    let honest = scene.go(&build).succeeded();
    assert!(!inlines(&honest), "{honest:?}");
    let (caller, callee) = (
        "example.org/profiled/lib.Hot",
        "example.org/profiled/lib.big",
    );
    let forged = format!("GO PREPROFILE V1\n{caller}\n{callee}\n1 1000000\n");
    poison_kind(&mut scene, "pgo-profile", |_| forged.clone().into_bytes());
    for reader in READERS {
        let build = scene.read(reader, &build).succeeded();
        assert_eq!(
            inlines(&build),
            reader != Reader::Release,
            "{reader:?}: {build:?}"
        );
    }
}
