package policy

import (
	"encoding/binary"
	"runtime/debug"
	"time"
	"unsafe"
)

// This file is the policy's side of the contract, by hand: four functions of flat numbers need no generator.
//
// Nothing is allocated for a get or a put. The host never makes two calls at once.

//go:wasmimport cachewarden:policy/host@0.2.0 log
func hostLog(level uint32, message string)

func log(level level, message string) { hostLog(uint32(level), message) }

// opened is what the host's questions go to.
var opened Policy

// While the host passes its arguments the guest may call nothing of it, and the collector asks it for the time. So there
// is no collection before open.
func init() { debug.SetGCPercent(-1) }

// collectAt lets a policy's memory settle at some megabytes: the first collection comes when one has been allocated, a
// quarter of what comes without it.
const collectAt = 25

// received keeps what the host passes to open: until then nothing else points to it.
var received [][]uint64

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, alignment, size uint32) unsafe.Pointer {
	// Words are aligned to eight bytes, which is the most that is asked for.
	block := make([]uint64, (size+7)/8)
	received = append(received, block)
	address := unsafe.Pointer(unsafe.SliceData(block))
	copy(unsafe.Slice((*byte)(address), size), unsafe.Slice((*byte)(old), min(oldSize, size)))
	return address
}

const notRegistered = "no policy is registered: expected func init() { policy.Register(newPolicy) }, where newPolicy is a func() that returns a policy.Policy"

//go:wasmexport open
func open(
	started, seed uint64,
	labels unsafe.Pointer, labelCount uint32,
	readable unsafe.Pointer, readableCount uint32,
	writable unsafe.Pointer, writableCount uint32,
	settings unsafe.Pointer, settingsLength uint32,
) unsafe.Pointer {
	debug.SetGCPercent(collectAt)
	if registered == nil {
		// A panic would say the same below a stack of what is not the author's.
		answerRefusal(SessionRefusal(notRegistered))
		return unsafe.Pointer(&answer.words)
	}
	session := Session{
		Started:  time.Unix(int64(started), 0).UTC(),
		Seed:     seed,
		Labels:   readLabels(labels, labelCount),
		Readable: readTexts(readable, readableCount),
		Writable: readTexts(writable, writableCount),
		Settings: unsafe.String((*byte)(settings), settingsLength),
	}
	// The session's strings are the very bytes that were received, and keep them for as long as the policy keeps them.
	received = nil
	opened = registered()
	grant, err := Open(opened, session)
	if err != nil {
		answerRefusal(err)
	} else {
		answerGrant(grant)
	}
	return unsafe.Pointer(&answer.words)
}

//go:wasmexport get
func get(actionA, actionB, actionC, actionD, outputA, outputB, outputC, outputD, size, age uint64, scope, kind, role, facts uint32) uint32 {
	return uint32(opened.Get(Candidate{
		Action: digest(actionA, actionB, actionC, actionD),
		Output: digest(outputA, outputB, outputC, outputD),
		Size:   size,
		Age:    Seconds(age),
		Scope:  scope,
		Kind:   Kind(kind),
		Role:   Role(role),
		Facts:  Facts(facts),
	}))
}

//go:wasmexport put
func put(actionA, actionB, actionC, actionD, outputA, outputB, outputC, outputD, size uint64, kind, role, facts uint32) uint32 {
	return uint32(opened.Put(Offer{
		Action: digest(actionA, actionB, actionC, actionD),
		Output: digest(outputA, outputB, outputC, outputD),
		Size:   size,
		Kind:   Kind(kind),
		Role:   Role(role),
		Facts:  Facts(facts),
	}))
}

//go:wasmexport close
func closeSession(gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged uint64) {
	opened.Close(Totals{gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged})
}

func digest(a, b, c, d uint64) (digest Digest) {
	binary.BigEndian.PutUint64(digest[0:], a)
	binary.BigEndian.PutUint64(digest[8:], b)
	binary.BigEndian.PutUint64(digest[16:], c)
	binary.BigEndian.PutUint64(digest[24:], d)
	return digest
}
