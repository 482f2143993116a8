package policy

import "time"

// Candidate is an entry found for a get, before it is answered.
type Candidate struct {
	// Action is what the build asks for: the SHA-256 of all inputs of a step.
	Action Digest
	// Output is the object that the entry names, by the SHA-256 of its bytes.
	Output Digest
	// Size is the object's, in bytes.
	Size uint64
	// Age is in seconds since the entry was put.
	Age uint64
	// Scope is where it was found: an index into the grant's Read.
	Scope uint32
	// Kind is what the object is.
	Kind Kind
	// Facts is what else the host established about it.
	Facts Facts
}

// OlderThan is whether the entry was put longer ago than this.
func (c Candidate) OlderThan(age time.Duration) bool {
	return age < 0 || c.Age > uint64(age/time.Second)
}

// Lookup is the verdict on a get.
type Lookup uint8

const (
	// LookupHit answers with the entry.
	LookupHit Lookup = iota
	// LookupHitVerified answers with it if its bytes still hash to its output, else goes on to the next scope.
	LookupHitVerified
	// LookupSkip goes on to the next scope.
	LookupSkip
	// LookupMiss answers a miss, whatever the next scopes hold: the build makes it again.
	LookupMiss
	// LookupAudit answers a miss, and compares what the build makes: the offer that follows has [FactAudited], and
	// [FactDiverged] where the bytes differ, which cachewarden also says aloud.
	LookupAudit
)

// String is the contract's word: hit, hit-verified, skip, miss or audit.
func (l Lookup) String() string {
	return word(l, "hit", "hit-verified", "skip", "miss", "audit")
}
