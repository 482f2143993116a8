//! The packages for Debian's and Red Hat's systems, which nfpm writes from the files of a release.
//!
//! The program is in /usr/bin and the policies are in /usr/share/cachewarden. The units of systemd
//! are installed and not enabled: the daemon needs a configuration first.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::go::Go;
use crate::needs::{LINUX, Needs};
use crate::workspace::Workspace;
use crate::{process, toolchains};

use super::files::{POLICY_FOLDER, RUST_LIBRARY, SBOM, THIRD_PARTY, UNITS};
use super::tree::{DATA, PROGRAM, Tree, gzip, read};
use super::{HOMEPAGE, PACKAGE, Release, SUMMARY, documents, rfc3339};

const NFPM: &str = "github.com/goreleaser/nfpm/v2/cmd/nfpm";

/// The newest release that the Go module proxy has everything for.
const VERSION: &str = "2.43.4";

/// Which packaging of this version it is.
const PACKAGING: &str = "1";

const MAINTAINER: &str = "The cachewarden authors <cachewarden@users.noreply.github.com>";

/// Where the units expect the program, and where a package has it.
const LOCAL_PROGRAM: &str = "/usr/local/bin/cachewarden";
const INSTALLED_PROGRAM: &str = "/usr/bin/cachewarden";

const LONG_DESCRIPTION: &str = "The go command starts cachewarden as its GOCACHEPROG helper and \
    asks\nit for compiled packages, test results and vet results. A policy, which is a\nsmall \
    WebAssembly module, decides which entries a build may read and where it\nmay write.";

/// The folders that belong to the package alone.
const FOLDERS: [&str; 3] = [
    "/usr/share/cachewarden",
    "/usr/share/cachewarden/policies",
    "/usr/share/doc/cachewarden",
];

/// Builds nfpm unless it is there, and returns its path.
pub(super) fn nfpm(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.tools(&format!("nfpm-{VERSION}")).join("bin");
    let program = folder.join("nfpm");
    if !program.exists() {
        println!("building nfpm {VERSION}");
        let mut command = toolchains::go(Go::of_this_machine()?.goroot());
        command
            .env("GOBIN", &folder)
            .args(["install", "-ldflags=-s -w"])
            .arg(format!("{NFPM}@v{VERSION}"));
        process::run(&mut command)?;
    }
    Ok(program)
}

/// The files as they are installed, by their paths without the first slash. Where zsh looks for
/// completions of packages is another folder on each kind of system.
fn installed(release: &Release, workspace: &Workspace, zsh_folder: &str) -> Result<Tree> {
    let mut tree = Tree::default();
    let program = &release.files.get(PACKAGE)?.bytes;
    tree.add(&INSTALLED_PROGRAM[1..], PROGRAM, program.clone());
    for (policy, file) in release.files.below(POLICY_FOLDER) {
        let path = format!("usr/share/{PACKAGE}/{POLICY_FOLDER}{policy}");
        tree.add(path, DATA, file.bytes.clone());
    }
    for (name, file) in release.files.below(UNITS) {
        match name.strip_suffix(".sysusers") {
            Some(user) => tree.add(
                format!("usr/lib/sysusers.d/{user}.conf"),
                DATA,
                file.bytes.clone(),
            ),
            None => {
                let unit = std::str::from_utf8(&file.bytes)?;
                let unit = unit.replace(LOCAL_PROGRAM, INSTALLED_PROGRAM);
                tree.add_text(format!("usr/lib/systemd/system/{name}"), unit);
            }
        }
    }
    for (page, file) in release.files.below(documents::PAGES) {
        let page = format!("usr/share/man/man1/{page}.gz");
        tree.add(page, DATA, gzip(&file.bytes)?);
    }
    for (shell, file) in release.files.below(documents::COMPLETIONS) {
        let path = match shell {
            documents::BASH => format!("bash-completion/completions/{PACKAGE}"),
            documents::FISH => format!("fish/vendor_completions.d/{shell}"),
            _ => format!("zsh/{zsh_folder}/{shell}"),
        };
        tree.add(format!("usr/share/{path}"), DATA, file.bytes.clone());
    }
    let documents = format!("usr/share/doc/{PACKAGE}");
    for name in [THIRD_PARTY, RUST_LIBRARY, SBOM] {
        let bytes = release.files.get(name)?.bytes.clone();
        tree.add(format!("{documents}/{name}"), DATA, bytes);
    }
    let copyright = workspace.root().join("packaging/deb/copyright");
    tree.add_file(format!("{documents}/copyright"), DATA, &copyright)?;
    Ok(tree)
}

