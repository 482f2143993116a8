package policy

// SettingsRefusal is an error that Open returns where the operator's settings are wrong: the go command stops with this
// text, as after a mistyped option. It names the field.
//
// What encoding/json finds wrong is refused before Open is called; this is for what only the policy knows.
type SettingsRefusal string

// Error is the text as it stands.
func (r SettingsRefusal) Error() string { return string(r) }

// SessionRefusal is an error that Open returns where this session may not use the cache: its gets miss, nothing of it
// is stored beyond the session, and the build works. The text is printed.
type SessionRefusal string

// Error is the text as it stands.
func (r SessionRefusal) Error() string { return string(r) }
