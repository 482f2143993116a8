//! Is a small policy in which some bytes have changed, gone or come twice, at random. Must: the helper does not start, or what came out is a policy too; never anything else.

use crate::hostile::chance::Chance;

pub(in crate::hostile) fn policy(whole: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut policy = whole.to_vec();
    for _ in 0..=chance.below(2) {
        let place = chance.below(policy.len());
        match chance.below(4) {
            0 => policy[place] = chance.byte(),
            1 => drop(policy.remove(place)),
            2 => policy.insert(place, chance.byte()),
            _ => {
                let end = (place + chance.below(16)).min(policy.len());
                let piece = policy[place..end].to_vec();
                let at = chance.below(policy.len());
                policy.splice(at..at, piece);
            }
        }
    }
    policy
}
