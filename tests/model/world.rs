//! A store and its model: each step is taken by the real program, and the model says what must come
//! of it.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Signal;

use super::{FOLDERS, SCOPES, SESSIONS, SIZES, Step};
use crate::support::*;

fn name(action: u8) -> Digest {
    let mut name = action_named(action);
    // Any but 2, at which the policy of the third scope looks.
    name[0] = 10 + action;
    name
}

fn action_named(action: u8) -> Digest {
    crate::support::action(&format!("modelled {action}"))
}

fn body(number: usize) -> Vec<u8> {
    vec![b'a' + number as u8; SIZES[number]]
}

/// An entry as the model knows it.
struct Entry {
    body: usize,
    old: bool,
    torn: bool,
}

/// An object that is there.
struct Object {
    old: bool,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Whole,
    Blank,
    Cut,
}

struct Session {
    helper: Helper,
    read: &'static [usize],
    write: usize,
    own: BTreeMap<u8, usize>,
    given_up: usize,
}

/// The store, and what the model says of it.
pub(super) struct World {
    /// Before the sandbox: it waits for their end when it goes.
    sessions: [Option<Session>; SESSIONS],
    sandbox: Sandbox,
    entries: BTreeMap<(usize, u8), Entry>,
    objects: BTreeMap<usize, Object>,
}

