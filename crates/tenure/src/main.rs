//! The binary `tenure`.

use std::process::ExitCode;

/// Replays and requests allocate on all cores at once; see docs/decisions/allocator.md for what it gives.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tenure::main()
}
