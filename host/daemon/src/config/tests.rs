//! What a file says, and how a mistake in it is told.

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/cw/serve.toml"), text, Path::new("/etc/cw"))
        .map_err(|error| error.to_string())
}

const LEAST: &str = "directory = \"/d\"\n[[socket]]\npath = \"/s\"\n";

/// The documented configuration with those keys that are commented out and marked so.
fn documented_with(marks: &[&str]) -> Config {
    let line = |line: &'static str| {
        let key = line.strip_prefix('#').filter(|key| is_key(key));
        match key.and_then(|key| key.rsplit_once(" # ").map(|(_, mark)| (key, mark))) {
            Some((key, mark)) if marks.contains(&mark) => key,
            _ => line,
        }
    };
    let lines: Vec<_> = DOCUMENTED.lines().map(line).collect();
    parse(&lines.join("\n")).unwrap()
}

/// Whether a line that is commented out is a key or a table, and no sentence.
fn is_key(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(' ')
}

#[test]
fn the_documented_configuration_says_of_each_key_whether_its_value_is_the_default() {
    for line in DOCUMENTED.lines() {
        let key = line.strip_prefix('#').filter(|line| is_key(line));
        let mark = key.map(|key| key.rsplit_once(" # ").map(|(_, mark)| mark));
        assert!(
            matches!(mark, None | Some(Some("default" | "example"))),
            "{line}"
        );
    }
    let shown = format!("{:?}", documented_with(&[]));
    // What is said to be the default changes nothing.
    assert_eq!(format!("{:?}", documented_with(&["default"])), shown);
    // The examples can be used.
    let all = documented_with(&["default", "example"]);
    assert_eq!(all.sockets.len(), 2);
    assert_eq!(all.tenants[0].policies.len(), 1);
    assert_ne!(format!("{all:?}"), shown);
}

#[test]
fn sockets_are_told_apart() {
    let two = "[[socket]]\nname = \"a\"\npath = \"x\"\nstreams = \"relayed\"\n";
    let config = parse(&format!("{LEAST}{two}")).unwrap();
    assert_eq!(config.sockets[0].name, "default");
    assert_eq!(config.sockets[0].streams, StreamsConfig::HandedOver);
    assert_eq!(config.sockets[1].streams, StreamsConfig::Relayed);
    for (more, told) in [
        (
            "[[socket]]\npath = \"/x\"",
            ":4: there are two sockets named `default`",
        ),
        (
            "[[socket]]\nname = \"a\"\npath = \"/s\"",
            ":4: there are two sockets at /s",
        ),
        ("[[socket]]\nname = \"a\"", ":4: missing field `path`"),
        (
            "[[socket]]\nname = \"a\"\npath = \"/x\"\nstreams = \"none\"",
            ":7: unknown variant `none`, expected `handed-over` or `relayed`",
        ),
    ] {
        let error = parse(&format!("{LEAST}{more}")).map(drop).unwrap_err();
        assert!(error.contains(told), "{more}: {error}");
    }
    for none in ["directory = \"/d\"\n", "directory = \"/d\"\nsocket = []\n"] {
        let error = parse(none).map(drop).unwrap_err();
        assert!(error.contains("socket"), "{error}");
    }
}

#[test]
fn relative_paths_begin_at_the_files_folder() {
    let config = parse(
        r#"
directory = "state"
[[socket]]
path = "/run/s"
[[issuer]]
name = "ci"
issuer = "https://ci.example"
audiences = ["a"]
algorithms = ["ES256"]
jwks-file = "keys.json"
[[tenant]]
name = "t"
[[tenant.policy]]
file = "p.wasm@sha256:00"
cases = ["cases.jsonl"]
"#,
    )
    .unwrap();
    assert_eq!(config.directory, Path::new("/etc/cw/state"));
    assert_eq!(config.sockets[0].path, Path::new("/run/s"));
    let keys = config.issuers[0].jwks_file.as_deref();
    assert_eq!(keys, Some(Path::new("/etc/cw/keys.json")));
    let policy = &config.tenants[0].policies[0];
    assert_eq!(policy.file, "/etc/cw/p.wasm@sha256:00");
    assert_eq!(policy.cases, [Path::new("/etc/cw/cases.jsonl")]);
}

