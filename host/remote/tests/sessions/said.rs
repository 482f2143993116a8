//! What sessions say of tiers, and when.

use std::fs;

use cachewarden_remote::{Address, Credentials};

use crate::bucket::Bucket;
use crate::machine::{self, action, object};
use crate::world::World;

/// Origin: a third of the sessions that ended with the miss said nothing of why it was one. Each of these
/// ends with its first answer.
#[test]
fn what_is_wrong_with_an_object_is_said_before_its_get_is_answered() {
    let tiers = World::new();
    let tier = tiers.tier("tier");
    let folder = (
        Address::parse(&tier.packs()).unwrap(),
        Credentials::default(),
    );
    machine::fill(&folder.0, &folder.1, 1..2, object);
    let mut packs = fs::read_dir(tier.path("v1/packs")).unwrap();
    let pack = packs.next().unwrap().unwrap().path();
    let mut bytes = fs::read(&pack).unwrap();
    bytes[0] ^= 1;
    fs::write(&pack, bytes).unwrap();
    let bucket = Bucket::start(1);
    let (address, credentials) = bucket.tier("");
    machine::fill(&address, &credentials, 1..2, object);
    bucket.deny("v1/packs/");
    let denied = (address, credentials);
    for ((address, credentials), code) in [(folder, "CW0705"), (denied, "CW0703")] {
        for session in 0..60 {
            let world = World::new();
            let mut reader = world.session_at(&address, &credentials, &["main"]);
            assert_eq!(reader.get(&action(1)), None);
            let (_, said) = reader.close();
            assert!(said.contains(code), "session {session}: {said}");
        }
    }
}
