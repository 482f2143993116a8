//go:build !wasip1

package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const (
	// longestScopePart is how long the host lets a value grow in a scope's name.
	longestScopePart = 80
	// hashBytes is how much of a value's SHA-256 a label has.
	hashBytes = 12
)

// NewLabel is a label that a job claims, with the Scope and the Hash that the host gives it. It is for tests: in
// WebAssembly, where the host makes labels, it does not exist.
func NewLabel(name, value string) Label {
	digest := sha256.Sum256([]byte(value))
	hash := hex.EncodeToString(digest[:hashBytes])
	return Label{Name: name, Value: value, Scope: scopePart(value, hash), Hash: hash}
}

// NewVerifiedLabel is a label that the host has verified, like [NewLabel] for tests.
func NewVerifiedLabel(name, value string) Label {
	label := NewLabel(name, value)
	label.Verified = true
	return label
}

// scopePart encodes a value for a scope name as the host does: every byte but letters, digits, dashes and
// inner dots is escaped, and a long value is cut and ended by its hash.
func scopePart(value, hash string) string {
	var part strings.Builder
	for position, character := range []byte(value) {
		if staysInScope(character, position == 0 || position == len(value)-1) {
			part.WriteByte(character)
		} else {
			fmt.Fprintf(&part, "_%02x", character)
		}
		if part.Len() > longestScopePart {
			return part.String()[:longestScopePart-len(hash)-2] + "__" + hash
		}
	}
	return part.String()
}

func staysInScope(character byte, atAnEnd bool) bool {
	switch {
	case character >= 'a' && character <= 'z', character >= 'A' && character <= 'Z', character >= '0' && character <= '9':
		return true
	case character == '.':
		return !atAnEnd
	default:
		return character == '-'
	}
}
