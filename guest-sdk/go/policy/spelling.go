package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// checkSpelling finds what encoding/json passes over in a text that it can read: a field that is there twice, of which it
// takes the last, and half of a surrogate pair, which it replaces by another character. Both would leave a mistake of the
// operator unseen.
func checkSpelling(text string) error {
	return speller{json.NewDecoder(strings.NewReader(text)), text}.value("")
}

type speller struct {
	decoder *json.Decoder
	text    string
}

// value looks at the next value, which is found at path.
func (s speller) value(path string) error {
	token, spelled, err := s.next()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return s.object(path)
	case json.Delim('['):
		for index := 0; s.decoder.More(); index++ {
			if err := s.value(fmt.Sprintf("%s[%d]", path, index)); err != nil {
				return err
			}
		}
		_, _, err = s.next()
		return err
	}
	if _, isText := token.(string); isText && hasHalfPair(spelled) {
		return SettingsRefusal(fmt.Sprintf("`%s`: half of a surrogate pair is no character", path))
	}
	return nil
}

func (s speller) object(path string) error {
	if path != "" {
		path += "."
	}
	seen := map[string]bool{}
	for s.decoder.More() {
		token, _, err := s.next()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return SettingsRefusal(fmt.Sprintf("`%s`: the field is there twice", path+name))
		}
		seen[name] = true
		if err := s.value(path + name); err != nil {
			return err
		}
	}
	_, _, err := s.next()
	return err
}

// next has a token, and how it is spelled.
func (s speller) next() (json.Token, string, error) {
	begin := s.decoder.InputOffset()
	token, err := s.decoder.Token()
	if err != nil {
		return nil, "", SettingsRefusal(err.Error())
	}
	return token, s.text[begin:s.decoder.InputOffset()], nil
}

// hasHalfPair tells whether a string, as JSON spells it, has one surrogate without the other.
func hasHalfPair(spelled string) bool {
	for {
		_, escape, found := strings.Cut(spelled, `\`)
		if !found {
			return false
		}
		spelled = escape[1:]
		if escape[0] != 'u' {
			continue
		}
		first := codeUnit(escape)
		spelled = escape[5:]
		if !utf16.IsSurrogate(first) {
			continue
		}
		if !strings.HasPrefix(spelled, `\u`) || utf16.DecodeRune(first, codeUnit(spelled[1:])) == unicode.ReplacementChar {
			return true
		}
		spelled = spelled[6:]
	}
}

// codeUnit has what u and four digits stand for.
func codeUnit(escape string) rune {
	var unit rune
	// The text has been read before, so they are four hexadecimal digits.
	_, _ = fmt.Sscanf(escape[1:5], "%x", &unit)
	return unit
}
