package policy

import "math"

// Grant is what a session may do. The zero Grant is nothing: every get is a miss, and no put is stored beyond the session.
//
// A scope's name is 1 to 96 of A-Z, a-z, 0-9, dot, underscore and dash, without a dot at either end. A grant with any
// other name, or with a scope outside what the operator allows, gives the session nothing; cachewarden says so.
type Grant struct {
	// Write is the scope that puts go to. Empty: nothing is stored beyond the session.
	Write string
	// Read has the scopes that gets search, in this order; at most 64. Write is not among them by itself.
	// To read a scope is to trust everybody who may write it.
	Read []string
	// Lifetime is how long the entries of this session are valid; at most 136 years. 0: as long as the store keeps it.
	Lifetime Seconds
	// Admit has the kinds that are used only if a grant names them; today that is [KindExecutable], for programs that were put.
	Admit []Kind
}

// DefaultGrant is the grant of a session without a policy: it writes and reads its default scope.
func DefaultGrant(session Session) Grant {
	scope := session.DefaultScope()
	return Grant{Write: scope, Read: []string{scope}}
}

// wireLifetime is the lifetime as the contract has it. A longer one is cut: to wrap it around could make it short.
func (g Grant) wireLifetime() uint32 { return uint32(min(g.Lifetime, math.MaxUint32)) }
