//! One test's own world: a home, a store, a GOCACHE and a scratch folder, all gone when the test
//! ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::answer::Answer;
use super::digest::{Digest, action};
use super::files::{HOUR, files_below, make_older, modified};
use super::helper::Helper;
use super::process::{Outcome, PROGRAM, has_ended, processes_of, run_to_its_end};

/// A temporary folder in which everything of one test lives.
pub(crate) struct Sandbox {
    root: TempDir,
    /// Shell commands that put mounts in place, seen by this sandbox's processes only.
    mounts: String,
    /// Whether its processes are bound by modes even where the tests run as root.
    unprivileged: bool,
    /// Whether compiled policies are those of all such worlds, and of the run before.
    keeps_policies: bool,
    /// Further variables of its processes.
    variables: Vec<(&'static str, String)>,
}

/// The user's cache folder of all worlds that keep compiled policies.
const KEPT_POLICIES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/kept-policies");

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("cachewarden-test-")
            .tempdir()
            .expect("a temporary folder");
        for folder in ["home", "temporary", "gocache"] {
            fs::create_dir(root.path().join(folder)).expect("a folder in it");
        }
        Self {
            root,
            mounts: String::new(),
            unprivileged: false,
            keeps_policies: false,
            variables: Vec::new(),
        }
    }

    /// A world whose policies were perhaps compiled by another test: for tests of what a policy
    /// does, and not of how it is compiled. A policy in Python takes half a minute.
    pub(crate) fn with_kept_policies() -> Self {
        let mut sandbox = Self::new();
        sandbox.keeps_policies = true;
        sandbox
    }

    /// A path in this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Makes a folder in this world, unless it is there, and says where it is.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).expect("the folder");
        path
    }

    /// Writes a file into this world and says where it is.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        fs::write(&path, content).expect("the file");
        path
    }

    /// Where helpers of this world keep their cache, unless told otherwise.
    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// From now on this world's processes see an empty file system of so many KiB at `path`, each
    /// one a fresh one.
    pub(crate) fn mount_tiny(&mut self, path: &Path, kibibytes: u32) {
        fs::create_dir_all(path).expect("a folder to mount on");
        self.mounts += &format!(
            "mount -t tmpfs -o size={kibibytes}k,mode=0700 tiny '{}' && ",
            path.display()
        );
    }

    /// From now on this world's processes see `path` read-only. Modes would not stop root; a mount
    /// does.
    pub(crate) fn mount_read_only(&mut self, path: &Path) {
        self.mount_anew(path, "ro");
    }

    /// From now on this world's processes can run no program that is below `path`.
    pub(crate) fn mount_without_programs(&mut self, path: &Path) {
        self.mount_anew(path, "noexec");
    }

    fn mount_anew(&mut self, path: &Path, option: &str) {
        let path = path.display();
        self.mounts += &format!(
            "mount --bind '{path}' '{path}' && mount -o remount,bind,{option} '{path}' && "
        );
    }

    /// From now on this world's processes see a machine that was started anew.
    pub(crate) fn boot_anew(&mut self) {
        let identity = self.file("boot", format!("{:032x}\n", fastrand::u128(..)));
        self.mounts = format!(
            "mount --bind '{}' /proc/sys/kernel/random/boot_id && ",
            identity.display()
        );
    }

    /// From now on this world's processes see everything as it is; as the same user as with the
    /// mounts.
    pub(crate) fn unmount(&mut self) {
        "true && ".clone_into(&mut self.mounts);
    }

    /// From now on this world's processes have this variable.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.push((name, value.into()));
    }

    /// From now on this world's processes own their files and may do nothing that modes forbid.
    pub(crate) fn drop_privileges(&mut self) {
        self.unprivileged = true;
    }

    /// A command that sees nothing of the developer's environment but PATH.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = if !self.mounts.is_empty() {
            let mut command = Command::new("unshare");
            command
                .args(["--map-root-user", "--mount", "sh", "-c"])
                .arg(format!("{} exec \"$0\" \"$@\"", self.mounts))
                .arg(program);
            command
        } else if self.unprivileged {
            // A user namespace takes root's capabilities over everything outside it.
            let mut command = Command::new("unshare");
            command.arg("--user").arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("PATH"))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("temporary"))
            .envs(self.variables.iter().cloned())
            .current_dir(self.root.path());
        if self.keeps_policies {
            command.env("XDG_CACHE_HOME", KEPT_POLICIES);
        }
        command
    }

    /// The program on this world's store.
    pub(crate) fn cachewarden(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(Path::new(PROGRAM));
        command.args(arguments).env("CACHEWARDEN_DIR", self.store());
        command
    }

    /// Runs one of the program's verbs on this world's store, to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        run_to_its_end(&mut self.cachewarden(arguments))
    }

    /// Starts a helper on this world's store.
    #[track_caller]
    pub(crate) fn helper(&self, options: &[&str]) -> Helper {
        Helper::start(self.cachewarden(options))
    }

    /// Fills actions with one body, in a session that ends without a word.
    #[track_caller]
    pub(crate) fn fill(&self, options: &[&str], actions: &[Digest], body: &[u8]) {
        let mut helper = self.helper(options);
        for action in actions {
            helper.put(action, body).kept();
        }
        assert_eq!(helper.close(), "");
    }

    /// Waits for what sessions started in the background.
    #[track_caller]
    pub(crate) fn settle(&self) {
        for process in processes_of(&self.store()) {
            assert!(has_ended(process), "process {process} does not end");
        }
    }

    /// Makes a file look as if it had not been touched for so long, once nobody is left who would
    /// remove it for that.
    #[track_caller]
    pub(crate) fn set_age(&self, path: &Path, age: Duration) -> SystemTime {
        self.settle();
        make_older(path, age);
        modified(path)
    }

    /// Lets the store look as if it had been trimmed last some days ago, whatever file remembers
    /// it.
    pub(crate) fn is_due_for_trimming(&self) {
        for item in fs::read_dir(self.store()).expect("the store") {
            let item = item.expect("an item");
            let path = item.path();
            // Not through a link, and not a pipe that somebody put there.
            if item.file_type().expect("its type").is_file() {
                self.set_age(&path, 72 * HOUR);
            }
        }
    }

    /// Every file below `folder` whose name ends so.
    pub(crate) fn files_ending(&self, folder: &str, ending: &str) -> Vec<PathBuf> {
        let mut found = files_below(&self.path(folder));
        found.retain(|path| path.to_string_lossy().ends_with(ending));
        found
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Whoever still works in the folder would make files in it while it is removed.
        let ended = processes_of(&self.store()).into_iter().all(has_ended);
        debug_assert!(ended || std::thread::panicking(), "a process does not end");
    }
}

/// Asks for an action in a session of its own.
#[track_caller]
pub(crate) fn asked(sandbox: &Sandbox, name: &str) -> Answer {
    let mut helper = sandbox.helper(&[]);
    let answer = helper.get(&action(name));
    assert_eq!(helper.close(), "", "a miss is no reason for noise");
    answer
}
