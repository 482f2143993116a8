package policy

import "strings"

// Patterns is a list of patterns for names, in which * matches any run of characters, the slash and none at all
// included. Every other character matches itself. In settings it is a JSON list of texts.
type Patterns []string

// Match is whether one of the patterns fits the whole name. An empty list fits nothing.
func (p Patterns) Match(name string) bool {
	for _, pattern := range p {
		if match(pattern, name) {
			return true
		}
	}
	return false
}

func match(pattern, name string) bool {
	beginning, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == name
	}
	name, found = strings.CutPrefix(name, beginning)
	if !found {
		return false
	}
	pieces := strings.Split(rest, "*")
	ending := pieces[len(pieces)-1]
	// The first place where a piece is found leaves the most room for the pieces after it.
	for _, piece := range pieces[:len(pieces)-1] {
		if _, name, found = strings.Cut(name, piece); !found {
			return false
		}
	}
	return strings.HasSuffix(name, ending)
}
