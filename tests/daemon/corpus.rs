//! The corpus of hostile policies (tests/hostile) as a tenant's own policies, beside an honest
//! tenant: all of them on one daemon, which compiles each once.

use super::resources::Resources;
use super::world::*;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

/// KiB that the daemon may have more after all of them: the last policies of the tenant stay
/// loaded, and the allocator keeps what was freed.
const MORE: u64 = 128 << 10;

/// The policies of a tenant that stay loaded, each with the image of its memory.
const LOADED: usize = 8;

/// Policies that come first: the engine starts its threads for WASI with one that needs them.
const WASI: &str = "preview2";

#[test]
fn no_policy_of_the_corpus_harms_the_daemon_or_another_tenant() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "[[tenant]]\nname = \"team\"\nmatch = {{ \"peer.uid\" = \"{TEAM}\" }}\nwrite = [\"team\", \"team-*\"]\nread = [\"team\", \"main\"]\nown-policy = true\n[tenant.quota]\npolicy-time-per-minute = \"1h\"\ncompile-time-per-minute = \"1h\"\n[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n"
    ));
    let known = asking(HIT, LOCAL, "known");
    let mut honest = world.helper(MAIN, &[]);
    honest.put(&known, b"known").kept();
    let session_with = |bytes: &[u8]| {
        let path = text(world.sandbox.file("policy/one.wasm", bytes));
        let options = ["--policy", &path, "--connect-timeout", "60s"];
        let mut session = world.helper(TEAM, &options);
        let requests = [
            session.send_get(&known),
            session.send_put(&asking(HIT, LOCAL, "own"), b"own"),
            session.send_get(&asking(HIT, LOCAL, "own")),
        ];
        (session.ending(), requests)
    };
    let policies = crate::hostile::all::policies();
    for (name, bytes) in policies.iter().filter(|(name, _)| name.contains(WASI)) {
        let (ending, _) = session_with(bytes);
        assert!(ending.status.success(), "{name}: {ending:?}");
    }
    world.wait_for_the_end_of_sessions_of("team");
    let before = Resources::of(world.process());
    let (mut refused, mut started) = (0, 0);
    for (number, (name, bytes)) in policies.into_iter().enumerate() {
        let (ending, requests) = session_with(&bytes);
        match ending.status.code() {
            Some(0) => {
                assert!(ending.unanswered.is_empty(), "{name}: {ending:?}");
                started += 1;
            }
            Some(2) => {
                assert_eq!(ending.unanswered, requests, "{name}: {ending:?}");
                refused += 1;
            }
            _ => panic!("{name}: {ending:?}"),
        }
        let is_safe = |text: &str| !text.contains(|one: char| one.is_control() && one != '\n');
        assert!(is_safe(&ending.stderr), "{name}: {ending:?}");
        // The other tenant's session is under way all the time.
        assert_eq!(honest.get(&known).hit().bytes(), b"known", "{name}");
        let body = number.to_le_bytes();
        honest
            .put(&action(&format!("honest {number}")), &body)
            .kept();
    }
    assert!(refused > 30 && started > 30, "{refused} and {started}");
    assert_eq!(honest.close(), "");
    world.wait_for_the_end_of_sessions();
    before.are_what_they_were(world.process(), LOADED, MORE);
    let log = world.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(!log.contains('\u{1b}'), "no terminal obeys the log");
    // No policy has written another scope than those of its tenant.
    let scopes = std::fs::read_dir(world.store().join("scopes")).expect("the scopes");
    for scope in scopes {
        let scope = scope.expect("a scope").file_name();
        let name = scope.to_string_lossy();
        assert!(name == "main" || name.starts_with("team"), "{name}");
    }
    audit(&world.store()).whole();
    let mut next = world.helper(MAIN, &[]);
    assert_eq!(next.get(&known).hit().bytes(), b"known");
    next.close();
}
