//! The size of the program, which every go command starts: what the system may have to read of it,
//! and what is put right in it before it begins. Both are of the build that tests run; the one that
//! is released is smaller (docs/performance.md), and grows with it. Most dependencies are not
//! optimised here (docs/decisions/0022), which makes both larger. A seventh of both is for the daemon:
//! TLS for an issuer's keys, the check of signatures, metrics and logs. A quarter is for remote tiers:
//! the clients of eight services, HTTP, and what runs them. A build with fewer services is smaller
//! (docs/remote.md). A hundredth is for completions and manual pages, which the program writes itself.

use std::fs;

use crate::support::*;

/// Bytes that are mapped: a twentieth over what they are.
const MAPPED: u64 = 73_200_000;

/// Addresses that the dynamic linker writes: a twentieth over what they are. A thousand take 12 us.
const RELOCATIONS: u64 = 222_500;

/// Places in a file of 64-bit ELF, and kinds of its segments and of its dynamic section's fields,
/// as elf(5) has them.
const SEGMENTS_AT: usize = 0x20;
const SEGMENT_SIZE_AT: usize = 0x36;
const SEGMENT_COUNT_AT: usize = 0x38;
const LOADED: u64 = 1;
const DYNAMIC: u64 = 2;
const RELOCATIONS_SIZE: u64 = 8;
const RELOCATION_SIZE: u64 = 9;

#[test]
fn the_program_is_no_larger_than_it_has_to_be() {
    let program = fs::read(PROGRAM).expect("the program");
    let word = |at: usize| u64::from_le_bytes(program[at..][..8].try_into().expect("eight bytes"));
    let half = |at: usize| usize::from(u16::from_le_bytes([program[at], program[at + 1]]));
    let (mut mapped, mut sizes) = (0, [0; 2]);
    for number in 0..half(SEGMENT_COUNT_AT) {
        let segment = word(SEGMENTS_AT) as usize + number * half(SEGMENT_SIZE_AT);
        let (kind, start, length) = (word(segment), word(segment + 8), word(segment + 32));
        match kind & u64::from(u32::MAX) {
            LOADED => mapped += length,
            DYNAMIC => {
                for field in (start..start + length).step_by(16) {
                    match word(field as usize) {
                        RELOCATIONS_SIZE => sizes[0] = word(field as usize + 8),
                        RELOCATION_SIZE => sizes[1] = word(field as usize + 8),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let relocations = sizes[0] / sizes[1].max(1);
    assert!(
        mapped > MAPPED / 2 && relocations > 1000,
        "it was not read well: {mapped}, {relocations}"
    );
    assert!(mapped <= MAPPED, "{mapped} bytes, not {MAPPED}");
    assert!(
        relocations <= RELOCATIONS,
        "{relocations} relocations, not {RELOCATIONS}"
    );
}
