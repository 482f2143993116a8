package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file has the words of wit/words.toml. All of them are open: a newer host may know more than this version, and
// tells a policy what it knows all the same.

// Kind is what the host recognised an object to be, by its bytes. In settings it is a JSON string, the kind's name.
type Kind uint32

// BEGIN kinds (cargo xtask words)

const (
	// KindOther: None of the others.
	KindOther Kind = 0
	// KindEmpty: No bytes at all: a step that printed nothing. A build needs these as much as any other entry.
	KindEmpty Kind = 1
	// KindPackageArchive: A compiled package.
	KindPackageArchive Kind = 2
	// KindModuleIndex: An index of the source files of a module or a package.
	KindModuleIndex Kind = 3
	// KindFileList: The names of the source files that a step made, all of them plain local names.
	KindFileList Kind = 4
	// KindTestRecord: A test's output, its log of what it looked at, or its coverage profile. It is put anew, with other
	// timings, each time that the test runs.
	KindTestRecord Kind = 5
	// KindAnalysisFacts: What an analyser (vet, golangci-lint, staticcheck) learned about a package.
	KindAnalysisFacts Kind = 6
	// KindGeneratedSource: A source file that a tool (cgo, cover) made.
	KindGeneratedSource Kind = 7
	// KindCoverageMeta: What a coverage run must know about a package.
	KindCoverageMeta Kind = 8
	// KindProbe: Whether the C compiler knows a flag: `true` or `false`.
	KindProbe Kind = 9
	// KindExecutable: A program that the system can run.
	KindExecutable Kind = 10
	// KindFixArchive: A zip archive of the files that `go fix` would change.
	KindFixArchive Kind = 11
	// KindToolOutput: What a compiler, a linker or vet printed.
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

// DefaultReach is how far an object of this kind travels where no policy decides: [ReachLocal] where other machines
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
	// RoleUnknown: Nothing that the session has seen explains the key.
	RoleUnknown Role = 0
	// RoleOutput: The action's own output: the object's build ID names the action.
	RoleOutput Role = 1
	// RoleStdout: What the compiler or vet printed.
	RoleStdout Role = 2
	// RoleLinkStdout: What the linker printed.
	RoleLinkStdout Role = 3
	// RoleSourceList: The list of the package's source files.
	RoleSourceList Role = 4
	// RoleCgoHeader: The header that cgo made for the package's exported functions.
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
	// FactBuildIDMatches: The build ID in the object names this very action and this very content. It is consistent, not
	// authentic: it shows mix-ups and damage, and not a producer who forges. Every archive that go itself puts has it; a
	// tool that rewrites outputs (`-toolexec`) may break it.
	FactBuildIDMatches Facts = 1 << 0
	// FactRemote: It comes from beyond this machine.
	FactRemote Facts = 1 << 1
	// FactAudited: On an offer: an entry for this action was answered as a miss by an `audit`, and this is the rebuild.
	FactAudited Facts = 1 << 2
	// FactDiverged: On an audited offer: the bytes differ from the entry's. Either of the two may be the wrong one; the
	// verdict says what becomes of this one.
	FactDiverged Facts = 1 << 3
)

// factNames has the names, by number.
var factNames = []string{
	"build-id-matches",
	"remote",
	"audited",
	"diverged",
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
