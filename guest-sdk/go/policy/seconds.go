package policy

// Seconds is a length of time, in the one unit of the contract. In settings it is a whole number.
//
//	grant.Lifetime = 30 * policy.Day
//	if candidate.Age > policy.Hour { ... }
type Seconds uint64

// Lengths of time.
const (
	Second Seconds = 1
	Minute         = 60 * Second
	Hour           = 60 * Minute
	Day            = 24 * Hour
)