#[test]
fn a_mistake_is_told_with_its_line_and_the_nearest_name() {
    for (text, told) in [
        (
            "[[tenant]]\nname = \"t\"\nwrites = [\"x\"]",
            ":6: `writes` is no key; did you mean `write`?",
        ),
        (
            "[limits]\nsession = 1",
            ":5: `session` is no key; did you mean `sessions`?",
        ),
        (
            "[[tenants]]\nname = \"t\"",
            "`tenants` is no key; did you mean `tenant`?",
        ),
        (
            "[xyzzy]\na = 1",
            ":4: `xyzzy` is no key; expected one of directory, ",
        ),
        ("[limits]\nsessions = \"many\"", ":5: "),
        (
            "[limits]\ndrain = \"soon\"",
            "`soon` is no duration such as 10s",
        ),
        (
            "[limits]\ndrain = \"0s\"",
            "a duration of zero is not possible here",
        ),
        (
            "[trim]\nmax-size = \"big\"",
            "`big` is no size such as 500MB",
        ),
        ("[trim]\nprotect = [\"a/b\"]", "is in no scope's name"),
        ("[[tenant]]\nwrite = []", "missing field `name`"),
        ("[[tenant]]\nname = \"t\"\nshare = [\"exe\"]", ":6: "),
        (
            "[[tenant]]\nname = \"t\"\nwitnesses = \"some\"",
            ":6: `some` is none of readable, all, none",
        ),
        (
            "[[tenant]]\nname = \"t\"\n[tenant.quota]\ngets-per-second = 0",
            "expected a nonzero u32",
        ),
        (
            "[[tenant]]\nname = \"t\"\n[tenant.quota]\nsessions-per-user = 0",
            "expected a nonzero usize",
        ),
        (
            "[trim]\nmax-size = 20000",
            ":5: `20000`: a size has a unit and quotes",
        ),
        (
            "[tenant]\nname = \"t\"",
            ":4: there may be several of `tenant`: write [[tenant]]",
        ),
        (
            "[[tenant]]\nname = \"t\"\n[tenant.policy]\nfile = \"p\"",
            ":6: there may be several of `tenant.policy`: write [[tenant.policy]]",
        ),
        ("x = = 1", ":4: "),
    ] {
        let error = parse(&format!("{LEAST}{text}")).map(drop).unwrap_err();
        let is_told = error.starts_with("/etc/cw/serve.toml:") && error.contains(told);
        assert!(is_told, "{text}: {error}");
    }
    for (mode, told) in [
        ("666", ":4: `666`: a mode has quotes, as in \"0660\""),
        ("\"888\"", "`888` is no mode such as \"0660\""),
    ] {
        let text = format!("directory = \"/d\"\n[[socket]]\npath = \"/s\"\nmode = {mode}");
        let error = parse(&text).map(drop).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn sizes_of_the_audit_log_that_would_keep_nothing_are_refused() {
    for (sizes, told) in [
        ("", None),
        ("max-file-size = \"1MiB\"\nmax-size = \"2MiB\"", None),
        ("max-size = \"127MiB\"", Some("`max-size`: at least twice")),
        (
            "max-file-size = \"0\"\nmax-size = \"0\"",
            Some("`max-file-size`: at least 4 KiB"),
        ),
        (
            "max-file-size = \"129MiB\"",
            Some("`max-file-size`: at most 128 MiB"),
        ),
    ] {
        let config = parse(&format!("{LEAST}[audit]\ndirectory = \"/a\"\n{sizes}")).unwrap();
        let checked = config.audit.unwrap().check();
        match told {
            None => assert_eq!(checked, Ok(()), "{sizes}"),
            Some(told) => assert!(checked.unwrap_err().contains(told), "{sizes}"),
        }
    }
}