/// Makes both packages, each with its file name. `folder` is empty, and used for what nfpm reads
/// and writes.
pub(super) fn make(
    release: &Release,
    needs: &Needs,
    workspace: &Workspace,
    folder: &Path,
) -> Result<Vec<(String, Vec<u8>)>> {
    let nfpm = nfpm(workspace)?;
    let changelog = json!([{
        "semver": format!("{}-{PACKAGING}", release.version),
        "date": rfc3339(release.time),
        "packager": MAINTAINER,
        "deb": { "urgency": "medium", "distributions": ["stable"] },
        "changes": [{ "note": format!("See {HOMEPAGE}/blob/main/CHANGELOG.md") }],
    }]);
    let changelog_file = folder.join("changelog.yaml");
    super::write(&changelog_file, changelog.to_string().as_bytes())?;
    let processor = Processor::of(&release.triple)?;
    let mut made = Vec::new();
    for (format, zsh_folder, name, depends) in [
        (
            "deb",
            "vendor-completions",
            format!(
                "{PACKAGE}_{}-{PACKAGING}_{}.deb",
                release.version, processor.debian
            ),
            debian_libraries(needs),
        ),
        (
            "rpm",
            "site-functions",
            format!(
                "{PACKAGE}-{}-{PACKAGING}.{}.rpm",
                release.version, processor.rpm
            ),
            rpm_libraries(needs),
        ),
    ] {
        let tree = installed(release, workspace, zsh_folder)?;
        let files = folder.join(format);
        tree.write(&files)?;
        let mut configuration = configuration(release, &tree, &files, workspace);
        configuration["arch"] = json!(processor.debian);
        configuration["depends"] = json!(depends);
        configuration["changelog"] = json!(changelog_file);
        if format == "rpm" {
            configuration["license"] = json!("Apache-2.0");
        }
        // JSON is YAML, too.
        let file = folder.join(format!("nfpm-{format}.yaml"));
        super::write(&file, configuration.to_string().as_bytes())?;
        let package = folder.join(&name);
        let mut command = Command::new(&nfpm);
        command
            .args(["package", "--packager", format, "--config"])
            .arg(&file)
            .arg("--target")
            .arg(&package)
            .env("SOURCE_DATE_EPOCH", release.time.to_string());
        process::read(&mut command)?;
        made.push((name, read(&package)?));
    }
    Ok(made)
}

fn configuration(release: &Release, tree: &Tree, folder: &Path, workspace: &Workspace) -> Value {
    let folders = FOLDERS.map(|folder| json!({ "dst": folder, "type": "dir" }));
    let files = tree.iter().map(|(path, file)| {
        let info = json!({ "mode": file.mode, "mtime": rfc3339(release.time) });
        json!({ "src": folder.join(path), "dst": format!("/{path}"), "file_info": info })
    });
    let contents: Vec<_> = files.chain(folders).collect();
    let script = |name: &str| workspace.root().join("packaging").join(name);
    json!({
        "name": PACKAGE,
        "platform": "linux",
        "version": release.version,
        "release": PACKAGING,
        "section": "devel",
        "priority": "optional",
        "maintainer": MAINTAINER,
        // The first line is the summary.
        "description": format!("{SUMMARY}\n{LONG_DESCRIPTION}"),
        "homepage": HOMEPAGE,
        "disable_globbing": true,
        "mtime": rfc3339(release.time),
        "contents": contents,
        "deb": { "compression": "gzip" },
        // Without it, the name of the machine is in the package.
        "rpm": { "buildhost": "localhost", "compression": "gzip", "summary": SUMMARY },
        "overrides": {
            "deb": { "scripts": {
                "postinstall": script("deb/postinst"),
                "preremove": script("deb/prerm"),
                "postremove": script("deb/postrm"),
            } },
            "rpm": { "scripts": {
                "postinstall": script("rpm/post"),
                "preremove": script("rpm/preun"),
            } },
        },
    })
}

/// What both kinds of systems call a processor.
struct Processor {
    debian: &'static str,
    rpm: &'static str,
}

impl Processor {
    fn of(triple: &str) -> Result<Processor> {
        ensure!(
            triple.contains(LINUX),
            "a .deb and a .rpm are for Linux, not for {triple}"
        );
        let (debian, rpm) = match triple.split_once('-') {
            Some(("x86_64", _)) => Some(("amd64", "x86_64")),
            Some(("aarch64", _)) => Some(("arm64", "aarch64")),
            _ => None,
        }
        .with_context(|| format!("no name of Debian for {triple}"))?;
        Ok(Processor { debian, rpm })
    }
}

/// Debian's packages of the libraries.
fn debian_libraries(needs: &Needs) -> Vec<String> {
    let mut packages: Vec<_> = needs
        .glibc
        .map(|(major, minor)| format!("libc6 (>= {major}.{minor})"))
        .into_iter()
        .collect();
    if needs.libraries.contains("libgcc_s.so.1") {
        packages.push("libgcc-s1".into());
    }
    packages
}

/// The libraries as rpm names them: by their own names.
fn rpm_libraries(needs: &Needs) -> Vec<String> {
    let mut names: Vec<_> = needs
        .glibc
        .map(|(major, minor)| format!("libc.so.6(GLIBC_{major}.{minor})(64bit)"))
        .into_iter()
        .collect();
    let others = needs
        .libraries
        .iter()
        .filter(|name| !name.starts_with("ld-linux"));
    names.extend(others.map(|name| format!("{name}()(64bit)")));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_depends_on_the_libraries_that_the_program_needs() {
        let all = ["libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"];
        let needs = Needs {
            libraries: all.map(str::to_owned).into(),
            glibc: Some((2, 34)),
            ..Needs::default()
        };
        assert_eq!(debian_libraries(&needs), ["libc6 (>= 2.34)", "libgcc-s1"]);
        let expected = [
            "libc.so.6(GLIBC_2.34)(64bit)",
            "libc.so.6()(64bit)",
            "libgcc_s.so.1()(64bit)",
        ];
        assert_eq!(rpm_libraries(&needs), expected);
        assert!(
            debian_libraries(&Needs::default()).is_empty(),
            "a static program"
        );
        assert!(
            rpm_libraries(&Needs::default()).is_empty(),
            "a static program"
        );
    }
}
