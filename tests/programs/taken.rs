//! Which files are taken for the program that a go command has linked, and who gets it. What go does
//! is done here by hand: so another can do something else meanwhile.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use crate::support::*;

/// A go command as the helper sees it: it asks for the link action, links, puts what the linker has
/// printed, finishes the program, runs it, and closes.
pub(super) struct Linking<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) options: Vec<&'a str>,
    /// What stands behind the build ID.
    pub(super) code: &'a str,
}

impl<'a> Linking<'a> {
    pub(super) fn of(sandbox: &'a Sandbox) -> Self {
        Self {
            sandbox,
            options: Vec::new(),
            code: "honest",
        }
    }

    /// The same with a program of somebody else's.
    fn poison(sandbox: &'a Sandbox) -> Self {
        Self {
            code: "poison",
            ..Self::of(sandbox)
        }
    }

    pub(super) fn link_action() -> Digest {
        action("link")
    }

    /// A program whose build ID ends with the part of this action.
    fn program(link: &Digest, content: &Digest, code: &str) -> Vec<u8> {
        let main = id_part(&action("main"));
        let (link, content) = (id_part(link), id_part(content));
        let id = format!("{link}/{main}/{main}/{content}");
        let head = [b"MZ\xff Go build ID: \"", id.as_bytes(), b"\"\n \xff"].concat();
        [head, code.repeat(9_000).into_bytes()].concat()
    }

    fn unfinished(&self) -> Vec<u8> {
        Self::program(&Self::link_action(), &Self::link_action(), self.code)
    }

    pub(super) fn finished(&self) -> Vec<u8> {
        Self::program(&Self::link_action(), &action("content"), self.code)
    }

    /// Puts bytes into a work folder, as the linker does; says where.
    fn links(&self, work_folder: &str, bytes: &[u8]) -> PathBuf {
        let path = format!("temporary/{work_folder}/b001/exe/tool");
        let path = self.sandbox.file(&path, bytes);
        let folder = self.sandbox.path(&format!("temporary/{work_folder}"));
        set_mode(&folder, 0o700);
        path
    }

    /// A helper that `go run` has started, as far as the arguments of its parent say so: that is a
    /// shell with a script of this name.
    fn asked_by_go_run(&self) -> Helper {
        self.sandbox.file("run", "\"$@\"\nexit $?\n");
        let mut command = self.sandbox.command(Path::new("sh"));
        command.args(["run", PROGRAM]).args(&self.options);
        command.env("CACHEWARDEN_DIR", self.sandbox.store());
        Helper::start(command)
    }

    /// A session in which go links; `finish` is called once go has the answer. What it had to say.
    fn session(&self, finish: impl FnOnce()) -> String {
        self.session_of(self.asked_by_go_run(), finish)
    }

    fn session_of(&self, mut helper: Helper, finish: impl FnOnce()) -> String {
        let main = action("main");
        helper.get(&main).miss();
        helper.get(&Self::link_action()).miss();
        helper.put(&subkey(&main, "link-stdout"), b"").kept();
        finish();
        helper.close()
    }

    /// A session in which go links the program and finishes it.
    pub(super) fn links_in_a_session(&self) -> String {
        let path = self.links("go-build1", &self.unfinished());
        self.session(|| finish(self, &path))
    }

    /// The path that a later session gets; `None` where it gets nothing.
    fn got(&self) -> Option<PathBuf> {
        let mut helper = self.sandbox.helper(&self.options);
        let answer = helper.get(&Self::link_action());
        helper.close();
        (!answer.is_miss()).then(|| answer.hit().path)
    }

    /// That a later session gets the program that go has linked; its path.
    #[track_caller]
    pub(super) fn is_answered(&self) -> PathBuf {
        let path = self.got().expect("a hit");
        assert!(fs::read(&path).expect("the program") == self.finished());
        path
    }

    #[track_caller]
    pub(super) fn is_missed(&self) {
        assert_eq!(self.got(), None);
    }
}

