//! The service from outside, on a clock of its own. One program: it links DataFusion, once.

mod imports;
mod journal;
mod late;
mod life;
mod memory;
mod midnight;
mod restart;
mod silence;
mod switch;
mod times;
mod world;
