package policy

import "fmt"

// level is the level of a log line, in the contract's order.
type level uint32

const (
	levelDebug level = iota
	levelInfo
	levelWarn
)

// Debugf logs a line, formatted as by [fmt.Sprintf], that is shown with -v. In a policy's own tests the lines go to
// stderr. A session may log 1,000 lines or 64 KiB; the rest is dropped.
func Debugf(format string, arguments ...any) { log(levelDebug, fmt.Sprintf(format, arguments...)) }

// Infof logs a line that is shown with -v, like [Debugf].
func Infof(format string, arguments ...any) { log(levelInfo, fmt.Sprintf(format, arguments...)) }

// Warnf logs a line that is always printed. Otherwise it is like [Debugf].
func Warnf(format string, arguments ...any) { log(levelWarn, fmt.Sprintf(format, arguments...)) }