/// That nothing is taken if a work folder is changed so before go puts, or after it.
#[track_caller]
fn is_not_taken(what: &str, before: impl FnOnce(&Path), after: impl FnOnce(&Linking<'_>, &Path)) {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    let path = linking.links("go-build1", &linking.unfinished());
    before(&path);
    linking.session(|| after(&linking, &path));
    assert!(
        find_entry(&sandbox.store(), "default", &Linking::link_action()).is_none(),
        "{what}"
    );
    linking.is_missed();
}

/// What go does when it has the answer.
fn finish(linking: &Linking<'_>, path: &Path) {
    fs::write(path, linking.finished()).expect("go finishes it");
}

#[test]
fn a_program_is_taken_when_its_session_ends_and_keeps_its_name() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    // Others that end or work beside.
    linking.links("go-build2", b"no program");
    linking.links("go-build3", &linking.finished());
    sandbox.folder("temporary/go-build4");
    sandbox.file("temporary/go-build5", "a file");
    let path = linking.links("go-build1", &linking.unfinished());
    linking.session(|| {
        finish(&linking, &path);
        fs::remove_dir_all(sandbox.path("temporary/go-build1")).expect("go removes it");
    });
    let path = linking.is_answered();
    assert_eq!(path.file_name().expect("a name"), "tool");
    let mode = fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o555);
    let verified = sandbox.run(&["verify"]).succeeded();
    assert!(
        !verified.stdout.contains("no part of the store"),
        "{verified:?}"
    );
    sandbox.run(&["prune", "--all", "--now"]).succeeded();
    assert!(!path.exists() && files_below(&sandbox.store().join("objects")).is_empty());
}

#[test]
fn a_program_that_go_links_twice_at_once_is_taken() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    let paths = ["go-build1", "go-build2"].map(|name| linking.links(name, &linking.unfinished()));
    linking.session(|| paths.iter().for_each(|path| finish(&linking, path)));
    linking.is_answered();
}

#[test]
fn what_another_could_have_put_there_is_not_taken() {
    let nothing = |_: &Path| {};
    is_not_taken(
        "a work folder that others may write",
        |path| set_mode(work_folder(path), 0o770),
        finish,
    );
    // A folder below it, which go makes with the rights of the umask, may let them write.
    is_not_taken(
        "a work folder that others may enter",
        |path| set_mode(work_folder(path), 0o701),
        finish,
    );
    for (what, depth) in [("exe", 1), ("b001", 2)] {
        is_not_taken(
            &format!("a link to {what}"),
            |path| {
                let folder = path.ancestors().nth(depth).expect("a folder");
                let elsewhere = work_folder(path).with_file_name("elsewhere");
                fs::rename(folder, &elsewhere).expect("moved");
                symlink(elsewhere, folder).expect("a link");
            },
            finish,
        );
    }
    is_not_taken(
        "a link to a work folder",
        |path| {
            let elsewhere = work_folder(path).with_file_name("elsewhere");
            fs::rename(work_folder(path), &elsewhere).expect("moved");
            symlink(elsewhere, work_folder(path)).expect("a link");
        },
        finish,
    );
    is_not_taken(
        "a link to a program",
        |path| {
            let elsewhere = work_folder(path).with_file_name("elsewhere");
            fs::rename(path, &elsewhere).expect("moved");
            symlink(elsewhere, path).expect("a link");
        },
        finish,
    );
    is_not_taken(
        "a program that has a second name",
        |path| fs::hard_link(path, work_folder(path).with_file_name("elsewhere")).expect("linked"),
        finish,
    );
    is_not_taken(
        "a second program beside",
        |path| fs::write(path.with_file_name("second"), "").expect("a file"),
        finish,
    );
    is_not_taken("a program that go has not finished", nothing, |_, _| {});
    is_not_taken("a program of another action", nothing, |linking, path| {
        let other = Linking::program(&action("other"), &action("content"), linking.code);
        fs::write(path, other).expect("written");
    });
    is_not_taken("a script", nothing, |_, path| {
        fs::write(path, "#!/bin/sh\n").expect("written")
    });
    if rustix::process::geteuid().is_root() {
        let foreign = |path: &Path| chown(path, Some(4242), None).expect("root may");
        is_not_taken(
            "a work folder of another user",
            |path| foreign(work_folder(path)),
            finish,
        );
        is_not_taken("a program of another user", foreign, finish);
    }
}

fn work_folder(program: &Path) -> &Path {
    program.ancestors().nth(3).expect("three folders")
}

