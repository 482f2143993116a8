package policy

// Offer is an object that the build puts.
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
	// Facts has the facts that the host has established about it.
	Facts Facts
}

// Reach is the verdict on a put: how far the object may travel. Each goes further than the one before it; the operator
// bounds all of them.
type Reach uint32

const (
	// ReachEphemeral keeps it for this session alone. The build goes on as if it was stored.
	ReachEphemeral Reach = iota
	// ReachLocal stores it in the write scope, on this machine.
	ReachLocal
	// ReachShared stores it in the write scope, and it may be sent to other machines.
	ReachShared
)

var reachNames = []string{"ephemeral", "local", "shared"}

// String is the contract's word: ephemeral, local or shared.
func (r Reach) String() string { return word(reachNames, "reach", uint32(r)) }
