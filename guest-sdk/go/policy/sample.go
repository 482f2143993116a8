package policy

import "encoding/binary"

// Sample selects one action in N, the same ones each time that a session is replayed. A policy has no randomness of
// its own; the seed lets different sessions draw different actions.
type Sample struct {
	// OneIn is how many actions there are to one that is drawn; 0 draws none.
	OneIn uint32
	// Seed is the session's.
	Seed uint64
}

// Takes is whether this action is drawn.
func (s Sample) Takes(action Digest) bool {
	return s.OneIn != 0 && mix(binary.BigEndian.Uint64(action[:])^s.Seed)%uint64(s.OneIn) == 0
}

// mix lets every bit weigh on every other (SplitMix64's last steps). Without it, the same actions would be drawn together
// in one session after the other.
func mix(bits uint64) uint64 {
	bits = (bits ^ bits>>30) * 0xbf58476d1ce4e5b9
	bits = (bits ^ bits>>27) * 0x94d049bb133111eb
	return bits ^ bits>>31
}
