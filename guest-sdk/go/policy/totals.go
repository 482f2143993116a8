package policy

// Totals has the totals of a session.
type Totals struct {
	// Gets is how many the build asked.
	Gets uint64
	// Hits is how many gets were answered with an object.
	Hits uint64
	// RefusedGets is how many gets had a candidate and became a miss by the policy.
	RefusedGets uint64
	// Puts is how many the build asked.
	Puts uint64
	// RefusedPuts is how many puts the policy kept for the session alone.
	RefusedPuts uint64
	// BytesPut is the bytes of all puts.
	BytesPut uint64
	// Diverged is how many audits gave other bytes.
	Diverged uint64
}
