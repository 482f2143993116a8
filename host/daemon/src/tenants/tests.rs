//! Which sessions a tenant takes, and what their scopes are called.

use std::path::Path;

use cachewarden_types::{Kind, verified_label};

use super::*;

const ISSUER: &str = r#"
[[issuer]]
name = "ci"
issuer = "https://ci.example"
audiences = ["cachewarden"]
algorithms = ["ES256"]
jwks-file = "/keys.json"
labels = { repository = "repository_id", ref = "ref" }
"#;

fn config(tenants: &str) -> Config {
    let text = format!("directory = \"/d\"\n[[socket]]\npath = \"/s\"\n{ISSUER}{tenants}");
    Config::parse(Path::new("/c.toml"), &text, Path::new("/")).unwrap()
}

fn tenants(text: &str) -> Result<Tenants, String> {
    let config = config(text);
    let all = config
        .tenants
        .iter()
        .map(|one| Tenant::new(one, &config, Vec::new()).map(Arc::new));
    Tenants::new(all.collect::<Result<_, _>>()?)
}

fn identity(issuer: Option<&str>, labels: &[(&str, &str)]) -> Identity {
    let label = |(name, value): &(&str, &str)| verified_label(name.to_string(), value.to_string());
    Identity {
        labels: labels.iter().map(label).collect(),
        issuer: issuer.map(str::to_owned),
        subject: None,
        uid: 1000,
    }
}

#[track_caller]
fn shown(tenants: &Tenants, identity: &Identity) -> String {
    match tenants.choose(identity) {
        Ok((tenant, scopes)) => {
            let text = |patterns: &[Pattern]| {
                let all: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
                all.join(",")
            };
            format!(
                "{} writes {} reads {}",
                tenant.name,
                text(&scopes.write),
                text(&scopes.read)
            )
        }
        Err(reason) => reason,
    }
}

#[test]
fn the_first_tenant_that_matches_takes_a_session() {
    let tenants = tenants(
        r#"
[[tenant]]
name = "main"
issuer = "ci"
match = { repository = "17", ref = ["refs/heads/main", "refs/heads/release-*"] }
write = ["main"]
read = ["main"]
[[tenant]]
name = "branch"
issuer = "ci"
match = { repository = "17" }
write = ["branch-{ref}"]
read = ["branch-{ref}", "main"]
[[tenant]]
name = "fork"
match = { "peer.user" = "runner" }
write = ["fork-{peer.uid}"]
read = ["fork-{peer.uid}", "main"]
"#,
    )
    .unwrap();
    let ci = |labels: &[(&str, &str)]| identity(Some("ci"), labels);
    for (identity, expected) in [
        (
            ci(&[("repository", "17"), ("ref", "refs/heads/main")]),
            "main writes main reads main",
        ),
        (
            ci(&[("repository", "17"), ("ref", "refs/heads/release-1")]),
            "main writes main reads main",
        ),
        (
            ci(&[("repository", "17"), ("ref", "../main")]),
            "branch writes branch-_2e._2fmain reads branch-_2e._2fmain,main",
        ),
        (
            ci(&[("repository", "17"), ("ref", "main")]),
            "branch writes branch-main reads branch-main,main",
        ),
        (
            identity(None, &[("peer.uid", "1001"), ("peer.user", "runner")]),
            "fork writes fork-1001 reads fork-1001,main",
        ),
    ] {
        assert_eq!(shown(&tenants, &identity), expected);
    }
    // Labels of a token count only with its issuer, and what is missing is said.
    let unsigned = identity(None, &[("repository", "17"), ("ref", "refs/heads/main")]);
    let refused = shown(&tenants, &unsigned);
    for told in [
        "no tenant matches this session",
        "no token, repository=17",
        "Tenant main: needs a token of `ci` (--token-file",
        "Tenant fork: there is no label peer.user.",
    ] {
        assert!(refused.contains(told), "{told}: {refused}");
    }
    let long = "x".repeat(10_000);
    let cut = shown(&tenants, &ci(&[("repository", "17"), ("ref", &long)]));
    assert!(
        cut.starts_with("branch writes branch-xxx") && cut.len() < 250,
        "{cut}"
    );
}

#[test]
fn a_tenant_that_makes_no_sense_is_refused_with_its_key() {
    for (tenant, told) in [
        ("issuer = \"cj\"", "no [[issuer]] named `cj`; there are: ci"),
        ("match = { ref = \"x\" }", "`ref` is known of no session"),
        (
            "issuer = \"ci\"\nwrite = [\"x-{reff}\"]",
            "`reff` is none that the issuer `ci` gives",
        ),
        (
            "issuer = \"ci\"\nwrite = [\"{ref}\"]",
            "begins with a label",
        ),
        (
            "issuer = \"ci\"\nwrite = [\"*{ref}\"]",
            "begins with a label",
        ),
        ("issuer = \"ci\"\nwrite = [\"x-{ref\"]", "a `{` has no `}`"),
        (
            "issuer = \"ci\"\nwrite = [\"x-{ref}-{repository}\"]",
            "two values could make one name",
        ),
        (
            "issuer = \"ci\"\nread = [\"x-{ref}-*\"]",
            "`read`: `x-{ref}-*`: two values",
        ),
        ("write = [\"a/b\"]", "`write`: '/' is in no scope's name"),
        ("write = [\".a\"]", "no scope name"),
        ("share = [\"test-record\"]", "`share`: test-record"),
    ] {
        let error = tenants(&format!("[[tenant]]\nname = \"t\"\n{tenant}"))
            .map(drop)
            .unwrap_err();
        assert!(error.contains(told), "{tenant}: {error}");
    }
}

