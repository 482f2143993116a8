//! A policy that gives the host no export, or one of another type than the contract's: building or
//! loading it fails, and what is said names the export and what it is to be, in the words of the
//! language.

use std::fs;

use crate::support::*;

use super::new_project::Project;

/// One change to a template, and what is said of it.
#[derive(Debug)]
struct Mistake {
    /// What the template has.
    right: &'static str,
    /// What an author has written instead.
    wrong: &'static str,
    /// What is told, in any order.
    told: &'static [&'static str],
}

/// What a mistake in a policy never ends in: the inside of a program of ours, or of the sandbox.
const NEVER_TOLD: &[&str] = &[
    "panicked at",
    "wasm trap",
    "wasm backtrace",
    "Stack backtrace",
    "Traceback",
    "cachewarden_policy/",
];

#[track_caller]
pub(super) fn is_told(language: &str) {
    let sandbox = Sandbox::with_kept_policies();
    // A name of its own: build folders that are shared keep projects of one name in one place.
    let project = Project::new(&sandbox, "mistaken", language);
    let (file, mistakes) = mistakes(language);
    let file = project.folder.join(file);
    let template = fs::read_to_string(&file).expect("the template's policy");
    for (number, mistake) in mistakes.iter().enumerate() {
        assert_eq!(template.matches(mistake.right).count(), 1, "{mistake:?}");
        fs::write(&file, template.replace(mistake.right, mistake.wrong)).expect("the policy");
        let mut outcome = match number {
            0 => project.build(),
            _ => project.build_again(),
        };
        if outcome.status.success() {
            let options = ["policy", "test", &project.policy(), &project.cases()];
            outcome = sandbox.run(&options);
        }
        assert!(!outcome.status.success(), "{mistake:?}: {outcome:#?}");
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        for words in mistake.told {
            assert!(said.contains(words), "{words}: {mistake:?}: {said}");
        }
        for words in NEVER_TOLD {
            assert!(!said.contains(words), "{words}: {mistake:?}: {said}");
        }
    }
}

/// The file with the policy, and what an author may get wrong in it.
fn mistakes(language: &str) -> (&'static str, &'static [Mistake]) {
    match language {
        "assemblyscript" => ("assembly/index.ts", ASSEMBLYSCRIPT),
        "c" => ("policy.c", C),
        "go" => ("main.go", GO),
        "javascript" => ("policy.js", JAVASCRIPT),
        "python" => ("policy.py", PYTHON),
        "rust" => ("src/lib.rs", RUST),
        "typescript" => ("policy.ts", TYPESCRIPT),
        "wat" => ("policy.wat", WAT),
        "zig" => ("policy.zig", ZIG),
        _ => panic!("no mistakes are known in {language}"),
    }
}

/// What the host says of a module without an export of the contract.
const NONE_EXPORTED: &str = "it exports none of the contract's functions: \
    `open: func(session: session) -> result<grant, refusal>`, `get: func(candidate: candidate) -> lookup`, \
    `put: func(offer: offer) -> reach`, `close: func(totals: totals)`";

const ASSEMBLYSCRIPT: &[Mistake] = &[
    Mistake {
        right: "put(offer: Offer): Reach",
        wrong: "putt(offer: Offer): Reach",
        told: &[
            "override putt",
            "is not declared in the base class 'Policy'",
        ],
    },
    Mistake {
        right: "put(offer: Offer): Reach",
        wrong: "put(offer: Offer): string",
        told: &[
            "put(offer: Offer): string",
            "not compatible",
            "put(offer: Offer): Reach",
        ],
    },
    Mistake {
        right: "register<Frugal>();\n",
        wrong: "",
        told: &["expected `register<YourPolicy>();` in the entry file"],
    },
    Mistake {
        right: "export * from \"@cachewarden/assemblyscript/exports\";",
        wrong: "",
        told: &[
            NONE_EXPORTED,
            "`export * from \"@cachewarden/assemblyscript/exports\";`",
        ],
    },
];

