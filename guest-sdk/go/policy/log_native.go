//go:build !wasip1

package policy

import (
	"fmt"
	"os"
)

// log has no host: this is a test.
func log(level level, message string) {
	fmt.Fprintf(os.Stderr, "policy %s: %s\n", [...]string{"debug", "info", "warn"}[level], message)
}