#[test]
fn two_values_never_make_one_scope() {
    let tenants =
        tenants("[[tenant]]\nname = \"t\"\nissuer = \"ci\"\nwrite = [\"x-{ref}_-{repository}\"]")
            .unwrap();
    let write = |one: &str, other: &str| {
        let labels = [("ref", one), ("repository", other)];
        shown(&tenants, &identity(Some("ci"), &labels))
    };
    let mut seen = Vec::new();
    for (one, other) in [
        ("1_-2", "3"),
        ("1", "2_-3"),
        ("1_", "-2_-3"),
        ("1", "_-2"),
        ("1_-", "2"),
    ] {
        let scope = write(one, other);
        assert!(!seen.contains(&scope), "{scope}");
        seen.push(scope);
    }
}

#[test]
fn no_value_makes_a_tenant_write_where_another_does() {
    let two = |one: &str, other: &str| {
        tenants(&format!(
            "[[tenant]]\nname = \"a\"\nissuer = \"ci\"\nwrite = [\"{one}\"]\n[[tenant]]\nname = \"b\"\nissuer = \"ci\"\nwrite = [\"{other}\"]"
        ))
        .map(drop)
    };
    for (one, other, is_apart) in [
        ("branch-{ref}", "main", true),
        ("branch-{ref}", "fork-{ref}", true),
        // The same name, on purpose.
        ("branch-{ref}", "branch-{ref}", true),
        ("branch-{ref}", "branch-main", false),
        ("branch-main", "branch-{ref}", false),
        ("b-{ref}", "b-b-{ref}", false),
        ("m*", "main", false),
        ("m*", "main-{ref}", false),
        ("*", "main", false),
        ("team-*", "main", true),
    ] {
        assert_eq!(two(one, other).is_ok(), is_apart, "{one} {other}");
    }
}

#[test]
fn kinds_that_mean_something_else_in_another_job_are_kept_apart_unless_shared() {
    let one = |share: &str| {
        let tenants = tenants(&format!("[[tenant]]\nname = \"t\"\nshare = {share}")).unwrap();
        tenants.all[0].own_session_kinds.clone()
    };
    assert_eq!(one("[]"), [Kind::ModuleIndex, Kind::Executable]);
    assert_eq!(one("[\"module-index\"]"), [Kind::Executable]);
}

#[test]
fn producers_are_told_apart_by_what_the_operator_names() {
    let tenants = tenants(
        r#"
[[tenant]]
name = "runs"
issuer = "ci"
match = { repository = "17" }
producer = ["repository", "ref", "peer.uid"]
[[tenant]]
name = "plain"
issuer = "ci"
match = { repository = "*" }
[[tenant]]
name = "users"
"#,
    )
    .unwrap();
    let of = |issuer: Option<&str>, uid, labels: &[(&str, &str)]| Identity {
        subject: issuer.map(|_| "repo:acme".to_owned()),
        uid,
        ..identity(issuer, labels)
    };
    let producer = |identity: Identity| {
        let (tenant, _) = tenants.choose(&identity).unwrap();
        format!("{} {}", tenant.name, tenant.producer(&identity))
    };
    let run = |name: &'static str, uid: &'static str| {
        [("repository", "17"), ("ref", name), ("peer.uid", uid)]
    };
    let one = producer(of(Some("ci"), 1, &run("a", "1")));
    assert!(one.starts_with("runs "), "{one}");
    assert_eq!(one, producer(of(Some("ci"), 1, &run("a", "1"))));
    assert_ne!(one, producer(of(Some("ci"), 1, &run("b", "1"))));
    assert_ne!(one, producer(of(Some("ci"), 1, &run("a", "2"))));
    // Without a label that it needs, a session is not of the tenant.
    let without = of(Some("ci"), 1, &[("repository", "17"), ("peer.uid", "1")]);
    assert_eq!(producer(without), "plain repo:acme of ci");
    assert_eq!(producer(of(None, 7, &[])), "users uid 7");
    // A token that a tenant does not ask for makes nobody another producer.
    assert_eq!(producer(of(Some("other"), 7, &[])), "users uid 7");
    let error = self::tenants("[[tenant]]\nname = \"t\"\nproducer = [\"ref\"]\n");
    assert!(error.is_err_and(|text| text.contains("the label `ref`")));
}
