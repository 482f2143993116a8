package policy

import "encoding/hex"

// Digest is a SHA-256 digest: the name of an action or of an object.
type Digest [32]byte

// String is 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }
