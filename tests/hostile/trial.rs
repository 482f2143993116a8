//! One trial: a session that a script plays, and for some a real go build, with the hostile policy;
//! and what must hold for every policy whatever it does.
//!
//! Always: valid protocol to the last byte, one answer to each request, no bytes but the right
//! ones, exit status 0 (2 where the policy may not be loaded), the right archive, no scope changed
//! but the one that may be, no more processor time and memory than the limits leave, `close`
//! included, and on stderr bounded lines that no terminal obeys.

use std::fs;
use std::time::Duration;

use super::bounds::{MOST_CALLS, MOST_LINES, SLOW, TimeLimits, checked};
use super::page;
use super::program;
use super::source::Source;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

/// Objects that the store has before the session begins.
const KNOWN: usize = 4;

/// A policy that is to be tried.
pub(super) struct Trial {
    source: &'static Source,
    variant: String,
    pub(super) sandbox: Sandbox,
    policy: String,
    options: Vec<String>,
    builds: bool,
}

/// What a session with it came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// How many of the objects in the store were answered.
    pub(super) hits: usize,
    /// Whether a put outlived the session.
    pub(super) kept: bool,
    /// What it said, the policy's path cut to its name.
    pub(super) stderr: String,
}

impl Source {
    /// Tries the policy that this file is.
    #[track_caller]
    pub(super) fn trial(&'static self) -> Trial {
        self.trial_of("", &self.policy())
    }

    /// Tries one of the policies that this file makes.
    #[track_caller]
    pub(super) fn trial_of(&'static self, variant: &str, policy: &[u8]) -> Trial {
        let sandbox = Sandbox::new();
        let path = sandbox.file(
            &format!("policy/{}", self.file_name().replace(".rs", ".wasm")),
            policy,
        );
        Trial::at(self, variant, sandbox, text(path))
    }
}

impl Trial {
    /// Tries whatever lies at this path.
    pub(super) fn at(
        source: &'static Source,
        variant: &str,
        sandbox: Sandbox,
        policy: String,
    ) -> Self {
        Self {
            source,
            variant: variant.to_owned(),
            sandbox,
            policy,
            options: Vec::new(),
            builds: false,
        }
    }

