// Package greeting knows what to say.
package greeting

import "strings"

// For is the greeting for one person.
func For(name string) string {
	return "hello, " + strings.TrimSpace(name)
}