const C: &[Mistake] = &[
    Mistake {
        right: "cachewarden_reach put(",
        wrong: "cachewarden_reach putt(",
        // Clang up to 19 shows the signature in the macro too; newer ones show the line, and the
        // header says the rest.
        told: &["undeclared identifier 'put'", "CACHEWARDEN_EXPORT_PUT(put)"],
    },
    Mistake {
        right: "put(const cachewarden_offer *offer)",
        wrong: "put(const cachewarden_candidate *offer)",
        told: &["the export `put` is to be: cachewarden_reach put(const cachewarden_offer *offer)"],
    },
    Mistake {
        right: "CACHEWARDEN_EXPORT_OPEN(open, settings)\nCACHEWARDEN_EXPORT_PUT(put)\n",
        wrong: "",
        told: &[NONE_EXPORTED, "`CACHEWARDEN_EXPORT_PUT(put)`"],
    },
];

const GO: &[Mistake] = &[
    Mistake {
        right: "Put(offer policy.Offer) policy.Reach",
        wrong: "Put(offer policy.Candidate) policy.Reach",
        told: &[
            "wrong type for method Put",
            "want Put(policy.Offer) policy.Reach",
        ],
    },
    Mistake {
        right: "\tpolicy.Defaults\n",
        wrong: "",
        told: &["does not satisfy policy.Policy", "missing method Close"],
    },
    Mistake {
        right: "policy.Register(newFrugal)",
        wrong: "policy.Register(newFrugal())",
        told: &["policy.Register", "does not match func() P"],
    },
    Mistake {
        right: "func init() { policy.Register(newFrugal) }",
        wrong: "",
        told: &["no policy is registered: expected func init() { policy.Register(newPolicy) }"],
    },
];

/// The functions of a policy in JavaScript.
const JAVASCRIPT_FUNCTIONS: &str = "open(session, settings), get(candidate, settings, session), \
    put(offer, settings, session), close(totals, settings, session)";

/// What is said of a module in JavaScript or TypeScript that exports something else.
const NO_DEFAULT_EXPORT: &str = "the module must have a policy as its default export: \
    `export default policy({ put(offer, settings, session) { ... } })`";

const JAVASCRIPT: &[Mistake] = &[
    Mistake {
        right: "put(offer, settings)",
        wrong: "putt(offer, settings)",
        told: &[
            "cannot build policy.js: a policy has no `putt`",
            JAVASCRIPT_FUNCTIONS,
        ],
    },
    Mistake {
        right: "put(offer, settings) {",
        wrong: "put: \"shared\",\n\n  get(candidate, settings) {",
        told: &[
            "cannot build policy.js: a policy's `put` must be a function put(offer, settings, session), not shared",
        ],
    },
    Mistake {
        right: "export default policy",
        wrong: "export const frugal = policy",
        told: &["cannot build policy.js: ", NO_DEFAULT_EXPORT],
    },
];

const TYPESCRIPT: &[Mistake] = &[
    Mistake {
        right: "put(offer, settings)",
        wrong: "putt(offer, settings)",
        told: &["'putt' does not exist", "Did you mean to write 'put'?"],
    },
    Mistake {
        right: "\"local\"",
        wrong: "\"everywhere\"",
        told: &[
            "is not assignable to type '(offer: Offer, settings: ",
            "session: Session) => Reach'",
        ],
    },
    Mistake {
        right: "export default policy",
        wrong: "export const frugal = policy",
        told: &["cannot build policy.ts: ", NO_DEFAULT_EXPORT],
    },
];