    /// With more options.
    pub(super) fn with(mut self, options: &[&str]) -> Self {
        self.options
            .extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    /// With a deadline as short as is still fair to a busy machine.
    pub(super) fn in_short(self) -> Self {
        self.with(&["--policy-deadline", "20ms"])
    }

    /// With a deadline that is no matter: what is tried is something else, and the machine may be
    /// slow.
    pub(super) fn at_leisure(self) -> Self {
        self.with(&["--policy-deadline", "10s"])
    }

    /// With a real go build, too: in each theme for one policy of each outcome. What go sees of a
    /// helper is its answers, which the script checks of every policy.
    pub(super) fn built(mut self) -> Self {
        self.builds = true;
        self
    }

    /// The policy may not be loaded: one text that has these words, before the first answer, and go
    /// stops.
    #[track_caller]
    pub(super) fn must_be_refused(self, words: &[&str]) {
        let said = self.refusal();
        self.has_words(&said, words);
        // Found in the second session too, whether it is remembered or found again.
        self.has_words(&self.refusal(), words);
        if self.builds {
            let build = self
                .project(program::LIBRARY_SOURCES)
                .go(&["build", "./lib"])
                .exited(1);
            let ours = build
                .stderr
                .lines()
                .filter(|line| line.starts_with("cachewarden: ") && !line.ends_with(SLOW));
            assert_eq!(ours.count(), 1, "one text: {build:?}");
        }
        self.record("refused, exit 2", &said);
    }

    /// What a helper says that may not start.
    #[track_caller]
    pub(super) fn refusal(&self) -> String {
        let mut helper = self.sandbox.helper(&self.arguments());
        let request = helper.send_get(&action("any"));
        let ending = helper.ending();
        assert_eq!(ending.status.code(), Some(2), "{}: {ending:?}", self.name());
        assert_eq!(ending.unanswered, [request], "{}: {ending:?}", self.name());
        self.checked(&ending.stderr, 1)
    }

    /// Every object is found, a put outlives the session, and nothing is said. The go build is that
    /// of a program.
    #[track_caller]
    pub(super) fn works(self) {
        if self.builds {
            program::copy_store(&self.sandbox);
        }
        let seen = self.session();
        assert_eq!(
            (seen.hits, seen.kept, seen.stderr.as_str()),
            (KNOWN, true, ""),
            "{}",
            self.name()
        );
        if self.builds {
            let build = self
                .project(program::PROGRAM_SOURCES)
                .go(&["build", "-trimpath", "-o", "program", "."])
                .succeeded();
            assert_eq!(self.checked(&build.stderr, 0), "", "{}", self.name());
            let program = self.sandbox.path("project/program");
            let run = run_to_its_end(&mut self.sandbox.command(&program)).succeeded();
            assert_eq!(run.stderr, program::PRINTS);
        }
        let program = if self.builds {
            ", the program is right"
        } else {
            ""
        };
        self.record(
            &format!("as if it were not hostile: exit 0, 4 of 4 found, a put is kept{program}"),
            "",
        );
    }

    /// The session and the build have no cache, and the text about it has these words.
    #[track_caller]
    pub(super) fn must_do_without_cache(self, words: &[&str]) {
        self.comes_to(0, false, words);
    }

    /// So many objects are found, a put is kept or not, and what is said has these words.
    #[track_caller]
    pub(super) fn comes_to(self, hits: usize, kept: bool, words: &[&str]) {
        let seen = self.session();
        assert_eq!(
            (seen.hits, seen.kept),
            (hits, kept),
            "{}: {seen:?}",
            self.name()
        );
        self.has_words(&seen.stderr, words);
        self.build();
        let puts = if kept {
            "a put is kept"
        } else {
            "a put is the session's alone"
        };
        let archive = if self.builds {
            ", the archive is right"
        } else {
            ""
        };
        self.record(
            &format!("exit 0, {hits} of {KNOWN} found, {puts}{archive}"),
            &seen.stderr,
        );
    }

    /// The real go builds a library; the archive must be the one that it builds without a policy.
    #[track_caller]
    pub(super) fn build(&self) {
        if !self.builds {
            return;
        }
        let project = self.project(program::LIBRARY_SOURCES);
        let build = project
            .go(&["build", "-trimpath", "-o", "lib.a", "./lib"])
            .succeeded();
        self.checked(&build.stderr, MOST_LINES);
        let archive = fs::read(self.sandbox.path("project/lib.a")).expect("an archive");
        assert!(
            archive == program::archive(),
            "{}: the archive is the right one",
            self.name()
        );
    }

    /// Plays the script twice: in the first session the policy is compiled, in the second it comes
    /// from the cache. Both must come to the same, within the same bounds.
    #[track_caller]
    pub(super) fn session(&self) -> Seen {
        let [first, second] = ["first", "second"].map(|name| self.session_named(name));
        assert_eq!(second, first, "{}: a second session", self.name());
        second
    }

    /// Plays the script once: known actions, unknown ones, puts and what was put.
    #[track_caller]
    fn session_named(&self, name: &str) -> Seen {
        let known: [_; KNOWN] =
            std::array::from_fn(|number| asking(HIT, LOCAL, &format!("known {number}")));
        self.sandbox
            .fill(&["--scope", "other"], &known, b"of another scope");
        self.sandbox.fill(&[], &known, b"known");
        let others = listing(&self.sandbox.store().join("scopes/other"));
        let new = asking(HIT, LOCAL, &format!("new in the {name}"));

        let mut helper = self.sandbox.helper(&self.arguments());
        let mut hits = 0;
        for action in &known {
            let answer = helper.get(action);
            if answer.is_miss() {
                answer.miss();
            } else {
                hits += 1;
                assert_eq!(answer.hit().bytes(), b"known", "{}", self.name());
            }
        }
        helper.get(&asking(HIT, LOCAL, "unknown")).miss();
        let path = helper.put(&new, b"new").kept();
        assert_eq!(
            helper.get(&new).hit().bytes(),
            b"new",
            "{}: its own",
            self.name()
        );
        let empty = asking(HIT, LOCAL, &format!("empty in the {name}"));
        helper.put(&empty, b"").kept();
        let ending = helper.closed();
        self.time_limits()
            .hold(ending.used, MOST_CALLS, &self.name());
        assert_eq!(fs::read(path).expect("it lives on"), b"new");

        let kept = find_entry(&self.sandbox.store(), "default", &new).is_some();
        assert_eq!(
            listing(&self.sandbox.store().join("scopes/other")),
            others,
            "{}",
            self.name()
        );
        for folder in fs::read_dir(self.sandbox.store().join("scopes")).expect("the scopes") {
            let folder = folder.expect("a scope").file_name();
            assert!(
                folder == "default" || folder == "other",
                "{}: made {folder:?}",
                self.name()
            );
        }
        let stderr = self.checked(&ending.stderr, MOST_LINES);
        Seen { hits, kept, stderr }
    }

    /// How long the policy may take: by this trial's options, or by the program's defaults.
    pub(super) fn time_limits(&self) -> TimeLimits {
        let option = |name: &str, default: u64| {
            let position = self.options.iter().rposition(|option| option == name);
            position.map_or(Duration::from_millis(default), |position| {
                humantime::parse_duration(&self.options[position + 1]).expect("a duration")
            })
        };
        TimeLimits {
            deadline: option("--policy-deadline", 100),
            budget: option("--policy-budget", 10_000),
        }
    }

    /// The program's arguments.
    pub(super) fn arguments(&self) -> Vec<&str> {
        let mut arguments = vec!["--policy", self.policy.as_str()];
        arguments.extend(self.options.iter().map(String::as_str));
        arguments
    }

    /// Notes what happened.
    #[track_caller]
    pub(super) fn record(&self, happened: &str, said: &str) {
        page::note(self.source, &self.variant, happened, said);
    }

    #[track_caller]
    fn has_words(&self, said: &str, words: &[&str]) {
        for word in words {
            assert!(
                said.contains(word),
                "{}: `{word}` is missing in {said:?}",
                self.name()
            );
        }
        assert!(
            !words.is_empty() || said.is_empty(),
            "{}: nothing was expected: {said:?}",
            self.name()
        );
    }

    /// What was said, after checking it; the policy's path cut to its name.
    #[track_caller]
    pub(super) fn checked(&self, stderr: &str, most: usize) -> String {
        let name = self.policy.rsplit('/').next().expect("a last part");
        checked(stderr, most, &self.name()).replace(&self.policy, name)
    }

    fn project(&self, sources: &[(&str, &str)]) -> GoProject<'_> {
        let quoted: Vec<_> = self
            .arguments()
            .iter()
            .map(|argument| format!("'{argument}'"))
            .collect();
        GoProject::new(&self.sandbox, GO, sources)
            .with_helper(&quoted.join(" "))
            .with_gocache(program::gocache())
    }

    fn name(&self) -> String {
        format!("{} {}", self.source.name, self.variant)
    }
}
