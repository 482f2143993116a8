//! Indexes of a module's files: filed under a path, times and sizes, so that another checkout may
//! have the same key.

use super::*;

/// A library of which one file counts on a system only. Both names of a system have the same
/// length.
fn checkout(system: &str) -> [(&'static str, String); 3] {
    [
        ("go.mod", "module example.org/lib\n\ngo 1.21\n".to_owned()),
        ("lib/lib.go", "package lib\n".to_owned()),
        (
            "lib/check.go",
            format!(
                "//go:build {system}\n\npackage lib\n\nfunc init() {{ println(\"checked\") }}\n"
            ),
        ),
    ]
}

/// Checks a tree out, with the times that another one had.
fn check_out(scene: &Scene, system: &str, time: std::time::SystemTime) {
    for (name, source) in checkout(system) {
        let path = scene.sandbox.file(&format!("project/{name}"), source);
        set_time(&path, time);
    }
}

const LIST: [&str; 4] = ["list", "-f", "{{.GoFiles}}", "./lib"];

/// No attack is needed: two checkouts with the same path and times, as with `SOURCE_DATE_EPOCH` or
/// git-restore-mtime.
#[test]
fn an_index_of_another_checkout_leaves_no_file_out() {
    let mut scene = Scene::new(&[]);
    let time = std::time::SystemTime::now() - HOUR;
    check_out(&scene, "plan9", time);
    let list = scene.go(&LIST).succeeded();
    assert_eq!(list.stdout, "[lib.go]\n");
    assert!(!scene.entries_of("module-index").is_empty());
    scene.keep();

    check_out(&scene, "linux", time);
    for reader in READERS {
        let list = scene.read(reader, &LIST).succeeded();
        let expected = match reader.shares_the_scope() {
            // This user put it into this scope since the machine was started: as with go's own
            // cache.
            true => "[lib.go]\n",
            false => "[check.go lib.go]\n",
        };
        assert_eq!(list.stdout, expected, "{reader:?}");
    }
    // On another machine nobody gets it.
    scene.sandbox.boot_anew();
    for reader in READERS {
        let list = scene.read(reader, &LIST).succeeded();
        assert_eq!(list.stdout, "[check.go lib.go]\n", "{reader:?}");
    }
}

/// What docs/threat-model.md says does not hold: cmd/go ends where an index is none, and nothing
/// shows the host that the key is that of an index. It is a build that fails, and not one that is
/// wrong.
#[test]
fn an_archive_in_place_of_an_index_makes_go_end_with_an_error() {
    let mut scene = Scene::new(&[]);
    // go indexes only what has not just changed.
    check_out(&scene, "plan9", std::time::SystemTime::now() - HOUR);
    scene.go(&LIST).succeeded();
    let keys: Vec<_> = scene
        .entries_of("module-index")
        .iter()
        .map(Entry::action)
        .collect();
    assert!(!keys.is_empty());
    let archives: Vec<_> = keys.iter().map(|key| archive_around(key, b"")).collect();
    let objects: Vec<_> = keys
        .iter()
        .copied()
        .zip(archives.iter().map(Vec::as_slice))
        .collect();
    scene.poison(&[], &objects);
    for reader in READERS {
        let list = scene.read(reader, &LIST);
        assert!(!list.status.success(), "{reader:?}: {list:?}");
        assert!(
            list.stderr.contains("corrupt index"),
            "{reader:?}: {list:?}"
        );
    }
}
