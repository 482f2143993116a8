//! Adapters: the imports that a core module may have besides the contract, so that the output of an
//! unmodified compiler is a policy.
//!
//! An adapter is a small module that is joined with the guest's module when it is wrapped. It uses
//! an interface of its own, below, which other components cannot import.

use wasmtime::component::Linker;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use cachewarden_types::Level;

use super::host::{State, add};

/// The adapters' own interfaces. Text is bytes or UTF-16 units, because what a guest prints need
/// not be well formed.
const INTERFACES: &str = "
package cachewarden:adapter@0.1.0;
interface preview1 {
    clock: func() -> u64;
    random: func() -> u64;
    print: func(descriptor: u32, text: list<u8>);
}
interface assemblyscript {
    abort: func(message: list<u16>, file: list<u16>, line: u32, column: u32);
    print: func(level: u32, message: list<u16>);
    seed: func() -> f64;
    now: func() -> f64;
}
world for-preview1 { import preview1; }
world for-assemblyscript { import assemblyscript; }
";

/// The prefix of the names of the adapters' imports.
pub(super) const PACKAGE: &str = "cachewarden:adapter/";

/// An adapter: the module name that guests import from, the adapter's text and its world.
struct Adapter {
    module: &'static str,
    text: &'static str,
    world: &'static str,
}

const ADAPTERS: [Adapter; 2] = [
    Adapter {
        module: "wasi_snapshot_preview1",
        text: include_str!("preview1.wat"),
        world: "for-preview1",
    },
    Adapter {
        module: "env",
        text: include_str!("assemblyscript.wat"),
        world: "for-assemblyscript",
    },
];

/// Adds an adapter to the encoder for each of the guest's imports that has one.
pub(super) fn add_needed(
    mut encoder: ComponentEncoder,
    imported_modules: &[String],
) -> anyhow::Result<ComponentEncoder> {
    for adapter in ADAPTERS {
        if imported_modules
            .iter()
            .any(|module| module == adapter.module)
        {
            let mut bytes = wat::parse_str(adapter.text)?;
            let mut resolve = Resolve::default();
            let package = resolve.push_str("adapter.wit", INTERFACES)?;
            let world = resolve.select_world(&[package], Some(adapter.world))?;
            embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)?;
            encoder = encoder.adapter(adapter.module, &bytes)?;
        }
    }
    Ok(encoder)
}

/// Links the imports of the adapters. The clock and the random numbers are the session's, so a
/// replay sees the same.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut preview1 = linker.instance(&format!("{PACKAGE}preview1@0.1.0"))?;
    add(&mut preview1, "clock", |state, (): ()| {
        Ok((state.entropy.clock_nanoseconds(),))
    })?;
    add(&mut preview1, "random", |state, (): ()| {
        Ok((state.entropy.next_word(),))
    })?;
    add(
        &mut preview1,
        "print",
        |state, (descriptor, text): (u32, Vec<u8>)| {
            // Standard output is for information, and standard error for warnings.
            let level = if descriptor == 1 {
                Level::Info
            } else {
                Level::Warn
            };
            state.deadline.count_bytes(text.len())?;
            state.log.print(level, &String::from_utf8_lossy(&text));
            Ok(())
        },
    )?;
    let mut assemblyscript = linker.instance(&format!("{PACKAGE}assemblyscript@0.1.0"))?;
    add(
        &mut assemblyscript,
        "abort",
        |state, (message, file, line, column): (Vec<u16>, Vec<u16>, u32, u32)| {
            state
                .deadline
                .count_bytes(size_of_val(&*message) + size_of_val(&*file))?;
            let (message, file) = (
                String::from_utf16_lossy(&message),
                String::from_utf16_lossy(&file),
            );
            let text = format!("abort: {message} in {file}:{line}:{column}\n");
            state.log.print(Level::Warn, &text);
            Ok(())
        },
    )?;
    add(
        &mut assemblyscript,
        "print",
        |state, (level, message): (u32, Vec<u16>)| {
            let level = match level {
                0 => Level::Debug,
                1 => Level::Info,
                _ => Level::Warn,
            };
            state.deadline.count_bytes(size_of_val(&*message))?;
            let text = format!("{}\n", String::from_utf16_lossy(&message));
            state.log.print(level, &text);
            Ok(())
        },
    )?;
    add(&mut assemblyscript, "seed", |state, (): ()| {
        // Any number is right; this one is exact in a double.
        Ok(((state.entropy.next_word() >> 11) as f64,))
    })?;
    add(&mut assemblyscript, "now", |state, (): ()| {
        Ok(((state.entropy.clock_nanoseconds() / 1_000_000) as f64,))
    })?;
    Ok(())
}

/// The texts of all adapters.
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    ADAPTERS
        .into_iter()
        .map(|adapter| adapter.text)
        .chain([INTERFACES])
}