const PYTHON: &[Mistake] = &[
    Mistake {
        right: "def put(self, offer: Offer)",
        wrong: "def putt(self, offer: Offer)",
        told: &[
            "`def put(self, offer: Offer) -> Reach`",
            "found `def putt(self, offer: Offer) -> Reach`",
        ],
    },
    Mistake {
        right: "def put(self, offer: Offer)",
        wrong: "def put(self)",
        told: &["expected `def put(self, offer: Offer) -> Reach`, found `def put(self) -> Reach`"],
    },
    Mistake {
        right: "    def put(self, offer: Offer)",
        wrong: "    put = Reach.SHARED\n\n    def _put(self, offer: Offer)",
        told: &["expected `def put(self, offer: Offer) -> Reach`, found <Reach.SHARED"],
    },
    Mistake {
        right: "Frugal(Policy)",
        wrong: "Frugal",
        told: &["expected a class that derives from Policy, and there is none"],
    },
    Mistake {
        right: "def put(self, offer: Offer)",
        wrong: "def put(self, offer: Ofer)",
        told: &["policy.py, line 17: NameError: name 'Ofer' is not defined"],
    },
    Mistake {
        right: "def put(self, offer: Offer)",
        wrong: "def put(self, offer: Offer",
        told: &["policy.py, line 17: SyntaxError: "],
    },
    // What is there for the Python that builds, and not for the one in the module.
    Mistake {
        right: "from dataclasses import",
        wrong: "import ctypes\nfrom dataclasses import",
        told: &["policy.py, line 3: ModuleNotFoundError: No module named '_ctypes'"],
    },
];

const RUST: &[Mistake] = &[
    Mistake {
        right: "fn put(&mut self, offer: &Offer) -> Reach",
        wrong: "fn putt(&mut self, offer: &Offer) -> Reach",
        told: &["method `putt` is not a member of trait `Policy`", "`put`"],
    },
    Mistake {
        right: "fn put(&mut self, offer: &Offer) -> Reach",
        wrong: "fn put(&mut self, offer: &Candidate) -> Reach",
        told: &[
            "method `put` has an incompatible type for trait",
            "expected signature `fn(&mut Frugal, &Offer) -> cachewarden_policy::Reach`",
        ],
    },
    Mistake {
        right: "cachewarden_policy::export!(Frugal);",
        wrong: "cachewarden_policy::export!(Settings);",
        told: &["`cachewarden_policy::Policy` is not implemented for `Settings`"],
    },
    Mistake {
        right: "cachewarden_policy::export!(Frugal);",
        wrong: "",
        told: &[NONE_EXPORTED, "`cachewarden_policy::export!(YourPolicy);`"],
    },
];

/// What says of `put` in WebAssembly text what it is to be.
const PUT_IN_TEXT: &str = "its export `put` is not the contract's `put: func(offer: offer) -> reach`: \
    expected the core function `(param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)`";

const WAT: &[Mistake] = &[
    Mistake {
        right: "(export \"put\")",
        wrong: "(export \"putt\")",
        told: &[
            "it exports `putt`",
            NONE_EXPORTED,
            "`cachewarden policy header`",
        ],
    },
    Mistake {
        right: "(param $size i64) (param $kind i32)",
        wrong: "(param $kind i32) (param $size i64)",
        told: &[
            PUT_IN_TEXT,
            "found `(param i64 i64 i64 i64 i64 i64 i64 i64 i32 i64 i32 i32) (result i32)`",
            "`cachewarden policy header`",
        ],
    },
    Mistake {
        right: "(module\n",
        wrong: "(module\n  (memory (export \"get\") 1)\n",
        told: &[
            "its export `get` is not the contract's `get: func(candidate: candidate) -> lookup`",
            "found what is no function",
        ],
    },
];

const ZIG: &[Mistake] = &[
    Mistake {
        right: ".put = put",
        wrong: ".putt = put",
        told: &["`.putt` is no part of a policy: expected .settings, .open, .get, .put or .close"],
    },
    Mistake {
        right: "fn put(offer: cachewarden.Offer)",
        wrong: "fn put(offer: cachewarden.Candidate)",
        told: &["expected `fn put(offer: cachewarden.Offer) cachewarden.Reach`"],
    },
    Mistake {
        right: "pub const policy",
        wrong: "const policy",
        told: &[
            "the policy's file declares no policy",
            "pub const policy = cachewarden.policy(.{ .open = open, .put = put });",
        ],
    },
];
