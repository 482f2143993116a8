package policy

import (
	"fmt"
	"strings"
)

// Kind is what the host recognised an object to be, by its bytes.
type Kind uint8

const (
	// KindOther is none of the others, or one that this version does not know.
	KindOther Kind = iota
	// KindEmpty has no bytes at all: a quarter to a half of what a build puts.
	KindEmpty
	// KindPackageArchive is a compiled package.
	KindPackageArchive
	// KindModuleIndex is an index of source files. It is keyed by local file times: useless to other machines.
	KindModuleIndex
	// KindFileList has the names of the files that a step made.
	KindFileList
	// KindTestRecord is a test's output, its log of what it looked at, or its coverage profile. It is put again with
	// other bytes each time the test runs.
	KindTestRecord
	// KindAnalysisFacts is what an analyser (vet) learned about a package.
	KindAnalysisFacts
	// KindGeneratedSource is a source file that a tool (cgo, cover) made.
	KindGeneratedSource
	// KindCoverageMeta is coverage meta data.
	KindCoverageMeta
	// KindProbe is the answer to "does this compiler know this flag".
	KindProbe
)

// String is the contract's word: other, empty, package-archive and so on.
func (k Kind) String() string {
	return word(k, "other", "empty", "package-archive", "module-index", "file-list", "test-record", "analysis-facts",
		"generated-source", "coverage-meta", "probe")
}

// Facts is a set of what the host itself established about an object; a policy need not take a job's word for it.
type Facts uint8

const (
	// FactBound is a package archive whose build ID names this very action and this very content. That shows mix-ups and
	// damage, not a producer who forges. Every archive that go itself puts is bound; a -toolexec tool may break it.
	FactBound Facts = 1 << iota
	// FactRemote comes from beyond this machine.
	FactRemote
	// FactAudited is on an offer that rebuilds an entry which [LookupAudit] answered as a miss.
	FactAudited
	// FactDiverged is on an audited offer whose bytes differ from the entry's. Either may be the wrong one.
	FactDiverged
)

// Has is whether all of these facts hold.
func (f Facts) Has(facts Facts) bool { return f&facts == facts }

// String is the contract's words, joined by commas: "bound,remote"; "-" where no fact holds.
func (f Facts) String() string {
	var words []string
	for position, word := range []string{"bound", "remote", "audited", "diverged"} {
		if f.Has(1 << position) {
			words = append(words, word)
		}
	}
	if words == nil {
		return "-"
	}
	return strings.Join(words, ",")
}

// word is the name of an enum's value.
func word[Enum ~uint8](value Enum, words ...string) string {
	if int(value) < len(words) {
		return words[value]
	}
	return fmt.Sprintf("%T(%d)", value, uint8(value))
}
