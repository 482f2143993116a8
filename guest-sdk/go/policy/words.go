package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file has the words of wit/words.toml. All of them are open: a newer host may know more than this version, and
// passes them to the policy all the same.

// Kind is what the host recognised an object to be, by its bytes. In settings it is a JSON string, the kind's name.
type Kind uint32

// BEGIN kinds (cargo xtask words)

const (
	// KindOther: None of the other kinds.
	KindOther Kind = 0
	// KindEmpty: An object without bytes, from a step that has printed nothing. A build needs it as much as any other
	// entry.
	KindEmpty Kind = 1
	// KindPackageArchive: A compiled package.
	KindPackageArchive Kind = 2
	// KindModuleIndex: An index of the source files of a module or a package.
	KindModuleIndex Kind = 3
	// KindFileList: The names of the source files that a step has made; all are plain local names.
	KindFileList Kind = 4
	// KindTestRecord: The output of a test, its log of the files and variables that it has read, or its coverage
	// profile. Each run of the test puts it again, with other timings.
	KindTestRecord Kind = 5
	// KindAnalysisFacts: Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
	KindAnalysisFacts Kind = 6
	// KindGeneratedSource: A source file that a tool (cgo, cover) has made.
	KindGeneratedSource Kind = 7
	// KindCoverageMeta: Metadata of a package for a coverage run.
	KindCoverageMeta Kind = 8
	// KindProbe: Whether the C compiler supports a flag: `true` or `false`.
	KindProbe Kind = 9
	// KindExecutable: A program that the operating system can run.
	KindExecutable Kind = 10
	// KindFixArchive: A zip archive of the files that `go fix` would change.
	KindFixArchive Kind = 11
	// KindToolOutput: The output that a compiler, a linker or vet has printed.
	KindToolOutput Kind = 12
	// KindAnalysisResult: The findings of staticcheck about a package.
	KindAnalysisResult Kind = 13
	// KindPGOProfile: A profile that was prepared for the compiler.
	KindPGOProfile Kind = 14
)

// kindNames has the names, by number.
var kindNames = []string{
	"other",
	"empty",
	"package-archive",
	"module-index",
	"file-list",
	"test-record",
	"analysis-facts",
	"generated-source",
	"coverage-meta",
	"probe",
	"executable",
	"fix-archive",
	"tool-output",
	"analysis-result",
	"pgo-profile",
}

// sharedKinds travel where no policy decides. Any other kind stays on this machine, an unknown one too.
var sharedKinds = []Kind{
	KindOther,
	KindEmpty,
	KindPackageArchive,
	KindFileList,
	KindAnalysisFacts,
	KindGeneratedSource,
	KindCoverageMeta,
	KindProbe,
	KindToolOutput,
	KindAnalysisResult,
	KindPGOProfile,
}

// END kinds

// ParseKind is the kind of this name. One that has no name here is spelled by its number, kind-4242 for instance.
func ParseKind(name string) (Kind, error) {
	if number := slices.Index(kindNames, name); number >= 0 {
		return Kind(number), nil
	}
	if digits, spelled := strings.CutPrefix(name, "kind-"); spelled {
		if number, err := strconv.ParseUint(digits, 10, 32); err == nil {
			return Kind(number), nil
		}
	}
	return 0, fmt.Errorf("`%s` is no kind", name)
}

// DefaultReach is how far an object of this kind travels if no policy decides: [ReachLocal] where other machines
// cannot use it or should not trust it, and where this version does not know the kind, else [ReachShared].
func (k Kind) DefaultReach() Reach {
	if slices.Contains(sharedKinds, k) {
		return ReachShared
	}
	return ReachLocal
}

// String is the name, "package-archive" for instance; kind-4242 where this version knows none.
func (k Kind) String() string { return word(kindNames, "kind", uint32(k)) }

// UnmarshalText is [ParseKind], for settings.
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKind(string(text))
	return err
}

// Role is what an entry is for, by its key: how cmd/go derived the key from an action that the session has seen.
type Role uint32

// BEGIN roles (cargo xtask words)

const (
	// RoleUnknown: The key does not follow from any action that the session has seen.
	RoleUnknown Role = 0
	// RoleOutput: The action's own output: the object's build ID names the action.
	RoleOutput Role = 1
	// RoleStdout: The output that the compiler or vet has printed.
	RoleStdout Role = 2
	// RoleLinkStdout: The output that the linker has printed.
	RoleLinkStdout Role = 3
	// RoleSourceList: The list of the package's source files.
	RoleSourceList Role = 4
	// RoleCgoHeader: The header that cgo has made for the package's exported functions.
	RoleCgoHeader Role = 5
	// RoleFixArchive: The changes that `go fix` would make.
	RoleFixArchive Role = 6
	// RoleCoverProfile: The coverage profile of a test's output.
	RoleCoverProfile Role = 7
)

// roleNames has the names, by number.
var roleNames = []string{
	"unknown",
	"output",
	"stdout",
	"link-stdout",
	"source-list",
	"cgo-header",
	"fix-archive",
	"cover-profile",
}

// END roles

// String is the name, "source-list" for instance; role-4242 where this version knows none.
func (r Role) String() string { return word(roleNames, "role", uint32(r)) }

// Facts is a set of what the host itself established about an object. A job cannot claim any of it.
type Facts uint32

// BEGIN facts (cargo xtask words)

const (
	// FactBuildIDMatches: The build ID in the object names this action and this content. This shows that the object is
	// neither mixed up nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts
	// has this fact; a tool that rewrites outputs (`-toolexec`) may break it.
	FactBuildIDMatches Facts = 1 << 0
	// FactRemote: The entry comes from another machine.
	FactRemote Facts = 1 << 1
	// FactAudited: On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt
	// object.
	FactAudited Facts = 1 << 2
	// FactDiverged: On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one;
	// the verdict decides about the new one.
	FactDiverged Facts = 1 << 3
	// FactDisputed: On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that
	// counts for this session. One of the two is wrong, or the build is not reproducible.
	FactDisputed Facts = 1 << 4
	// FactWitnesses2: On a candidate, under a daemon: at least two producers with distinct verified identities have put
	// these very bytes, into scopes that count for this session. A policy that asks for it does not depend on one
	// producer.
	FactWitnesses2 Facts = 1 << 5
	// FactWitnesses3: The same of at least three producers.
	FactWitnesses3 Facts = 1 << 6
	// FactWitnesses4: The same of at least four producers.
	FactWitnesses4 Facts = 1 << 7
)

// factNames has the names, by number.
var factNames = []string{
	"build-id-matches",
	"remote",
	"audited",
	"diverged",
	"disputed",
	"witnesses-2",
	"witnesses-3",
	"witnesses-4",
}

// END facts

// Has is whether all of these facts hold.
func (f Facts) Has(facts Facts) bool { return f&facts == facts }

// String is the names, joined by commas: "build-id-matches,remote"; "-" where no fact holds. One that this version does
// not know is fact-9, by its bit.
func (f Facts) String() string {
	var words []string
	for bit := range uint32(32) {
		if f.Has(1 << bit) {
			words = append(words, word(factNames, "fact", bit))
		}
	}
	if words == nil {
		return "-"
	}
	return strings.Join(words, ",")
}

// word is the name of a number.
func word(names []string, what string, number uint32) string {
	if int64(number) < int64(len(names)) {
		return names[number]
	}
	return fmt.Sprintf("%s-%d", what, number)
}
