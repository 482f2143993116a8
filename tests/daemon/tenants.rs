//! Who is served what: main, a fork's pull request, a team with a policy of its own, a release.

use std::fs;

use serde_json::json;

use super::issuer::Issuer;
use super::world::*;
use crate::support::*;

/// A tenant for each user.
fn tenants() -> String {
    format!(
        r#"
[[tenant]]
name = "main"
match = {{ "peer.uid" = "{MAIN}" }}
write = ["main"]
read = ["main"]
[[tenant]]
name = "fork"
match = {{ "peer.uid" = "{FORK}" }}
write = ["fork-{{peer.uid}}"]
read = ["fork-{{peer.uid}}", "main"]
[[tenant]]
name = "team"
match = {{ "peer.uid" = "{TEAM}" }}
write = ["team"]
read = ["team", "main"]
own-policy = true
{}"#,
        release(r#"{ "repository": null }"#)
    )
}

/// The tenant that releases, whose policy has these settings.
fn release(settings: &str) -> String {
    format!(
        r#"
[[tenant]]
name = "release"
match = {{ "peer.uid" = "{RELEASE}" }}
write = ["release"]
read = ["release", "main"]
[[tenant.policy]]
file = "{}"
settings = '{settings}'
"#,
        guest("release").display()
    )
}

/// A build of the module in GREETING; what it prints, and its -v line.
#[track_caller]
fn build(world: &World, user: u32, options: &str) -> Totals {
    let built = world.go(
        user,
        &format!("-v {options}"),
        &["build", "-o", "../program", "."],
    );
    let built = built.succeeded();
    let program = world.sandbox.path(&format!("home-{user}/program"));
    let ran = run_to_its_end(&mut world.command_as(user, &program)).succeeded();
    assert_eq!(ran.stderr, "hello, world\n");
    Totals::of(&built.stderr)
}

/// The whole story with real go commands, each under a user of its own.
#[test]
fn each_tenant_reads_and_writes_what_it_may_and_no_more() {
    if !is_root() {
        return;
    }
    let world = World::with(&tenants());
    for user in [MAIN, FORK, TEAM, RELEASE] {
        world.check_out(user, GREETING);
    }
    let cold = build(&world, MAIN, "");
    assert_eq!(cold.hits, 0);
    // A fork's pull request reads main's entries.
    let fork = build(&world, FORK, "");
    assert!(fork.hits > 50 && fork.hits > fork.gets / 2, "{fork:?}");
    // What it puts under main's actions is for itself alone.
    world.check_out(
        FORK,
        &[(
            "lib/lib.go",
            "package lib\n\nfunc Greet(string) string { return \"poisoned\" }\n",
        )],
    );
    let poison = world.go(FORK, "", &["build", "./..."]);
    poison.succeeded();
    let again = build(&world, MAIN, "");
    assert!(again.hits > 50, "{again:?}");
    // A release takes what main has put, bound and verified.
    let release = build(&world, RELEASE, "");
    assert!(release.hits > 20, "{release:?}");
    // A team's own policy narrows what the operator gives, and never widens it.
    let policy = format!(
        "--policy '{}' --settings '{{\"scopes\":[\"team\",\"main\"]}}'",
        guest("read-only").display()
    );
    let team = build(&world, TEAM, &policy);
    assert!(team.hits > 50, "{team:?}");
    assert_eq!(team.puts, team.refused_puts, "it forbids every put");
    let status = world.status();
    let kept = |name: &str| {
        let all = status["tenants"].as_array().expect("tenants").iter();
        let mut named = all.filter(|tenant| tenant["name"] == name);
        named.next().expect("the tenant")["entries"]
            .as_u64()
            .expect("a number")
    };
    assert!(kept("main") > 50 && kept("fork") > 0, "{status}");
    assert_eq!(kept("team"), 0, "{status}");
    assert!(kept("release") > 0, "{status}");
}

#[test]
fn whoami_says_tenant_scopes_and_why() {
    if !is_root() {
        return;
    }
    let world = World::with(&tenants());
    let main = world.whoami(MAIN).succeeded();
    let expected = format!(
        "tenant main: writes main; reads main; not shared between sessions: module-index, executable; because peer.uid={MAIN}\n"
    );
    assert_eq!(main.stdout, expected);
    let known = run_to_its_end(&mut world.connect(MAIN, &["--whoami", "-v"])).succeeded();
    let expected = format!(
        "{expected}known: no token, peer.socket=default, peer.uid={MAIN}, peer.gid={MAIN}\n"
    );
    assert_eq!(known.stdout, expected);
    let release = world.whoami(RELEASE).succeeded();
    assert!(
        release
            .stdout
            .starts_with("tenant release: writes release; reads release, main;"),
        "{release:?}"
    );
    // Who matches nothing is told what is known, and what each tenant wants.
    let refused = world.whoami(NOBODY_KNOWN).exited(1);
    for told in [
        "no tenant matches this session",
        &format!("no token, peer.socket=default, peer.uid={NOBODY_KNOWN}"),
        &format!("Tenant main: peer.uid is not {MAIN}."),
    ] {
        assert!(refused.stderr.contains(told), "{told}: {refused:?}");
    }
    world.wait_for_log("no-tenant");
    // A policy of one's own is for tenants that may bring one.
    let mut command = world.connect(
        MAIN,
        &["--policy", guest("read-only").to_str().expect("UTF-8")],
    );
    let refused = run_to_its_end(&mut command).exited(1);
    assert!(refused.stderr.contains("own-policy = true"), "{refused:?}");
}

#[test]
fn a_token_decides_and_a_bad_one_is_no_session() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    let issuer = Issuer::new(&world.sandbox);
    let other = Issuer::new(&World::without_daemon().sandbox);
    world.configure(&format!(
        "{}[[tenant]]\nname = \"main\"\nissuer = \"ci\"\nmatch = {{ project = \"17\", ref = \"refs/heads/main\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n[[tenant]]\nname = \"branch\"\nissuer = \"ci\"\nmatch = {{ project = \"17\" }}\nwrite = [\"branch-{{ref}}\"]\nread = [\"main\"]\n[[tenant]]\nname = \"fork\"\nwrite = [\"fork-{{peer.uid}}\"]\nread = [\"main\"]\n",
        Issuer::table(&world.sandbox.path("keys.json"))
    ));
    world.start();
    let asked = |user: u32, token: &str| {
        let path = world.sandbox.file(&format!("token-{user}"), token);
        std::os::unix::fs::chown(&path, Some(user), Some(user)).expect("its owner");
        let path = path.display().to_string();
        run_to_its_end(&mut world.connect(user, &["--whoami", "--token-file", &path]))
    };
    let main = json!({"project_id": "17", "ref": "refs/heads/main"});
    let token = issuer.token(&main);
    for (claims, told) in [
        (main.clone(), "tenant main: writes main; reads main;"),
        (
            json!({"project_id": "17", "ref": "../main"}),
            "tenant branch: writes branch-_2e._2fmain;",
        ),
        (
            json!({"project_id": 17, "ref": "main"}),
            "tenant branch: writes branch-main;",
        ),
        // Another project is a stranger.
        (
            json!({"project_id": "18", "ref": "refs/heads/main"}),
            "tenant fork: writes fork-54401;",
        ),
    ] {
        let told_of = asked(MAIN, &issuer.token(&claims)).succeeded();
        assert!(told_of.stdout.starts_with(told), "{claims}: {told_of:?}");
    }
    // No token is a tenant of its own; a bad one never is.
    let fork = world.whoami(FORK).succeeded();
    assert!(fork.stdout.starts_with("tenant fork"), "{fork:?}");
    for (bad, told) in [
        (other.token(&main), "signature"),
        (
            issuer.token(&json!({"project_id": "17", "ref": "refs/heads/main", "aud": "another"})),
            "audience",
        ),
        (
            issuer.token(&json!({"project_id": "17", "exp": 1})),
            "expired",
        ),
        ("not-a-token".to_owned(), "not a signed token"),
        // Another user plays main's token again.
        (token.clone(), "presented"),
    ] {
        if told == "presented" {
            asked(MAIN, &token).succeeded();
        }
        let refused = asked(FORK, &bad).exited(1);
        assert!(refused.stderr.contains(told), "{told}: {refused:?}");
        assert!(
            !refused.stderr.contains(&bad) && !world.log().contains(&bad),
            "{told}"
        );
    }
    // As a helper, too; and nothing of a token is in the recording.
    let path = world
        .sandbox
        .path(&format!("token-{MAIN}"))
        .display()
        .to_string();
    let helper = world.helper(MAIN, &["--token-file", &path]);
    helper.close();
    world.wait_for_the_end_of_sessions();
    let recorded: String = files_below(&world.sandbox.path("audit"))
        .iter()
        .map(|file| fs::read_to_string(file).expect("a recording"))
        .collect();
    assert!(
        recorded.contains("refs/heads/main") && !recorded.contains(&token),
        "{recorded}"
    );
}

