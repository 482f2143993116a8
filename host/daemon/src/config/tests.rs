//! What a file says, and how a mistake in it is told.

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/cw/serve.toml"), text, Path::new("/etc/cw"))
        .map_err(|error| error.to_string())
}

const LEAST: &str = "directory = \"/d\"\n[socket]\npath = \"/s\"\n";

#[test]
fn the_documented_configuration_is_read_and_its_comments_show_the_defaults() {
    let documented = parse(DOCUMENTED).unwrap();
    assert_eq!(documented.tenants.len(), 2);
    // With every key that is commented out.
    let key = |line: &'static str| {
        let rest = line.strip_prefix('#')?;
        (!rest.is_empty() && !rest.starts_with(' ')).then_some(rest)
    };
    let lines = DOCUMENTED.lines().map(|line| key(line).unwrap_or(line));
    let all: String = lines.flat_map(|line| [line, "\n"]).collect();
    let all = parse(&all).unwrap();
    assert_eq!(all.tenants[0].policies.len(), 1);
    let (shown, default) = (&all.limits, LimitsConfig::default());
    assert_eq!(
        (shown.sessions, shown.drain),
        (default.sessions, default.drain)
    );
    let (shown, default) = (&all.trim, TrimConfig::default());
    assert_eq!(
        (shown.every, shown.older_than, shown.views_older_than),
        (default.every, default.older_than, default.views_older_than)
    );
    let (shown, default) = (&all.tenants[0].quota, QuotaConfig::default());
    assert_eq!(shown.sessions, default.sessions);
    assert_eq!(shown.unkept_bytes, default.unkept_bytes);
    assert_eq!(shown.least_rate, default.least_rate);
    assert_eq!(shown.policy_time_per_minute, default.policy_time_per_minute);
    assert_eq!(shown.compile_time, default.compile_time);
    assert_eq!(
        shown.compile_time_per_minute,
        default.compile_time_per_minute
    );
    assert_eq!(shown.sessions_of_a_user(), default.sessions_of_a_user());
    assert_eq!(all.socket.mode, SocketConfig::default_mode());
    assert_eq!(all.view_files, ViewFilesConfig::default());
    let audit = all.audit.unwrap();
    assert_eq!(audit.max_file_size, AuditConfig::default_size());
    assert_eq!(audit.keep, AuditConfig::default_age());
    assert_eq!(audit.max_size, AuditConfig::default_total());
}

#[test]
fn relative_paths_begin_at_the_files_folder() {
    let config = parse(
        r#"
directory = "state"
[socket]
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
    assert_eq!(config.socket.path, Path::new("/run/s"));
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
        ("[limits]\ndrain = \"0s\"", "`0s` is no duration"),
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
        ("x = = 1", ":4: "),
    ] {
        let error = parse(&format!("{LEAST}{text}")).map(drop).unwrap_err();
        let is_told = error.starts_with("/etc/cw/serve.toml:") && error.contains(told);
        assert!(is_told, "{text}: {error}");
    }
    for (mode, told) in [
        ("666", ":4: "),
        ("\"888\"", "`888` is no mode such as \"0660\""),
    ] {
        let text = format!("directory = \"/d\"\n[socket]\npath = \"/s\"\nmode = {mode}");
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
