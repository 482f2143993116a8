//! Stub libraries of macOS's frameworks, since Zig has one of the C library alone.
//!
//! A stub is a text that names a library and the functions and variables in it: all that a linker
//! needs of a library that the system has. Those here name what the program uses of Apple's
//! documented interfaces, and the linker names what is missing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Each framework, and its names as a C compiler writes them, without the `_` before them.
const FRAMEWORKS: [(&str, &[&str]); 2] = [
    (
        "CoreFoundation",
        &[
            "CFArrayCreate",
            "CFDataCreate",
            "CFDateCreate",
            "CFErrorCopyDescription",
            "CFErrorGetCode",
            "CFRelease",
            "CFStringCreateWithBytes",
            "CFStringGetBytes",
            "CFStringGetCStringPtr",
            "CFStringGetLength",
            "kCFAbsoluteTimeIntervalSince1970",
            "kCFAllocatorDefault",
            "kCFTypeArrayCallBacks",
        ],
    ),
    (
        "Security",
        &[
            "SecCertificateCopySubjectSummary",
            "SecCertificateCreateWithData",
            "SecCopyErrorMessageString",
            "SecPolicyCreateSSL",
            "SecTrustCreateWithCertificates",
            "SecTrustEvaluateWithError",
            "SecTrustSetAnchorCertificates",
            "SecTrustSetAnchorCertificatesOnly",
            "SecTrustSetOCSPResponse",
            "SecTrustSetVerifyDate",
        ],
    ),
];

/// Writes the stubs below a folder, and returns the compiler's option to find them.
pub(super) fn write(folder: &Path) -> Result<String> {
    let all = folder.join("frameworks");
    for (name, symbols) in FRAMEWORKS {
        let framework = all.join(format!("{name}.framework"));
        let file = framework.join(format!("{name}.tbd"));
        fs::create_dir_all(&framework)
            .and_then(|()| fs::write(&file, stub(name, symbols)))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(format!("-Clink-arg=-F{}", all.display()))
}

/// The text of a stub, in version 4 of Apple's form (`llvm/TextAPI` in LLVM's sources).
fn stub(name: &str, symbols: &[&str]) -> String {
    const TARGETS: &str = "[ x86_64-macos, arm64-macos ]";
    let symbols: Vec<_> = symbols.iter().map(|name| format!("_{name}")).collect();
    format!(
        "--- !tapi-tbd\n\
         tbd-version: 4\n\
         targets: {TARGETS}\n\
         install-name: '/System/Library/Frameworks/{name}.framework/Versions/A/{name}'\n\
         exports:\n\
         \x20 - targets: {TARGETS}\n\
         \x20   symbols: [ {} ]\n\
         ...\n",
        symbols.join(", ")
    )
}
