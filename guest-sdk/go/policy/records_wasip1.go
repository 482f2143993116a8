package policy

import (
	"errors"
	"unsafe"
)

// This file reads and writes the host's records, laid out as the component model's canonical ABI says. An address in
// them is 32 bits wide; Go's pointers are 64 here, and never move.

// text is a string, or with a count for a length a list.
type text struct{ address, length uint32 }

func textOf(value string) text {
	return text{address(unsafe.Pointer(unsafe.StringData(value))), uint32(len(value))}
}

func (t text) read() string {
	return unsafe.String((*byte)(pointer(t.address)), t.length)
}

type labelRecord struct {
	name, value, scope, hash text
	verified                 uint32 // a byte, and three of padding
}

func readLabels(records unsafe.Pointer, count uint32) []Label {
	labels := make([]Label, count)
	for index, record := range unsafe.Slice((*labelRecord)(records), count) {
		labels[index] = Label{
			Name:     record.name.read(),
			Value:    record.value.read(),
			Scope:    record.scope.read(),
			Hash:     record.hash.read(),
			Verified: record.verified&0xff != 0,
		}
	}
	return labels
}

func readTexts(records unsafe.Pointer, count uint32) []string {
	texts := make([]string, count)
	for index, record := range unsafe.Slice((*text)(records), count) {
		texts[index] = record.read()
	}
	return texts
}

// answer is what open returns the address of. It keeps everything that its words point to.
var answer struct {
	words  [9]uint32
	write  string
	read   []string
	texts  []text
	admit  []Kind
	reason string
}

func answerGrant(grant Grant) {
	answer.write, answer.read, answer.texts, answer.admit = grant.Write, grant.Read, nil, grant.Admit
	for _, scope := range grant.Read {
		answer.texts = append(answer.texts, textOf(scope))
	}
	var some uint32
	if grant.Write != "" {
		some = 1
	}
	write := textOf(grant.Write)
	read := address(unsafe.Pointer(unsafe.SliceData(answer.texts)))
	admit := address(unsafe.Pointer(unsafe.SliceData(answer.admit)))
	answer.words = [...]uint32{
		0, // granted
		some, write.address, write.length,
		read, uint32(len(answer.texts)),
		grant.wireLifetime(),
		admit, uint32(len(answer.admit)),
	}
}

func answerRefusal(refusal error) {
	var which uint32 = 1
	if errors.As(refusal, new(SettingsRefusal)) {
		which = 0
	}
	answer.reason = refusal.Error()
	reason := textOf(answer.reason)
	answer.words = [...]uint32{1, which, reason.address, reason.length, 0, 0, 0, 0, 0}
}

func address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

func pointer(address uint32) unsafe.Pointer { return unsafe.Add(nil, address) }
