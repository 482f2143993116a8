//! Policies whose answers are no words of the contract, or name what they should not.

pub(super) mod scope_names;

use super::corpus;
use crate::support::*;

const OPEN_FAILED: &[&str] = &["failed in `open`", "is off for this session"];
const NOT_USED: &str = "is not used";

corpus! { "words":
    lookup_unknown.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    lookup_beyond_a_byte.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    reach_unknown.wat => |source| source.trial().comes_to(4, false, &["failed in `put`"]),
    level_unknown.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    result_unknown.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    option_unknown.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    refusal_unknown.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    scope_names.rs => |source| {
        for (shown, name) in scope_names::refused() {
            source.trial_of(shown, &scope_names::policy(&name))
                .must_do_without_cache(&[NOT_USED, "is not a scope name"]);
        }
        // One store for all of them: each name has a folder, and none sees another's entries.
        let sandbox = Sandbox::new();
        for (name, folder) in scope_names::kept() {
            let policy = text(sandbox.file(&format!("policy/{folder}.wat"), scope_names::policy(name.as_bytes())));
            let mut helper = sandbox.helper(&["--policy", &policy]);
            helper.get(&action("any")).miss();
            helper.put(&action("any"), name.as_bytes()).kept();
            assert_eq!(helper.close(), "", "{name}");
            assert!(find_entry(&sandbox.store(), folder, &action("any")).is_some(), "{name}");
        }
        for (name, folder) in scope_names::kept() {
            let policy = text(sandbox.path(&format!("policy/{folder}.wat")));
            let mut helper = sandbox.helper(&["--policy", &policy]);
            assert_eq!(helper.get(&action("any")).hit().bytes(), name.as_bytes(), "each finds its own");
            helper.close();
            source.trial_of(&format!("`{name}`"), b"").record(&format!("exit 0, a scope like any other, in the folder `{folder}`"), "");
        }
    },
    scopes_million.wat => |source| {
        source.trial().at_leisure().must_do_without_cache(&["too much data"]);
    },
    scopes_hundred.wat => |source| {
        source.trial().built().must_do_without_cache(&[NOT_USED, "100 scopes", "64 are the most"]);
    },
    scope_twice.wat => |source| source.trial().comes_to(0, true, &[]),
    write_not_allowed.wat => |source| {
        source.trial()
            .with(&["--allow-write", "pr-*", "--allow-write", "main"])
            .must_do_without_cache(&[NOT_USED, "--allow-write allows pr-*, main"]);
    },
    read_not_allowed.wat => |source| {
        source.trial()
            .with(&["--allow-read", "pr-*"])
            .must_do_without_cache(&[NOT_USED, "--allow-read allows pr-*"]);
    },
    scope_not_utf8.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    log_not_utf8.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    log_escapes.wat => |source| {
        source.trial().built().comes_to(4, true, &[r"\u{1b}[2J", r"\r\n{", r"\u{202e}", r"\u{9b}"]);
    },
    refusal_escapes.wat => |source| {
        source.trial().must_do_without_cache(&["refuses this session", r"\u{1b}[2J", r"\r\n{"]);
    },
    refusal_long.wat => |source| {
        source.trial().at_leisure().must_do_without_cache(&["refuses this session: aaa", " ..."]);
    },
    settings_escapes.wat => |source| {
        source.trial().built().must_be_refused(&["refuses its settings", r"\u{1b}[2J", r"\r\n{"]);
    },
}
