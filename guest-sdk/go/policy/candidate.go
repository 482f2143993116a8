package policy

// Candidate is an entry found for a get, before it is answered.
type Candidate struct {
	// Action is the action that the build asks for: the SHA-256 of all inputs of a step.
	Action Digest
	// Output is the object that the entry names, by the SHA-256 of its bytes.
	Output Digest
	// Size is the object's, in bytes.
	Size uint64
	// Age is how long ago the entry was put.
	Age Seconds
	// Scope is where it was found: an index into the grant's Read; of a scope that Read names twice, the first.
	Scope uint32
	// Kind is what the object is.
	Kind Kind
	// Role is what the entry is for.
	Role Role
	// Facts has the facts that the host has established about it.
	Facts Facts
}

// Lookup is the verdict on a get.
type Lookup uint32

const (
	// LookupHit answers with the entry.
	LookupHit Lookup = iota
	// LookupHitVerified answers with it if its object still has the right hash; otherwise it searches the next scope.
	LookupHitVerified
	// LookupSkip searches the next scope.
	LookupSkip
	// LookupMiss answers with a miss, whatever the next scopes hold: the build makes it again.
	LookupMiss
	// LookupAudit answers with a miss, and compares what the build makes: the offer that follows has [FactAudited], and
	// [FactDiverged] where the bytes differ, which cachewarden also reports.
	LookupAudit
)

var lookupNames = []string{"hit", "hit-verified", "skip", "miss", "audit"}

// String is the contract's word: hit, hit-verified, skip, miss or audit.
func (l Lookup) String() string { return word(lookupNames, "lookup", uint32(l)) }
