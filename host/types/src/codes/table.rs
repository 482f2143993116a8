//! The table of codes. Each row has the code's name in the program, its number, its name, the
//! folders of `host/` whose code gives it, what it means, and what to do. Numbers are in order, and
//! are never used again.

macro_rules! codes {
    ($($code:ident $number:literal $name:literal [$($place:literal)+] $meaning:literal $action:literal)+) => {
        /// A warning or an error, by its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// All codes, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// The number: `CW0103`.
            pub fn number(self) -> &'static str {
                match self { $(Self::$code => $number,)+ }
            }

            /// The name, for a person to remember.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }

            /// What to do.
            pub fn action(self) -> &'static str {
                match self { $(Self::$code => $action,)+ }
            }

            /// The folders of `host/` whose code gives it.
            #[cfg(test)]
            pub(super) fn places(self) -> &'static [&'static str] {
                match self { $(Self::$code => &[$($place),+],)+ }
            }

            /// Its name in the code.
            #[cfg(test)]
            pub(super) fn identifier(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }
        }
    };
}

codes! {
    Bug "CW0001" "bug" ["cachewarden"]
        "The program failed in a way that it should not. This is a mistake in cachewarden."
        "Report it with the whole text, the version (`cachewarden version`) and what you ran. A build that fails because of it works without a helper: `GOENV=off GOCACHEPROG= go build`."
    System "CW0002" "system-refuses" ["cachewarden" "daemon" "remote"]
        "The operating system refuses something that the program cannot do without: a thread, a random number, standard input or output, a folder for temporary files."
        "Look at the limits of the process (`ulimit -a`) and of its container, and at the text of the system that follows."

    StoreUnusable "CW0101" "store-unusable" ["daemon" "store"]
        "The store's folder cannot be made or read. A build goes on without a cache."
        "Name another folder with --dir, or make this one yours and writable. The text of the system says which part of the path is wrong."
    StoreClosed "CW0102" "store-closed" ["store"]
        "The store belongs to another user, and only that user can open it. This is usual for a store that root has put into a container image. A build goes on without a cache."
        "The owner opens it for reading: `chmod -R a+rX FOLDER`. A store of anybody but root also needs --allow-shared-store. Or name a folder of your own with --dir."
    StoreWritableByOthers "CW0103" "store-writable-by-others" ["daemon" "store"]
        "Other users may write the store. They could insert code into your builds, so the store is not used. A build goes on without a cache."
        "If you trust what is in it: `chmod -R go-w FOLDER`. If you trust everybody who may write it: --allow-shared-store. After `mkdir` under a umask of 0000, let cachewarden make the folder."
    StoreOfAnother "CW0104" "store-of-another-user" ["store"]
        "The store belongs to another user, who could insert code into your builds, so it is not used. A build goes on without a cache."
        "Name a folder of your own with --dir. If you trust the owner: --allow-shared-store."
    StoreLinked "CW0105" "store-has-a-link" ["store"]
        "One of the folders within the store is a symbolic link. A trim would remove files from the folder that it points to, so the store is not used."
        "Make it a folder. To keep a store elsewhere, link its whole folder, or name that with --dir."
    NotAStore "CW0106" "not-a-store" ["store"]
        "The folder holds other files and no store. It is not used, because a trim would remove files from it."
        "Name an empty or a new folder with --dir."
    StoreOfAnotherLayout "CW0107" "store-of-another-layout" ["store"]
        "Another version of cachewarden made the store, with another layout of its files. A build goes on without a cache."
        "Update cachewarden, or name another folder with --dir."
    NoStore "CW0108" "no-store" ["cachewarden"]
        "The verb needs a store, and the folder has none. The exit status is 1."
        "Check the folder: `cachewarden dir` prints it, and --dir names another one. The first build makes the store."
    StoreNotWritable "CW0109" "store-not-writable" ["session"]
        "The store can be read and not written: the disk is full, or the modes forbid it. The build goes on. What it makes is not kept."
        "Make room, or make the folder writable, or name another one with --dir. If something else lies where a file of the store should, `cachewarden verify` names it."
    NothingWritable "CW0110" "nothing-writable" ["session"]
        "An object can be written neither to the store nor to a private folder in TMPDIR. The go command may fail because of it."
        "Make room, or make one of the two writable."
    StoreBusy "CW0111" "store-busy" ["cachewarden"]
        "Another process trims or verifies the store, or a build reads it as a base (--base), and this one waits for it. This is no fault."
        "Wait. If the process that is named is stopped, let it go on or end it."
    StoreWork "CW0112" "store-work-failed" ["cachewarden"]
        "`stats`, `prune`, `verify` or the trimmer met a file or a folder of the store that it could not read or remove."
        "The text of the system says why. Often the store belongs to another user: run the verb as that user."
    NoFolder "CW0113" "no-folder-for-the-store" ["cachewarden"]
        "No folder is named for the store, and none is safe to choose: HOME is not set, and GOCACHE names no folder, or one in which other users could replace the store. A build goes on without a cache."
        "Name a folder with --dir, set HOME, or let nobody else write the folder of GOCACHE: `chmod go-w FOLDER`."
    StoreOfADaemon "CW0114" "store-of-a-daemon" ["store"]
        "A daemon (`cachewarden serve`) uses the store, and nothing else may change it meanwhile. A build that names the store's folder goes on without a cache. `stats` and `verify` work. `serve` itself takes the store over from a daemon that was killed and does not end, where it can see that daemon's process."
        "Use the store through the daemon: `GOCACHEPROG=\"cachewarden connect --socket PATH\"`. Or name another folder with --dir, or stop the daemon. If `serve` refuses to start, the text names the process that has the store."

    BaseUnusable "CW0115" "base-unusable" ["session" "store"]
        "A store that --base names is not read: it is not there, is no store of this layout, is closed to this user, can be changed by others, or is being trimmed. Or other users could change where the path to it leads, and go could then move files out of it. The build goes on without that base. That a base cannot be written is never reported, because nothing is written to it."
        "The text says which it is. Check the path; in an image, open the store for its readers once it is filled: `chmod -R go=rX FOLDER`. `cachewarden doctor` says whether each base can be read."

    PolicyUnreadable "CW0201" "policy-unreadable" ["policy"]
        "The file that --policy names cannot be read: it is not there, this user may not read it, or it is no regular file. The build stops, because without its policy nothing would be refused."
        "The line ends with what the system says of the file. Correct the path after --policy (CACHEWARDEN_POLICY, or `policy` in the configuration file), or let this user read the file: `ls -l FILE` shows who may. It must be a file of this machine, since cachewarden downloads nothing."
    PolicyTooLarge "CW0202" "policy-too-large" ["policy"]
        "The file of the policy is larger than any policy that is loaded."
        "Build the policy without debug information, or strip it."
    PolicyPin "CW0203" "policy-has-other-bytes" ["policy"]
        "The policy does not have the SHA-256 that is pinned with @sha256:HEX. Somebody changed the file, or the pin is of another version."
        "If the change is meant, pin the new SHA-256, which the text has. If not, find out who wrote the file."
    PolicyInvalid "CW0204" "policy-invalid" ["policy"]
        "The file is no policy that this cachewarden can load: it is no WebAssembly, it was made for another version of the contract, it imports what no policy has, or compiling it took too much time or memory."
        "The text names the reason. Build the policy again with the SDK of this cachewarden. More time and memory for the compiler: --policy-compile-time, --policy-compile-memory."
    Engine "CW0205" "engine-does-not-start" ["policy"]
        "The WebAssembly engine does not start on this machine, or the system gives it no process or thread to compile a policy."
        "Look at the text that follows, and at the limits of the process: `ulimit -v` for memory, `ulimit -u` (in a container or a service, its limit on processes) for threads. Policies need a processor that the engine compiles for."
    PolicyCompiling "CW0206" "policy-is-being-compiled" ["cachewarden"]
        "A policy is compiled at its first use on a machine, and that has taken longer than a second. This is no fault."
        "To let no build wait: `cachewarden policy compile FILE` when the machine or the image is set up."
    PolicyNotKept "CW0207" "compiled-policy-not-kept" ["cachewarden"]
        "The compiled form of the policy cannot be kept, so every go command compiles it again."
        "Make the folder that is named yours and writable, and no link. In a container, set HOME to a folder of the user."
    SettingsRefused "CW0208" "settings-refused" ["daemon" "session"]
        "The policy refuses its settings. Nothing is built, because the policy could allow what you meant to forbid."
        "The text is the policy's own and names the field. See --settings, and the documentation of the policy."
    SettingsUnreadable "CW0209" "settings-unreadable" ["cachewarden"]
        "The file with the policy's settings cannot be read, is not UTF-8, or is larger than 1 MiB."
        "Check the path after `@` in --settings @FILE, or in ?settings=@FILE."
    SettingsPin "CW0210" "settings-have-other-bytes" ["cachewarden"]
        "The settings do not have the SHA-256 that is pinned with @sha256:HEX."
        "If the change is meant, pin the new SHA-256, which the text has. If not, find out who wrote the file."
    SettingsInvalid "CW0211" "settings-invalid" ["cachewarden"]
        "The settings are no JSON that every reader reads alike: a syntax error, a field that is there twice, a number or a text that not all languages can hold."
        "The text names the field. Correct it there."
    SessionRefused "CW0212" "session-refused" ["session"]
        "The policy lets this session use no part of the cache. The build goes on without a cache."
        "The text is the policy's own. Often a label is missing: see --label-env. `cachewarden doctor` shows what the policy says."
    GrantInvalid "CW0213" "grant-invalid" ["session"]
        "The policy grants a scope with an invalid name, or one that --allow-read or --allow-write does not allow. The grant is not used, and the build goes on without a cache."
        "Correct the policy or its settings, or allow the scope."
    NoCommonScope "CW0214" "policies-have-no-common-scope" ["session"]
        "Each of several policies grants scopes, and there is none that all of them grant."
        "Let all policies grant the scope; docs/policies.md says how several policies agree."
    PolicyFailed "CW0215" "policy-failed" ["session"]
        "The policy trapped or took too long with one question. That request got the safe answer: a get was a miss, a put was not kept."
        "Report it to the author of the policy. --record FILE writes the question down, and `cachewarden policy test` asks it again. More time: --policy-deadline."
    PolicyOff "CW0216" "policy-off" ["session"]
        "The policy has failed for good and is asked nothing more in this session. The build goes on without a cache."
        "As for CW0215. More CPU time for a whole session: --policy-budget."

    NotTheProtocol "CW0301" "not-the-protocol" ["session"]
        "What comes on standard input is not the protocol of GOCACHEPROG."
        "Do not start cachewarden by hand: set GOCACHEPROG, and run go. `cachewarden doctor` says what to type."
    AnswersUnread "CW0302" "answers-not-read" ["session"]
        "Nobody reads the answers. The go command was ended."
        "Nothing needs to be done."
    RecordingUnwritable "CW0303" "recording-not-writable" ["cachewarden" "session"]
        "The recording (--record) cannot be written. At the start this is an error. Later the recording stops, and the build goes on."
        "Name a regular file that this user may write, with one name, outside the store; or make room."
    AuditDiverged "CW0304" "audit-diverged" ["session"]
        "A policy had an action built again, and the result has other bytes than the cache held. One of the two is wrong, or the build is not reproducible."
        "Build the action twice without a cache. If both results are alike, the entry in the cache was wrong: find out who put it, and remove its scope (`cachewarden prune --scope NAME --all`)."
    TooManyLines "CW0305" "too-many-lines" ["session"]
        "There were more messages than are printed."
        "--record FILE writes all of it down."
    TooManyPuts "CW0306" "too-many-puts" ["session"]
        "One go command puts more than a session keeps note of. It may build some of it twice."
        "Nothing needs to be done, unless a single go command should not put so much."
    QuotaReached "CW0307" "quota-reached" ["daemon" "session"]
        "The tenant of a daemon keeps as many entries or bytes as it may, puts faster than it may, or reads as many copies as it may. The build goes on. What it makes beyond that is for this session alone, and what it would read beyond that is a miss. Or the tenant asks more often than it may, and the build waits for answers."
        "Wait for the daemon's next trim, or ask its operator for a larger quota (`[tenant.quota]`)."
    InvalidRequest "CW0308" "invalid-request" ["session"]
        "One request on standard input is not understood, or the bytes of a put are not those that its ID names. That request fails; go reports it. The session goes on."
        "With a go command, report it. Another client: docs/protocol.md has the protocol."

    CommandLine "CW0401" "wrong-command-line" ["cachewarden" "connect"]
        "An option, a verb or a value is not one that cachewarden knows. If it is in GOCACHEPROG, go stops."
        "The text names the word, and a similar one where there is one. `cachewarden help` and `cachewarden help VERB` list the options. A path that has a space in it stands in quotes in GOCACHEPROG."
    VariableUnknown "CW0402" "unknown-variable" ["cachewarden"]
        "A variable begins with CACHEWARDEN_, and no option has it. It is refused, because a mistyped limit would have no effect."
        "Correct its name, unset it, or let no variable be read (--no-env)."
    VariableEmpty "CW0403" "unusable-variable" ["cachewarden"]
        "A variable is set and empty, or is not valid UTF-8. It is refused, because an undefined CI variable must not remove a limit."
        "Give it a value, unset it, or let no variable be read (--no-env)."
    ConfigUnreadable "CW0404" "configuration-unreadable" ["cachewarden"]
        "The configuration file (--config) cannot be read, does not have the SHA-256 that is pinned, is not UTF-8, or is larger than 1 MiB."
        "Check the path after --config, or in CACHEWARDEN_CONFIG. If the pin does not match and the change is meant, pin the new SHA-256."
    ConfigInvalid "CW0405" "configuration-invalid" ["cachewarden"]
        "The configuration file is no TOML, or a key has a value of the wrong type or an empty one."
        "The text names the line, and what is expected there. docs/command-line.md lists the keys."
    ConfigUnknownKey "CW0406" "unknown-key" ["cachewarden"]
        "The configuration file has a key that is no option. It is refused, because a mistyped limit would have no effect."
        "Correct the key. Its name is that of the variable without CACHEWARDEN_, in lower case, with dashes."
    ConfigBound "CW0407" "variable-against-configuration" ["cachewarden"]
        "The configuration file sets an option that decides what a session may do, and a variable sets such an option too, the same or another. The variable would widen in silence what the file sets up."
        "Unset the variable, let no variable be read (--no-env, or `no-env = true` in the file), or set its option in the file or on the command line instead."
    RelativePath "CW0408" "relative-path" ["cachewarden"]
        "A helper is given a relative path, or a variable has one. go starts its helper in many folders, and a pull request owns some of them. A variable counts in all of them."
        "Type the absolute path, which the text has."
    PathSpelling "CW0409" "not-a-path" ["cachewarden"]
        "A path begins with `~` or `$`, which is for a shell to expand, and no shell has seen it; or it is a URL, and cachewarden fetches nothing."
        "Type the absolute path of a file or a folder of this machine."
    NeedsPolicy "CW0410" "option-needs-a-policy" ["cachewarden"]
        "Settings or labels are given, which are for a policy, and there is none: every get and put would be allowed."
        "Give --policy FILE, or leave the option out."
    SettingsAmbiguous "CW0411" "settings-ambiguous" ["cachewarden"]
        "It is not plain which policy the settings are for: --settings is given with several policies, beside ?settings=, or elsewhere than the policy that is typed."
        "Give each policy its own: --policy 'FILE?settings=JSON' or --policy 'FILE?settings=@FILE'."
    LabelInvalid "CW0412" "label-invalid" ["cachewarden"]
        "A label is set twice, or the value of the variable that --label-env names is not valid UTF-8."
        "Set it once. Variables and the configuration file add labels to those of the command line."
    RedactNothing "CW0413" "nothing-to-redact" ["cachewarden"]
        "--redact-label names a label that is not set, so its value could be written down under another name."
        "Correct the name, or leave the option out."
    RecordInStore "CW0414" "recording-in-the-store" ["cachewarden"]
        "--record names a file in the store, which holds files of the store alone."
        "Name a file outside the store."
    UnknownCode "CW0415" "unknown-code" ["cachewarden"]
        "`cachewarden explain` knows no such code."
        "Type it as it was printed, such as CW0103, or its name. `cachewarden explain` without a code lists all."
    CheckoutUnusable "CW0416" "checkout-unusable" ["cachewarden"]
        "`mtimes` cannot set the times of a checkout's files: the folder is in no work tree of git, no .git leads to the repository that git finds, git is missing or fails, or a file cannot be read or given a time."
        "The text names the folder or the file and the next step. Files that have their time already keep it; run the verb again when the cause is gone."
    SetUpNotWritten "CW0417" "set-up-not-written" ["cachewarden"]
        "`cachewarden setup` has changed nothing, because something is in the way. It overwrites nothing: the file for the CI service is there already, the environment has a GOCACHEPROG, or `go env -w` has kept another one. Or the value that go uses is wrong, and every helper would refuse it. Or what it would write cannot be kept: the folder is a link or cannot be written, go is not found or is older than 1.24, GOENV is `off`, or the path of this program has a character that GOCACHEPROG cannot have."
        "The text names what is in the way, and what to type. `cachewarden setup` without --write prints the lines, and changes nothing: put them yourself where you want them."

    CasesUnreadable "CW0501" "cases-unreadable" ["recording"]
        "A recording, or a file of cases, cannot be read."
        "Check the path after the policy."
    CaseInvalid "CW0502" "case-invalid" ["recording"]
        "A line is not what docs/recording.md says: no JSON, a kind of line or a field that does not exist, a missing field, or a later form."
        "The text names the line. A case with a mistyped field would pass without being looked at, so it is refused. A recording of a later version needs a later cachewarden."
    NoSession "CW0503" "no-session" ["cachewarden"]
        "A file of cases holds no session of the policy, so nothing would be tested."
        "Begin it with a `session` line. For a recording of several policies, name the one with --policy-index."
    UnknownLanguage "CW0504" "unknown-language" ["cachewarden"]
        "`policy new` is asked for no language, or for one that it has no project for."
        "Name one of the languages that the text lists."
    ProjectName "CW0505" "project-name-invalid" ["cachewarden"]
        "The name of a new project is one that a package cannot have in every language."
        "Use at most 64 lower-case letters, digits and dashes, a letter first."
    ProjectNotMade "CW0506" "project-not-made" ["cachewarden"]
        "The folder of a new project cannot be made. Nothing that is there is ever overwritten."
        "Choose another name or another place."
    NotAnswered "CW0507" "question-not-answered" ["cachewarden"]
        "`policy bench` is asked for a question that the policy does not answer."
        "Leave --question out, or ask another."
    BenchFailed "CW0508" "bench-failed" ["cachewarden"]
        "`policy bench` cannot measure: the policy refuses the session, or it failed."
        "Give what the policy wants with --settings, or correct the policy."

    DaemonAway "CW0601" "daemon-away" ["connect"]
        "`cachewarden connect` could not begin a session with the daemon: there is no such socket or nothing listens on it, this user may not open it, or no answer came within --connect-timeout. The go command has lost nothing. It goes on with a private cache, or stops if `--when-down fail` is given."
        "The text says which. If nothing listens, start the daemon, or correct --socket (CACHEWARDEN_SOCKET). If this user may not open it, `ls -l SOCKET` shows the group that may. If no answer comes in time, read the daemon's log, or give it more time with --connect-timeout. `cachewarden connect --whoami` with the same options tries again without a build."
    ClientRefused "CW0602" "client-refused" ["connect"]
        "The daemon refuses this client: its token is not valid, no tenant has its labels, or it is at a limit. A refused client never becomes an anonymous one; the daemon does nothing for it."
        "The text is the daemon's. `cachewarden-connect --whoami` asks again without a build."
    DaemonLost "CW0603" "daemon-lost" ["connect"]
        "The daemon ended in the middle of a session, or sent what no daemon sends. The go command stops or goes on without a cache; it gets no wrong result."
        "Run the build again. The daemon's own log has the reason."
    TokenUnreadable "CW0604" "token-unreadable" ["connect"]
        "The token cannot be read: the file of --token-file is missing, empty or too large, or the command of --token-command failed. The daemon is not asked without it."
        "Correct the option, or leave it out where a session without a token is meant."
    NoPrivateCache "CW0605" "no-private-cache" ["connect"]
        "There is no session with the daemon, and no private cache either: the program `cachewarden` is neither beside `cachewarden-connect` nor in PATH, it cannot be started, or no folder is known for it."
        "Install `cachewarden` beside `cachewarden-connect`, name a folder with --private-dir, or start the daemon."
    TenantPolicy "CW0606" "policy-not-sent" ["connect"]
        "The policy of --policy or its settings cannot be read or are too large. The build stops, because it asked for this policy."
        "Correct the path, or the settings."
    SocketUnusable "CW0607" "socket-unusable" ["connect"]
        "The daemon cannot listen on its socket."
        "The text says why: another daemon listens there, others may replace the socket, or the system refuses."
    SessionEnded "CW0608" "session-ended-by-the-daemon" ["daemon"]
        "The daemon has ended a session under way: its upload was slower than `quota.least-rate`, what it has put was revoked, or the daemon itself ends. The go command stops; it gets no wrong result."
        "The text says which. Run the build again. If an upload is slow because the machine is, the operator lowers `least-rate` of `[tenant.quota]`."
    ServeConfigUnreadable "CW0621" "daemon-configuration-unreadable" ["daemon"]
        "The configuration file of `serve` cannot be read, is not UTF-8, or is larger than 4 MiB."
        "Check the path after --config. The daemon's user must be able to read the file."
    ServeConfigInvalid "CW0622" "daemon-configuration-invalid" ["daemon"]
        "The configuration of `serve` has a key that nothing takes, a value of the wrong type, or tables that do not fit together. Nothing of it is used. After a reload all stays as it was."
        "The text names the line, or the table and the key. `cachewarden serve --print-config` prints all keys with what they mean, and `cachewarden serve --check --config FILE` looks at a file without serving."
    ServeCases "CW0623" "policy-does-not-pass-its-cases" ["daemon"]
        "A policy of a tenant does not answer as its cases say, so the configuration is not used."
        "The text names each case that differs. Correct the policy, or its cases. `cachewarden policy test` asks the same questions."

    RemoteTooSlow "CW0701" "remote-too-slow" ["session"]
        "The remote tiers have cost a build more time than they have saved, by as much as they may. The session asks them no more; the build works, and makes what it does not find on this machine."
        "`cachewarden doctor` looks at each tier. A tier that is far away and answers may be worth a larger `--remote-budget`."
    FalseClaims "CW0702" "false-claims" ["session"]
        "An entry of a remote tier says something of its object that the bytes do not show: another kind, or a build ID of another action. Whoever can write that tier has put something false there, or another version of cachewarden sees the object differently."
        "The entry does not count. Find out who can write the scope that the warning names. `cachewarden remote verify` does not find such entries: it only hashes what is there."
    RemoteUnreadable "CW0703" "remote-unreadable" ["remote"]
        "A remote tier does not allow reading: there are no credentials, or they do not suffice. The session does not read it any more. The build works, and makes what it does not find elsewhere."
        "Check the credentials: `cachewarden doctor` looks at each tier. S3 and its like answer that reading is not allowed where an object is missing and the credentials may not list the bucket, so allow `s3:ListBucket` too. With `mode=write` in the address no build reads the tier; the key must be able to read all the same, since an upload looks at what is there already."
    RemoteUnusable "CW0704" "remote-unusable" ["remote"]
        "The address of a remote tier lacks something that its service needs, or names a bucket that is not there, so the tier is not used."
        "The text names what the service misses. Correct the address; docs/remote.md has one of each service."
    RemoteDamaged "CW0705" "remote-damaged" ["remote"]
        "An entry or an object of a remote tier is damaged, or of a later version of cachewarden. It is a cache miss. This is said once for each tier."
        "If the text names a later version, update cachewarden. Otherwise `cachewarden remote verify` names each damaged value by its key. The next put of the same action, on a machine that has been told this, sends it again, except in GitHub's cache. What stays damaged goes with `cachewarden remote prune`, or with the service's own tool."
    RemoteAway "CW0706" "remote-away" ["remote"]
        "The service of a remote tier has failed several times in a row. It is not asked until a probe in the background is answered; later go commands know that too. The build works, and makes what it does not find elsewhere."
        "Nothing needs to be done where the service is back soon. Otherwise look at the service and the network: `cachewarden doctor` says how far it comes."
    RemoteFormat "CW0707" "remote-of-another-format" ["remote"]
        "What is at the address of a remote tier is of a later version of cachewarden, or of another program. The tier is not read."
        "Update cachewarden, or give each version a prefix of its own in the address. If something else lies there, choose another prefix."
    RemoteThrottled "CW0708" "remote-throttled" ["remote"]
        "The service of a remote tier asks for fewer requests (429). It is not asked for as long as it says, or for some seconds; later go commands know that too. The build works, and makes what it does not find elsewhere."
        "Nothing needs to be done where that is rare. Otherwise raise the service's limit, or name a nearer tier before this one, which answers most of the gets."
    NotNoted "CW0709" "not-noted" ["remote"]
        "What a session has put may be sent to a remote tier, and cannot be noted in the store's folder `outbox`. It is on this machine, and is not sent."
        "The text says why. Make room in the store, or make it writable. A later put of the same action is noted again."
    RemoteAddress "CW0710" "remote-address-invalid" ["cachewarden"]
        "The value of --remote is no address that a tier can have: it is a path or another text and no URL, its service is not known or was left out when this program was built, it lacks a part such as the bucket, it has an option that the service does not have, or it has a credential, which everybody can see in the list of processes. Or `flush` or `remote` was given no tier at all."
        "Correct the address as the text says. It has the form `SERVICE://BUCKET/PREFIX?OPTION=VALUE`, and for a folder `file:///PATH`; docs/remote.md has one of each service. Put credentials into variables such as CACHEWARDEN_S3_SECRET_ACCESS_KEY, or into the file of --remote-credentials. If the service was left out, build the program with the cargo feature that the text names."
    RemoteCredentials "CW0711" "remote-credentials-unusable" ["cachewarden" "remote"]
        "The file of `--remote-credentials` cannot be read, other users can read it, or a line of it is no variable of a credential and its value."
        "Correct the path or the line. Other users must not be able to read the file: chmod 600, and on Windows a place below your profile (as a rule %USERPROFILE%)."
    NotSent "CW0712" "not-sent" ["cachewarden"]
        "`flush` ends with something left that a remote tier has not taken: its time was over, another process sends it, or the service refuses it or fails. It stays in the store, and the next session sends it."
        "The text has the reason. Give it more time (--timeout), or correct the address or the credentials; `cachewarden doctor` looks at each tier."
    RemoteNotListed "CW0713" "tier-not-listed" ["remote"]
        "`remote ls`, `remote verify` or `remote prune` needs a list of all that a remote tier has, and its service gives none, as Redis, memcached, GitHub's cache, and WebDAV servers without PROPFIND."
        "Such a service has means of its own to remove what is old; the text names them. Where another tier is meant, name it alone with --remote."
    RemoteHousekeeping "CW0714" "tier-not-kept-in-order" ["remote"]
        "`remote ls`, `remote verify` or `remote prune` has not come to its end on a remote tier: its service has failed or does not allow it, or something there is of another version of cachewarden. What was removed until then is gone, and nothing that stays lacks what it names."
        "The text says which. `cachewarden doctor` looks at each tier. What another version has written is kept in order by that version."
    RemoteUnwritten "CW0715" "remote-unwritten" ["remote"]
        "A remote tier takes nothing of what builds have put, or nothing of a scope, and that stays so until a person changes something: the credentials do not allow it, the address is wrong, or what lies there has another format or layout. The build works. What it puts is on this machine, and waits to be sent. One session says this, until an upload has left nothing or there is another reason."
        "The text has the reason, and `cachewarden doctor` looks at each tier. Where this machine is not meant to write the tier, say `mode=read` in its address: then nothing is noted, and nothing is tried."
}
