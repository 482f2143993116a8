package policy

// Offer is an object that the build wants kept.
type Offer struct {
	// Action is the step that made it: the SHA-256 of all its inputs.
	Action Digest
	// Output is the object, by the SHA-256 of its bytes.
	Output Digest
	// Size is in bytes.
	Size uint64
	// Kind is what the object is.
	Kind Kind
	// Role is what its entry will be for.
	Role Role
	// Facts is what else the host established about it.
	Facts Facts
}

// Reach is the verdict on a put: how far the object may travel. Each goes further than the one before it; the operator
// bounds all of them.
type Reach uint32

const (
	// ReachEphemeral keeps it for this session alone. The build goes on as if it had been kept.
	ReachEphemeral Reach = iota
	// ReachLocal keeps it in the write scope, on this machine.
	ReachLocal
	// ReachShared keeps it in the write scope, and sends it to where other machines find it.
	ReachShared
)

var reachNames = []string{"ephemeral", "local", "shared"}

// String is the contract's word: ephemeral, local or shared.
func (r Reach) String() string { return word(reachNames, "reach", uint32(r)) }