/// Code of this user that may write the folder for temporary files, and not the store.
#[test]
fn a_program_that_is_planted_for_a_link_action_is_not_taken() {
    for is_finished in [false, true] {
        let sandbox = Sandbox::new();
        let linking = Linking::of(&sandbox);
        let planted = Linking::poison(&sandbox);
        let trap = planted.links("go-build0", &planted.unfinished());
        let path = linking.links("go-build1", &linking.unfinished());
        linking.session(|| {
            finish(&linking, &path);
            if is_finished {
                finish(&planted, &trap);
            }
        });
        linking.is_missed();
    }
}

/// A large program is not taken, and what was planted beside it is not the only one of its action.
#[test]
fn a_program_that_is_planted_beside_a_large_one_is_not_taken() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    let planted = Linking::poison(&sandbox);
    let trap = planted.links("go-build0", &planted.unfinished());
    let path = linking.links("go-build1", &linking.unfinished());
    let file = fs::File::options().append(true).open(&path);
    file.and_then(|file| file.set_len(1 << 30)).expect("holes");
    linking.session(|| finish(&planted, &trap));
    linking.is_missed();
}

/// `go build` and `go test` link to other places, so what is found would be something else.
#[test]
fn nothing_is_taken_for_another_command_than_go_run_and_go_tool() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    let path = linking.links("go-build1", &linking.unfinished());
    // It is asked by this test.
    let helper = sandbox.helper(&[]);
    linking.session_of(helper, || finish(&linking, &path));
    linking.is_missed();
}

/// Nobody will finish what a go command has left that was killed.
#[test]
fn what_a_killed_go_command_has_left_is_in_nobodys_way() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    let left = linking.links("go-build0", &linking.unfinished());
    make_older(&left, HOUR);
    linking.links_in_a_session();
    linking.is_answered();
}

#[test]
fn a_program_is_taken_only_for_the_last_miss_before_the_linkers_output() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    let path = linking.links("go-build1", &linking.unfinished());
    let main = action("main");
    let mut helper = linking.asked_by_go_run();
    helper.get(&main).miss();
    helper.get(&Linking::link_action()).miss();
    helper.get(&action("another")).miss();
    helper.put(&subkey(&main, "link-stdout"), b"").kept();
    finish(&linking, &path);
    helper.close();
    linking.is_missed();
}

/// This user's sessions that write the scope, on this boot.
#[test]
fn a_program_that_was_taken_is_answered_to_nobody_else() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    linking.links_in_a_session();
    for options in [
        &["--scope", "another"][..],
        &["--allow-write", "another"],
        &["--allow-shared-store"],
    ] {
        let mut helper = sandbox.helper(options);
        helper.get(&Linking::link_action()).miss();
        helper.close();
    }
    linking.is_answered();
    for (field, value) in [("user", "4242"), ("boot", "0123456789abcdef")] {
        let mut entry = entry(&sandbox.store(), "default", &Linking::link_action());
        let before = entry.field(field).to_owned();
        assert_eq!(before.len() == value.len(), field == "boot", "{before}");
        entry.rewrite(field, value);
        linking.is_missed();
        entry.rewrite(field, &before);
        linking.is_answered();
    }
}

/// A job that may write the scope through the protocol: its program is not what the host has taken.
#[test]
fn a_program_that_is_put_is_not_taken_for_one_that_was_linked_here() {
    let sandbox = Sandbox::with_kept_policies();
    let admits = policy("admits-programs");
    let admitting = ["--policy", &admits];
    let linking = Linking {
        options: vec!["--scope", "main"],
        ..Linking::of(&sandbox)
    };
    linking.links_in_a_session();
    let poison = Linking::poison(&sandbox);
    let mut without = sandbox.helper(&["--scope", "main"]);
    without
        .put(&Linking::link_action(), &poison.finished())
        .kept();
    without.close();
    linking.is_answered();

    let mut with = sandbox.helper(&admitting);
    with.put(&Linking::link_action(), &poison.finished()).kept();
    with.close();
    linking.is_missed();
    let agrees = policy("agrees");
    let agreeing = Linking {
        options: vec!["--scope", "main", "--policy", &agrees],
        ..Linking::of(&sandbox)
    };
    agreeing.is_missed();
}

/// What the program itself can do to its file: a name that leads elsewhere is not told.
#[test]
fn a_name_that_leads_to_another_file_is_not_told() {
    let sandbox = Sandbox::new();
    let linking = Linking::of(&sandbox);
    linking.links_in_a_session();
    let named = linking.is_answered();
    fs::remove_file(&named).expect("removed");
    fs::write(&named, "#!/bin/sh\n").expect("written");
    linking.is_missed();
}
