//! What is at a key of a scope in Redis and is no value, such as a list.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use cachewarden_remote::format::{SegmentList, list_key, wanted_key};
use cachewarden_remote::{Address, Credentials, Service};
use cachewarden_servers::{Server, redis};
use cachewarden_types::ScopeName;

use crate::machine::{self, action, object};
use crate::world::World;

/// A tier on the server of this process.
struct Place {
    server: &'static Server,
    prefix: &'static str,
    address: Address,
    credentials: Credentials,
}

impl Place {
    fn on_redis(prefix: &'static str) -> Self {
        let server = redis();
        let address = Address::parse(&server.tier(prefix)).unwrap();
        let credentials = Credentials::of(&address, |name| {
            let mut variables = server.credentials.iter();
            let found = variables.find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.clone())
        });
        Self {
            server,
            prefix,
            address,
            credentials,
        }
    }

    /// Sends what is not in the tier of `main`.
    fn fill(&self) -> u64 {
        machine::fill(&self.address, &self.credentials, 0..5, object).sent
    }

    /// How many of them a machine that has nothing finds in `pr-1` or `main`, and what it says.
    fn found(&self) -> (usize, String) {
        let world = World::new();
        let mut session = world.session_at(&self.address, &self.credentials, &["pr-1", "main"]);
        let found = (0..5).filter(|number| session.get(&action(*number)).is_some());
        (found.count(), session.close().1)
    }

    /// Puts a list of Redis in the place of a value.
    fn make_list(&self, key: &str) {
        let key = format!("{}/{key}", self.prefix);
        let (_, password) = &self.server.credentials[0];
        let mut stream = TcpStream::connect(self.server.socket).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let password = password.as_str();
        for line in [
            format!("AUTH {password}"),
            format!("DEL {key}"),
            format!("LPUSH {key} item"),
        ] {
            write!(stream, "{line}\r\n").unwrap();
            let mut answer = String::new();
            answers.read_line(&mut answer).unwrap();
            assert!(!answer.starts_with('-'), "{line}: {answer}");
        }
    }

    fn first_segment(&self) -> String {
        let service = Service::at(&self.address, &self.credentials).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let list = runtime.block_on(service.read_latest(&list_key(&main()), 1 << 20));
        let list = SegmentList::from_value(&list.unwrap().unwrap()).unwrap();
        list.keys(&main()).remove(0)
    }
}

fn main() -> ScopeName {
    "main".parse().unwrap()
}

/// Origin: a list of Redis at the key of one scope's list counted as a failure of the service, and
/// took the tier from all scopes.
#[test]
fn one_scope_takes_the_tier_from_no_other() {
    let place = Place::on_redis("no-value-of-another");
    place.fill();
    let other = "pr-1".parse().unwrap();
    place.make_list(&list_key(&other));
    place.make_list(&wanted_key(&other));
    let (found, said) = place.found();
    assert_eq!(found, 5, "{said}");
    assert!(said.contains("CW0705"), "{said}");
    assert!(said.contains("v1/lists/pr-1"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn it_is_a_miss_and_comes_with_the_next_put() {
    let place = Place::on_redis("no-value-of-its-own");
    place.fill();
    for key in [place.first_segment(), list_key(&main())] {
        place.make_list(&key);
        let (found, said) = place.found();
        assert_eq!(found, 0, "{said}");
        assert!(said.contains("CW0705") && said.contains(&key), "{said}");
        assert_eq!(place.fill(), 5);
        let (found, said) = place.found();
        assert_eq!(found, 5, "{said}");
    }
}
