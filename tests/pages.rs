//! docs/first-minute.md works when it is followed from top to bottom: its shell blocks run in one
//! shell, and what the page shows as output must be there. docs/remote.md and docs/multi-tenant.md
//! need more than a shell, and have tests of their own.

use crate::support::*;

#[test]
fn the_first_minute_works_when_it_is_followed() {
    let blocks = blocks(include_str!("../docs/first-minute.md"));
    assert!(blocks.len() >= 4, "{blocks:?}");
    let sandbox = Sandbox::new();
    // The store is where the program keeps it by default: in the home of this world.
    let project = GoProject::new(&sandbox, GO, GREETING);
    // As those of a checkout are: of younger files go keeps no index, and makes it again.
    let files = GREETING.iter().map(|(name, _)| project.folder().join(name));
    files
        .chain([project.folder().join("lib"), project.folder().to_owned()])
        .for_each(|path| make_older(&path, HOUR));
    let bin = sandbox.folder("bin");
    std::os::unix::fs::symlink(PROGRAM, bin.join("cachewarden")).expect("a link");
    let script = sandbox.file("page.sh", format!("exec 2>&1\n{}", script_of(&blocks)));
    let mut command = project.command("bash".as_ref());
    let go = toolchain(GO).join("bin");
    let search = std::env::var("PATH").expect("PATH");
    let search = format!("{}:{}:{search}", bin.display(), go.display());
    command
        .arg(script)
        .env("PATH", search)
        .env("POLICIES", guest("trusted-branches").with_file_name(""))
        .env_remove("GOCACHEPROG");
    let outcome = run_to_its_end(&mut command).succeeded();
    shows(&blocks, &outcome.stdout);
}
