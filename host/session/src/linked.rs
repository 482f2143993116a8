//! Takes the programs that a go command links and does not send.
//!
//! cmd/go keeps the programs of `go run` and `go tool` in its own cache alone. It asks a helper for
//! their link action, and never puts what it has linked. But it puts what the linker has printed,
//! and waits for the answer (docs/protocol.md#programs-are-not-put). At that moment the program is in the work
//! folder of the go command. The session opens it then, and reads it when it ends: by then go has
//! finished the build ID and has run the program.
//!
//! What always holds: a program is taken only for `go run` and `go tool`, and only where its build
//! ID names the action that this session was last answered a miss for. A program that is found
//! twice, with other bytes, is not taken. If anything is not as expected, nothing is taken: the
//! program is then linked again the next time.

#[cfg(unix)]
mod parent;
#[cfg(windows)]
#[path = "linked/no_work_folders.rs"]
mod work_folders;
#[cfg(unix)]
mod work_folders;

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_content::{Content, Recogniser};
use cachewarden_store::{NewEntry, Reach, Right};
use cachewarden_types::{Digest, Facts, Kind, Offer, Role};

use super::Session;
use super::entry_writer::{EntryWriter, KeptPut};
use super::intake::{Parts, take_in};

use work_folders::Unfinished;

/// Bytes that are read of a program at a time: few system calls, and little memory.
const PART: usize = 256 * 1024;

/// What a session knows of programs that its go command links.
pub(super) struct Linked {
    /// Where go commands of this user make their work folders; `None` where this session takes no
    /// programs.
    temporary: Option<PathBuf>,
    /// When the session began: what go links for it is not older.
    since: SystemTime,
    /// The action of the last miss. A go command that links one program asks for the link action
    /// last, since that depends on all others.
    last_miss: Option<Digest>,
    /// What the link action has made.
    program: Option<(Digest, Unfinished)>,
}

impl Linked {
    /// For a session that has begun then, and takes programs from work folders in `temporary`, if
    /// any.
    pub(super) fn new(temporary: Option<PathBuf>, since: SystemTime) -> Self {
        Self {
            temporary,
            since,
            last_miss: None,
            program: None,
        }
    }

    /// Takes note of a miss.
    pub(super) fn note_miss(&mut self, action: &Digest) {
        self.last_miss = Some(*action);
    }
}

/// The bytes of a program.
struct Program {
    file: File,
    part: Vec<u8>,
}

impl Parts for Program {
    type Error = io::Error;

    fn next_part(&mut self) -> io::Result<Option<&[u8]>> {
        self.part.resize(PART, 0);
        let length = self.file.read(&mut self.part)?;
        self.part.truncate(length);
        Ok((length > 0).then_some(&self.part))
    }
}

impl Session {
    /// Whether this session takes programs: it reads the scope that it writes, so that a later one
    /// finds them. No grant has to admit them, since they are not those of another producer. A policy
    /// is asked about each, as about a put.
    fn takes_programs(&self) -> bool {
        let mut read = self.access.read.iter();
        self.linked.temporary.is_some() && read.any(|scope| scope.right == Right::Write)
    }

    /// Whether the host itself has taken this program, and this session may use such. The caller
    /// has checked that it was put by this user, on this boot, into the scope that is written.
    pub(super) fn is_linked_here(&self, content: Content) -> bool {
        let facts = Facts::LINKED_HERE.with(Facts::BUILD_ID_MATCHES, true);
        self.linked.temporary.is_some() && content.facts.has(facts)
    }

    /// Opens the program that go has linked. It is called while go waits for the answer to its put
    /// of what the linker has printed.
    pub(super) fn find_linked(&mut self) {
        if !self.takes_programs() {
            return;
        }
        if let (Some(temporary), Some(action)) = (&self.linked.temporary, self.linked.last_miss) {
            let found = work_folders::find(temporary, &action, self.linked.since);
            self.linked.program = found.map(|program| (action, program));
        }
    }

    /// Keeps the program that was opened, if go has finished it.
    pub(super) fn keep_linked(&mut self) {
        if let Some((action, unfinished)) = self.linked.program.take() {
            // Whatever fails here costs the next go command a link, and this one nothing.
            let _ = self.try_to_keep(action, unfinished);
        }
    }

    fn try_to_keep(
        &mut self,
        action: Digest,
        unfinished: Unfinished,
    ) -> Result<(), Box<dyn Error>> {
        let name = unfinished.name.clone();
        let Some((file, output, size)) = unfinished.finished(&action)? else {
            return Ok(());
        };
        let recogniser = Recogniser::new(&action, self.roles.of(&action));
        let mut program = Program {
            file,
            part: Vec::new(),
        };
        let writer = self.store.receive(output);
        let taken = take_in::<_, Box<dyn Error>>(writer, recogniser, size, &mut program)?;
        let (stored, content) = (taken.stored, taken.content);
        let is_program = content.kind == Kind::Executable
            && content.role == Role::Output
            && content.facts.has(Facts::BUILD_ID_MATCHES);
        if !is_program {
            return Ok(());
        }
        self.tally.puts += 1;
        self.tally.bytes_put += size;
        let audited = self.compare_audited(&action, output);
        let offer = Offer {
            action,
            output,
            size,
            kind: content.kind,
            role: content.role,
            facts: content.facts.for_policies().with(audited, true),
        };
        if self.decide(&offer, &stored).is_none() {
            return Ok(());
        }
        let Some(scope) = &self.access.write else {
            return Ok(());
        };
        self.paths
            .make_executable(&self.store, stored.location, &output)?;
        // Without its name it would not be answered.
        self.store.name_program(&output, scope, &name)?;
        let facts = content.facts.with(Facts::LINKED_HERE, true);
        let entry = NewEntry {
            output,
            size,
            content: Content { facts, ..content },
            lifetime: self.access.lifetime,
            // Whatever a policy says: it was linked for this machine alone.
            reach: Reach::Local,
            producer: self.id,
            user: self.user,
        };
        let writer = self
            .entries
            .get_or_insert_with(|| EntryWriter::new(Arc::clone(&self.store), scope.clone()));
        writer.add(KeptPut {
            action,
            entry,
            time: SystemTime::now(),
        });
        Ok(())
    }
}
