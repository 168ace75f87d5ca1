//! All of the binary `tenure`, so that it is compiled once for itself and for its tests: configuration, clock, commands; where the parts meet.

/// As `println!`, but a reader that has gone away (`| head`) is no panic.
macro_rules! say {
    ($($told:tt)*) => {{ _ = std::io::Write::write_all(&mut std::io::stdout(), (format!($($told)*) + "\n").as_bytes()); }};
}

/// As `eprintln!`, likewise.
macro_rules! remark {
    ($($told:tt)*) => {{ _ = std::io::Write::write_all(&mut std::io::stderr(), (format!($($told)*) + "\n").as_bytes()); }};
}

mod backup;
mod base;
mod clock;
mod command;
mod config;
mod doctor;
mod evaluation;
mod failure;
mod folder;
mod ledger;
mod model;
mod random;
mod render;
mod retain;
mod server;
mod when;
mod world;

use std::process::ExitCode;

use clap::Parser;

use command::{Cli, Outcome};

/// What the shell sees where Ctrl-C ended the process.
const INTERRUPTED: u8 = 130;

/// Reads the command line, runs one command, says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            remark!("error: cannot start threads: {error}");
            return ExitCode::from(2);
        }
    };
    // What a command does becomes visible in one step at its end: stopping it anywhere leaves everything as it was.
    let graceful = cli.ends_gracefully();
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = tokio::spawn(cli.run()) => Some(ended.unwrap_or_else(|panic| Err(panic.into()))),
            _ = tokio::signal::ctrl_c(), if !graceful => None,
        }
    });
    runtime.shutdown_background();
    match ended {
        Some(Ok(Outcome::Fine)) => ExitCode::SUCCESS,
        Some(Ok(Outcome::Faulty)) => ExitCode::from(1),
        // Who reads has seen enough (`| head`).
        Some(Err(error)) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            remark!("{}", failure::report(&error));
            ExitCode::from(2)
        }
        None => {
            remark!("\ninterrupted: what was under way is as if it had not begun; run it again");
            ExitCode::from(INTERRUPTED)
        }
    }
}