impl World {
    /// Takes every step, and panics where the program does otherwise than the model.
    pub(super) fn run(steps: &[Step]) {
        let mut world = Self {
            sessions: [const { None }; SESSIONS],
            sandbox: Sandbox::new(),
            entries: BTreeMap::new(),
            objects: BTreeMap::new(),
        };
        for step in steps {
            world.take(*step);
        }
        (0..SESSIONS).for_each(|slot| world.close(slot));
        world.check_files();
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Open(slot, scope) => self.open(slot, scope),
            Step::Get(slot, action) => self.get(slot, action),
            Step::Put(slot, action, body) => self.put(slot, action, body),
            Step::GiveUp(slot, action, body) => self.give_up(slot, action, body),
            Step::Lie(slot, action, body) => self.lie(slot, action, body),
            Step::Close(slot) => self.close(slot),
            Step::Kill(slot) => self.kill(slot),
            Step::Age => self.age(),
            Step::Prune => {
                self.prune(&[]);
                self.entries.retain(|_, entry| !entry.old);
                self.objects.retain(|_, object| !object.old);
            }
            Step::PruneAll => {
                self.prune(&["--all"]);
                self.entries.clear();
                self.objects.retain(|_, object| !object.old);
            }
            Step::PruneScope(scope) => {
                self.prune(&["--scope", SCOPES[scope]]);
                let goes = |of: usize, entry: &Entry| of == scope && entry.old;
                let (gone, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.entries)
                    .into_iter()
                    .partition(|((of, _), entry)| goes(*of, entry));
                self.entries = left.into_iter().collect();
                // With the last entry that names it, an object goes; a torn one names nothing.
                self.objects.retain(|number, object| {
                    let named = |entry: &Entry| entry.body == *number && !entry.torn;
                    let is_released = gone.iter().any(|(_, entry)| named(entry));
                    let is_kept = self.entries.values().any(named);
                    !(object.old && is_released && !is_kept)
                });
            }
            Step::Lose(body) => {
                if self.objects.remove(&body).is_some() {
                    lose(&self.object(body));
                }
            }
            Step::Blank(body) => self.crash(|world| {
                let path = world.object(body);
                if let Some(object) = world.objects.get_mut(&body)
                    && object.state == State::Whole
                    && SIZES[body] > 0
                {
                    object.state = State::Blank;
                    overwrite(&path, &vec![0; SIZES[body]]);
                }
            }),
            Step::Cut(body) => self.crash(|world| {
                let path = world.object(body);
                if let Some(object) = world.objects.get_mut(&body)
                    && SIZES[body] > 0
                {
                    object.state = State::Cut;
                    overwrite(&path, &vec![b'a' + body as u8; SIZES[body] / 2]);
                }
            }),
            Step::Tear(scope, action) => self.crash(|world| {
                if let Some(entry) = world.entries.get_mut(&(scope, action)) {
                    entry.torn = true;
                    let path = entry_path(&world.sandbox.store(), FOLDERS[scope], &name(action));
                    let line = fs::read(&path).expect("it is there");
                    overwrite(&path, &line[..line.len() / 2]);
                }
            }),
        }
    }

    fn open(&mut self, slot: usize, scope: usize) {
        if self.sessions[slot].is_some() {
            return;
        }
        let policy = policy("two-scopes");
        let options: &[&str] = match scope {
            2 => &["--policy", &policy],
            _ => &["--scope", SCOPES[scope]],
        };
        const READ: [&[usize]; 3] = [&[0], &[1], &[2, 0]];
        self.sessions[slot] = Some(Session {
            helper: self.sandbox.helper(options),
            read: READ[scope],
            write: scope,
            own: BTreeMap::new(),
            given_up: 0,
        });
    }

    fn get(&mut self, slot: usize, action: u8) {
        let Some(session) = &mut self.sessions[slot] else {
            return;
        };
        let answer = session.helper.get(&name(action));
        let there = |objects: &BTreeMap<usize, Object>, body: &usize, is: fn(&State) -> bool| {
            objects.get(body).is_some_and(|object| is(&object.state))
        };
        // A session looks at the size of what it has put itself.
        let own = session.own.get(&action).copied();
        let mut expected =
            own.filter(|body| there(&self.objects, body, |state| *state != State::Cut));
        if expected.is_none() {
            for scope in session.read {
                let Some(entry) = self.entries.get_mut(&(*scope, action)) else {
                    continue;
                };
                if !entry.torn && there(&self.objects, &entry.body, |state| *state == State::Whole)
                {
                    entry.old = false;
                    expected = Some(entry.body);
                    break;
                }
            }
        }
        match expected {
            None => answer.miss(),
            Some(number) => {
                assert!(answer.hit().bytes() == body(number), "body {number}");
                self.touch(number);
            }
        }
    }

    fn put(&mut self, slot: usize, action: u8, number: usize) {
        let Some(session) = &mut self.sessions[slot] else {
            return;
        };
        let path = session.helper.put(&name(action), &body(number)).kept();
        assert!(fs::read(path).expect("the object") == body(number));
        session.own.insert(action, number);
        let entry = Entry {
            body: number,
            old: false,
            torn: false,
        };
        self.entries.insert((session.write, action), entry);
        let object = Object {
            old: false,
            state: State::Whole,
        };
        self.objects.insert(number, object);
    }

    fn give_up(&mut self, slot: usize, action: u8, number: usize) {
        let Some(session) = &mut self.sessions[slot] else {
            return;
        };
        if SIZES[number] < 3 {
            return;
        }
        let id = session.helper.next_id();
        let (name, body) = (name(action), body(number));
        let message = put_message(id, &name, &sha256(&body), &body);
        session.helper.write(&message[..message.len() - 6]);
        session.given_up += 1;
        // The next request is behind it: once that is answered, this one is over.
        self.get(slot, action);
        self.touch(number);
    }

    fn lie(&mut self, slot: usize, action: u8, number: usize) {
        let Some(session) = &mut self.sessions[slot] else {
            return;
        };
        let id = session.helper.next_id();
        let message = put_message(id, &name(action), &sha256(&body(number)), b"a lie");
        session.helper.write(message);
        session.helper.answer(id).error();
        self.touch(number);
    }

    /// A get marks what it finds as used, and a put what is there before it knows how it ends.
    fn touch(&mut self, number: usize) {
        if let Some(object) = self.objects.get_mut(&number) {
            object.old = false;
        }
    }

    fn close(&mut self, slot: usize) {
        if let Some(mut session) = self.sessions[slot].take() {
            let id = session.helper.next_id();
            session
                .helper
                .write(format!("{{\"ID\":{id},\"Command\":\"close\"}}\n\n"));
            session.helper.answer(id).nothing();
            let ending = session.helper.ending();
            assert!(
                ending.status.success() && ending.stderr.is_empty(),
                "{ending:?}"
            );
            assert_eq!(ending.unanswered.len(), session.given_up, "{ending:?}");
        }
    }

    fn kill(&mut self, slot: usize) {
        if let Some(session) = self.sessions[slot].take() {
            session.helper.announced();
            session.helper.signal(Signal::KILL);
            session.helper.ending();
        }
    }

    fn age(&mut self) {
        for path in self.files() {
            make_older(&path, 240 * HOUR);
        }
        self.entries.values_mut().for_each(|entry| entry.old = true);
        self.objects
            .values_mut()
            .for_each(|object| object.old = true);
    }

    fn prune(&mut self, options: &[&str]) {
        let pruned = self.sandbox.run(&[&["prune"], options].concat());
        match pruned.stderr.contains("there is no store") {
            false => pruned.succeeded(),
            // No session has made one yet, or it has lost its VERSION.
            true => pruned.exited(1),
        };
    }

    fn crash(&mut self, damage: impl FnOnce(&mut Self)) {
        (0..SESSIONS).for_each(|slot| self.kill(slot));
        damage(self);
        self.sandbox.boot_anew();
    }

    fn object(&self, number: usize) -> std::path::PathBuf {
        object_path(&self.sandbox.store(), &sha256(&body(number)))
    }

    /// Entries and objects, without what a killed session left half-written.
    fn files(&self) -> Vec<std::path::PathBuf> {
        let store = self.sandbox.store();
        let mut files = files_below(&store.join("objects"));
        files.extend(files_below(&store.join("scopes")));
        files.retain(|path| !path.to_string_lossy().contains("/.new-"));
        files.sort();
        files
    }

    /// The files are those of the model, no more and no less.
    fn check_files(&self) {
        let store = self.sandbox.store();
        let entry =
            |(scope, action): &(usize, u8)| entry_path(&store, FOLDERS[*scope], &name(*action));
        let mut expected: Vec<_> = self.entries.keys().map(entry).collect();
        expected.extend(self.objects.keys().map(|number| self.object(*number)));
        expected.sort();
        assert_eq!(self.files(), expected);
    }
}