#[test]
fn two_witnesses_make_an_entry_count_and_a_forged_one_is_disputed() {
    if !is_root() {
        return;
    }
    let tenants = format!(
        r#"
[[tenant]]
name = "one"
match = {{ "peer.uid" = "{MAIN}" }}
write = ["main"]
read = []
[[tenant]]
name = "two"
match = {{ "peer.uid" = "{TEAM}" }}
write = ["main"]
read = []
{}"#,
        release(r#"{ "repository": null, "witnesses": 2, "audit_one_in": 0 }"#)
    );
    let world = World::with(&tenants);
    for user in [MAIN, TEAM, RELEASE] {
        world.check_out(user, GREETING);
    }
    build(&world, MAIN, "");
    // What the release itself has put counts for it in any case.
    let forget_own = || world.ask(&["revoke", "--scope", "release"]).succeeded();
    // One producer is not enough.
    let alone = build(&world, RELEASE, "");
    assert_eq!(alone.hits, 0, "{alone:?}");
    // An honest second one builds the same.
    forget_own();
    build(&world, TEAM, "");
    let agreed = build(&world, RELEASE, "");
    assert!(agreed.hits > 20, "{agreed:?}");
    assert!(!world.log().contains("disputed"), "{}", world.log());
    // One who puts other bytes under an action is found by the next honest put.
    let recorded = files_below(&world.sandbox.path("state/store/scopes/main"));
    let action = recorded.iter().find_map(|path| {
        let line = fs::read_to_string(path).ok()?;
        // A package archive (kind 2) with a role of its own (1).
        let fields: Vec<_> = line.split(' ').collect();
        (fields[4] == "2" && fields[5] == "1").then(|| path.file_name().expect("a name").to_owned())
    });
    let action = action.expect("an archive");
    let action = from_hex(action.to_str().expect("UTF-8"));
    let mut forger = world.helper(TEAM, &[]);
    forger.put(&action, b"!<arch>\nforged").kept();
    forger.close();
    world.wait_for_log("another producer has put other bytes");
    forget_own();
    let after = build(&world, RELEASE, "");
    // The archive, and what is asked for once it was found.
    assert!(
        after.refused_gets == 1 && after.hits < agreed.hits,
        "{after:?}"
    );
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    assert!(
        metrics.contains("cachewarden_disputes_total{tenant=\"two\"} 1"),
        "{metrics}"
    );
    // What is disputed can be revoked, and who has read it is named.
    // By its own scope alone the forged entry is, which nobody has read; `*` names all scopes.
    let words = ["revoke", "--disputed", "--scope", "*"];
    let revoked = world.ask(&words).succeeded().stdout;
    assert!(revoked.contains("revoked: main "), "{revoked}");
    assert!(revoked.contains("cachewarden.tenant=release"), "{revoked}");
}

#[test]
fn sockets_tell_jobs_apart_that_run_as_one_user() {
    let mut world = World::without_daemon();
    world.configure(&format!(
        "[[socket]]\nname = \"forks\"\npath = \"{}\"\n[[tenant]]\nname = \"fork\"\nmatch = {{ \"peer.socket\" = \"forks\" }}\nwrite = [\"fork\"]\nread = [\"fork\", \"main\"]\n[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.socket\" = \"default\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n",
        world.sandbox.path("forks").display()
    ));
    world.start();
    for (socket, tenant) in [("socket", "main"), ("forks", "fork")] {
        let socket = world.sandbox.path(socket).display().to_string();
        let words = ["connect", "--socket", &socket, "--whoami"];
        let told = run_to_its_end(&mut world.program(&words)).succeeded();
        let expected = format!("tenant {tenant}: writes {tenant};");
        assert!(told.stdout.starts_with(&expected), "{told:?}");
    }
}
